/** `npm run mutants`: breaks one line at a time in a copy of the repository, and runs the tests to see whether one fails. */
import { globSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { MUTANTS } from '../testing/mutants/list.ts'
import { compiling } from '../testing/mutants/random/compiling.ts'
import { drawMutants } from '../testing/mutants/random/draw.ts'
import { type Verdict, Workbench } from '../testing/mutants/workbench.ts'
import { CliError, readOptions, run } from './cli/command.ts'
import { onInterrupt } from './cli/interrupt.ts'
import { dim, green, red, say, seconds, table } from './cli/terminal.ts'

const ROOT = join(import.meta.dirname, '..')

const HELP = `Applies ${MUTANTS.length} one-line bugs, one at a time, to a copy of the repository. For each bug, runs first the tests
that should fail, and then, if none of them fails, all tests.

Usage: npm run mutants -- [options]

  --only TEXT       only bugs whose name or file contains the text; may be repeated
  --part K/N        only the K-th of N parts of the list
  --list            print the list and run nothing
  --quick           run only the tests that should fail
  --no-baseline     do not check first that the tests pass without a bug
  --random N        instead of the list: N random changes of one operator, literal or statement, judged by the pure tests
  --seed S          seed of the random changes (default 1). The same seed repeats them on the same source
  --in PATH         where to make random changes; may be repeated (default src/core and src/wechat)
  --help            print this text

Exits with 1 if a bug is not caught, or does not fit the source.`

await run(async () => {
  const { values } = readOptions({
    only: { type: 'string', multiple: true, default: [''] },
    part: { type: 'string', default: '1/1' },
    list: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    'no-baseline': { type: 'boolean', default: false },
    random: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    in: { type: 'string', multiple: true, default: ['src/core', 'src/wechat'] },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  const count = readCount('--random', values.random)
  const [part, parts] = readPart(values.part)
  const signal = onInterrupt()
  const bench = await Workbench.make(signal)
  try {
    const trials = count === 0 ? listed(values.quick) : await random(values, count, bench, signal)
    const chosen = trials
      .filter(({ name, file }) => values.only.some((text) => `${file} ${name}`.includes(text)))
      .filter((_, at) => at % parts === part - 1)
    if (chosen.length === 0)
      throw new CliError(`No mutant matches "${values.only.join('", "')}". See --list.`)
    if (values.list) {
      for (const { name, file } of chosen) say(`${name}  ${dim(file)}`)
      return 0
    }
    const check = count === 0 ? () => testAll(bench) : () => bench.testPure()
    if (!values['no-baseline']) await checkBaseline(check)
    return await runAll(bench, chosen, signal)
  } finally {
    await bench.close()
  }
})

/** A mutant, and how it is judged. `diff` is shown when it survives. */
type Trial = Readonly<{
  name: string
  file: string
  diff: string
  judge: (bench: Workbench) => Promise<Verdict>
}>

function listed(isQuick: boolean): readonly Trial[] {
  return MUTANTS.map((mutant) => ({
    ...mutant,
    diff: '',
    judge: (bench) => bench.try(mutant, isQuick),
  }))
}

async function random(
  options: Readonly<{ seed: string; in: readonly string[] }>,
  count: number,
  bench: Workbench,
  signal: AbortSignal,
): Promise<readonly Trial[]> {
  const seed = readCount('--seed', options.seed)
  const paths = globSync(
    options.in.map((place) => (place.endsWith('.ts') ? place : `${place}/**/*.ts`)),
    { cwd: ROOT },
  ).filter((path) => path.startsWith('src/'))
  if (paths.length === 0) throw new CliError(`No file of src/ is in ${options.in.join(', ')}.`)
  const files = paths
    .sort()
    .map((path) => ({ file: relative('src', path), text: readFileSync(join(ROOT, path), 'utf8') }))
  const drawn = await drawMutants(files, seed, count)
  const mutants = await compiling(bench.folder, drawn, signal)
  say(`seed ${seed}, ${paths.length} files: ${mutants.length} of ${count} mutants compile`)
  return mutants.map((mutant) => ({ ...mutant, judge: (bench) => bench.tryRandom(mutant) }))
}

async function testAll(bench: Workbench): Promise<string | undefined> {
  const { failed, why } = await bench.testAll()
  return failed ? why : undefined
}

/** @param check Runs the tests without a mutant, and says why one fails. */
async function checkBaseline(check: () => Promise<string | undefined>): Promise<void> {
  say('Running the tests without a mutant …')
  const from = performance.now()
  const why = await check()
  if (why !== undefined) throw new CliError(`The tests fail without a mutant: ${why}`)
  say(green(`passed in ${seconds(performance.now() - from)}`))
}

async function runAll(
  bench: Workbench,
  trials: readonly Trial[],
  signal: AbortSignal,
): Promise<number> {
  const rows: string[][] = []
  let caught = 0
  for (const [at, { name, file, diff, judge }] of trials.entries()) {
    const from = performance.now()
    const verdict = await judge(bench)
    if (signal.aborted) {
      say('Interrupted.')
      return 1
    }
    if (verdict.outcome === 'caught') caught++
    say(
      `${at + 1}/${trials.length} ${wordFor(verdict)} ${name} ${dim(`${verdict.by} (${seconds(performance.now() - from)})`)}`,
    )
    if (verdict.outcome === 'survived' && diff !== '') say(diff)
    rows.push([name, file, verdict.outcome, verdict.by.slice(0, 90)])
  }
  say()
  for (const line of table(['bug', 'file', 'outcome', 'caught by'], rows)) say(line)
  say()
  const line = `${caught} of ${trials.length} caught`
  say(caught === trials.length ? green(line) : red(line))
  return caught === trials.length ? 0 : 1
}

function readCount(option: string, text: string): number {
  const count = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count
  throw new CliError(`${option} takes a whole number, not "${text}".`)
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
