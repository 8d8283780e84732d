/** Before each file of stories: its exchanges are checked, and what was seen is told to the project `contract`. */
import { env } from 'cloudflare:workers'
import { afterAll, afterEach, expect, type RunnerTestFile, type RunnerTask } from 'vitest'
import { checker, declared, seen, violations } from './checker.ts'
import { observeWith } from './observer.ts'

observeWith(checker)

afterEach(() => {
  expect(violations.splice(0), 'exchanges that openapi.json does not have').toEqual([])
})

// oxlint-disable-next-line no-empty-pattern -- vitest reads the pattern of the first parameter, and takes nothing else
afterAll(async ({}, file) => {
  const { filepath } = file as RunnerTestFile
  await env.CONTRACT.fetch('https://contract.test/', {
    method: 'POST',
    body: JSON.stringify({
      file: filepath,
      isWhole: isWhole(file),
      seen: [...seen],
      declared: declared(),
    }),
  })
  seen.clear()
})

/** Whether every test of a file ran, so that what was not seen is missing. */
const isWhole = (task: Readonly<{ mode?: string; tasks?: readonly RunnerTask[] }>): boolean =>
  task.mode !== 'skip' && (task.tasks ?? []).every((each) => isWhole(each))
