/** `npm run mutants`: breaks one line at a time in a copy of the repository, and runs the tests to see whether one fails. */
import { rm } from 'node:fs/promises'
import { MUTANTS } from '../testing/mutants/list.ts'
import type { Mutant } from '../testing/mutants/mutant.ts'
import { type Verdict, Workbench } from '../testing/mutants/workbench.ts'
import { CliError, readOptions, run } from './cli/command.ts'
import { onInterrupt } from './cli/interrupt.ts'
import { dim, green, red, say, seconds, table } from './cli/terminal.ts'

const HELP = `Applies ${MUTANTS.length} one-line bugs, one at a time, to a copy of the repository. For each bug, runs first the tests
that should fail, and then, if none of them fails, all tests.

Usage: npm run mutants -- [options]

  --only TEXT       only bugs whose name or file contains the text; may be repeated
  --part K/N        only the K-th of N parts of the list
  --list            print the list and run nothing
  --quick           run only the tests that should fail
  --no-baseline     do not check first that all tests pass without a bug
  --help            print this text

Exits with 1 if a bug is not caught, or does not fit the source.`

await run(async () => {
  const { values } = readOptions({
    only: { type: 'string', multiple: true, default: [''] },
    part: { type: 'string', default: '1/1' },
    list: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    'no-baseline': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  const matching = MUTANTS.filter(({ name, file }) =>
    values.only.some((text) => `${file} ${name}`.includes(text)),
  )
  const [part, parts] = readPart(values.part)
  const chosen = matching.filter((_, at) => at % parts === part - 1)
  if (chosen.length === 0)
    throw new CliError(`No mutant matches "${values.only.join('", "')}". See --list.`)
  if (values.list) {
    for (const { name, file } of chosen) say(`${name}  ${dim(file)}`)
    return 0
  }

  const signal = onInterrupt()
  const bench = await Workbench.make(signal)
  try {
    if (!values['no-baseline']) await checkBaseline(bench)
    return await runAll(bench, chosen, values.quick, signal)
  } finally {
    await rm(bench.folder, { recursive: true, force: true })
  }
})

async function checkBaseline(bench: Workbench): Promise<void> {
  say('Running all tests without a mutant …')
  const from = performance.now()
  const { failed, why } = await bench.testAll()
  if (failed) throw new CliError(`The tests fail without a mutant: ${why}`)
  say(green(`passed in ${seconds(performance.now() - from)}`))
}

async function runAll(
  bench: Workbench,
  mutants: readonly Mutant[],
  isQuick: boolean,
  signal: AbortSignal,
): Promise<number> {
  const rows: string[][] = []
  let caught = 0
  for (const [at, mutant] of mutants.entries()) {
    const verdict = await bench.try(mutant, isQuick)
    if (signal.aborted) {
      say('Interrupted.')
      return 1
    }
    if (verdict.outcome === 'caught') caught++
    const word = wordFor(verdict)
    say(`${at + 1}/${mutants.length} ${word} ${mutant.name} ${dim(verdict.by)}`)
    rows.push([mutant.name, mutant.file, verdict.outcome, verdict.by.slice(0, 90)])
  }
  say()
  for (const line of table(['bug', 'file', 'outcome', 'caught by'], rows)) say(line)
  say()
  const line = `${caught} of ${mutants.length} caught`
  say(caught === mutants.length ? green(line) : red(line))
  return caught === mutants.length ? 0 : 1
}

function readPart(text: string): readonly [part: number, parts: number] {
  const [, part = 0, parts = 0] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).map(Number)
  if (part >= 1 && part <= parts) return [part, parts]
  throw new CliError(`--part takes a part of the list such as 1/2, not "${text}".`)
}

function wordFor({ outcome }: Verdict): string {
  switch (outcome) {
    case 'caught':
      return green('caught  ')
    case 'survived':
      return red('SURVIVED')
    case 'stale':
      return red('STALE   ')
  }
}
