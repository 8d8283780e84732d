/**
 * A process that keeps vitest ready and runs pure tests on request: a new vitest for every mutant would take longer than
 * most of its tests. Started by `pure-tests.ts`, in a copy of the repository.
 */
import { relative } from 'node:path'
import { createVitest } from 'vitest/node'

/** A request: run these tests up to the first failure, after this file has changed. */
export type Asked = Readonly<{ changed: string; tests: readonly string[] }>
/** The answer: the first failed test, or why the tests could not run; undefined when all passed. */
export type Answered = Readonly<{ failed: string | undefined }>

const root = process.cwd()
const vitest = await createVitest('test', {
  config: 'testing/mutants/pure.config.ts',
  root,
  watch: false,
  bail: 1,
  maxWorkers: 1,
  reporters: [{}],
})

process.on('message', ({ changed, tests }: Asked) => {
  void run(changed, tests).then((failed) => process.send?.({ failed } satisfies Answered))
})
process.on('disconnect', () => process.exit())
process.send?.('ready')

/** The file of the mutant before. It has its own text again. */
let restored: string | undefined

async function run(changed: string, tests: readonly string[]): Promise<string | undefined> {
  if (restored !== undefined) vitest.invalidateFile(restored)
  vitest.invalidateFile(changed)
  restored = changed
  // Otherwise the failures of the mutant before would count for this one, and stop its tests.
  vitest.state.filesMap.clear()
  const specifications = await vitest.globTestSpecifications([...tests])
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications)
  for (const module of testModules) {
    const path = relative(root, module.moduleId)
    for (const test of module.children.allTests('failed')) return `${path}: ${test.fullName}`
    const [error] = module.errors()
    if (error !== undefined) return `${path}: ${error.message}`
  }
  return unhandledErrors.length > 0 ? 'an error outside of the tests' : undefined
}
