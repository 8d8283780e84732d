/** `npm run simulate`: plays many seeds of the simulation on every core, or one seed with its complete trace. */
import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { installInstant } from '../testing/simulation/d1/instant.ts'
import { runSeed } from '../testing/simulation/run/run-seed.ts'
import type { Report, SeedRange } from '../testing/simulation/run/seeds-process.ts'
import { shrink } from '../testing/simulation/run/shrink.ts'
import type { Recipe } from '../testing/simulation/run/world.ts'
import { CliError, readOptions, run } from './cli/command.ts'
import { onInterrupt } from './cli/interrupt.ts'
import { bold, green, red, say, table } from './cli/terminal.ts'

const HELP = `Plays the whole system with random payers, shops, crons, faults and crashes, then checks that the Worker's
records match WeChat's ledger. A seed always plays the same run.

Usage: npm run simulate -- --seeds 1000             seeds 1 to 1000
       npm run simulate -- --seeds 1000 --from 5001
       npm run simulate -- --seed 4711              repeat one seed exactly and print its trace

  --seeds N        how many seeds (default 1000)
  --from S         the first seed (default 1)
  --workers K      how many processes (default: one per core)
  --seed X         play only this seed and print its trace
  --without A,B    with --seed: leave out actors (order 2, payer 1.3, forger, cron, …) and kinds of faults
  --salt N         with --seed: the same actors, interleaved differently
  --shrink         with --seed: reduce a failing run to fewer actors and faults first
  --help           print this text

Exits with 0 if every check passed.`

const CHILD = join(import.meta.dirname, '../testing/simulation/run/seeds-process.ts')
/** The number of seeds that a child process plays at a time. It is small, so that all cores finish about together. */
const CHUNK = 5
const PROGRESS_MS = 2_000
const FAILING_SHOWN = 20

void run(async () => {
  const { values } = readOptions({
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string' },
    without: { type: 'string' },
    salt: { type: 'string', default: '0' },
    shrink: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  if (values.seed !== undefined) {
    const left = values.without?.split(',').map((name) => name.trim()) ?? []
    const seed = readCount('--seed', values.seed)
    const salt = readCount('--salt', values.salt, 0)
    return replay({ seed, salt, without: left, withoutActors: left }, values.shrink)
  }
  return playAll(
    readCount('--from', values.from),
    readCount('--seeds', values.seeds),
    readCount('--workers', values.workers),
  )
})

/** Reads a whole number from `min` to 999 999 999. @throws CliError that names the option. */
function readCount(option: string, text: string, min = 1): number {
  const count = Number(text)
  if (/^\d{1,9}$/.test(text) && count >= min) return count
  throw new CliError(`${option} takes a whole number of at least ${min}, not "${text}".`)
}

const sayFailing = ({ seed, violations }: Report): void =>
  say(red(`seed ${seed}: ${violations.join(' · ')}`))

/**
 * Plays all seeds in child processes. If one fails, the failing seed with the lowest number is reduced and replayed.
 *
 * @returns the exit code.
 */
async function playAll(from: number, seeds: number, workers: number): Promise<number> {
  const interrupted = onInterrupt()
  const startedMs = performance.now()
  const reports: Report[] = []
  const totals = new Map<string, number>()
  const failing = (): Report[] => reports.filter(({ violations }) => violations.length > 0)
  const speed = (): string =>
    (reports.length / ((performance.now() - startedMs) / 1_000)).toFixed(1)
  const progress = setInterval(() => {
    say(`${reports.length} of ${seeds} seeds, ${speed()} per second, ${failing().length} failed`)
  }, PROGRESS_MS)

  let next = from
  const playNext = (child: ChildProcess): void => {
    const range: SeedRange = { from: next, to: Math.min(next + CHUNK, from + seeds) }
    next = range.to
    if (range.from < range.to) child.send(range)
    else child.disconnect()
  }
  const work = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(CHILD, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
      let inChunk = 0
      interrupted.addEventListener('abort', () => child.kill('SIGKILL'), { once: true })
      child.on('message', (report: Report) => {
        reports.push(report)
        if (report.violations.length > 0) sayFailing(report)
        for (const [kind, n] of report.counts) totals.set(kind, (totals.get(kind) ?? 0) + n)
        if (++inChunk % CHUNK === 0) playNext(child)
        else if (report.seed === from + seeds - 1) child.disconnect()
      })
      child.on('exit', (code) => {
        if (code === 0 || interrupted.aborted) resolve()
        else reject(new Error(`a process of the simulation ended with exit code ${code}`))
      })
      playNext(child)
    })
  try {
    await Promise.all(Array.from({ length: workers }, work))
  } finally {
    clearInterval(progress)
  }

  printTotals(totals, reports)
  say(bold(`${reports.length} seeds from ${from}, ${speed()} per second with ${workers} processes`))
  const failed = failing().sort((a, b) => a.seed - b.seed)
  const [first] = failed
  if (interrupted.aborted) say(red('Interrupted.'))
  if (first === undefined) {
    if (!interrupted.aborted) say(green('All checks passed: our records match WeChat’s ledger.'))
    return interrupted.aborted ? 1 : 0
  }
  failed.slice(0, FAILING_SHOWN).forEach(sayFailing)
  if (interrupted.aborted) return 1
  return replay({ seed: first.seed }, true)
}

function printTotals(totals: ReadonlyMap<string, number>, reports: readonly Report[]): void {
  const seedsWith = (kind: string): number =>
    reports.filter(({ counts }) => counts.some(([each]) => each === kind)).length
  const rows = [...totals]
    .filter(([kind]) => !kind.startsWith('log:'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => [kind, String(count), String(seedsWith(kind))])
  for (const line of table(['situation', 'times', 'in seeds'], rows)) say(line)
  const sum = (of: (report: Report) => number): number =>
    reports.reduce((total, report) => total + of(report), 0)
  say(`${sum(({ steps }) => steps)} steps, ${sum(({ captures }) => captures)} payments taken`)
}

/**
 * Plays one seed in this process and prints its trace.
 *
 * @param smaller Whether a failing run is first reduced to fewer actors and faults.
 * @returns the exit code.
 */
async function replay(recipe: Recipe, smaller: boolean): Promise<number> {
  installInstant()
  const shrunk = smaller ? await shrink(recipe) : undefined
  const final = shrunk?.recipe ?? recipe
  const outcome = shrunk?.outcome ?? (await runSeed(final))
  for (const line of outcome.trace) say(line)
  const left = [...new Set([...(final.without ?? []), ...(final.withoutActors ?? [])])]
  say(`\nseed ${final.seed}, ${outcome.steps} steps, trace ${outcome.digest}`)
  if (outcome.violations.length === 0) {
    say(green('All checks passed: our records match WeChat’s ledger.'))
    return 0
  }
  for (const violation of outcome.violations) say(red(violation))
  const without = left.length === 0 ? '' : ` --without '${left.join(',')}'`
  const salt = (final.salt ?? 0) === 0 ? '' : ` --salt ${final.salt}`
  say(`To repeat: npm run simulate -- --seed ${final.seed}${salt}${without}`)
  return 1
}
