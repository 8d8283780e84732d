/** `npm run fuzz`: sends the Worker a million invalid and almost valid requests, and checks every answer. */
import { availableParallelism } from 'node:os'
import { compareReaders, type Compared } from '../testing/fuzz/judge/two-readers.ts'
import { Tally } from '../testing/fuzz/judge/tally.ts'
import { runTasks } from '../testing/fuzz/run/processes.ts'
import { BATCH, type Failure } from '../testing/fuzz/run/run-batch.ts'
import type { Task } from '../testing/fuzz/run/worker.ts'
import { CliError, readOptions, run } from './cli/command.ts'
import { onInterrupt } from './cli/interrupt.ts'
import { bold, dim, green, red, say, table } from './cli/terminal.ts'

const HELP = `Sends generated inputs to every public entry of the Worker, over SQLite and a simulated WeChat. Checks for each
input: no unexpected 5xx, no forbidden change of the database, no answer slower than a second. Every second batch is about
refunds, reviews and bills.

Usage: npm run fuzz -- [options]

  --messages N  instead: N messages, each read with and without the parser, which must agree
  --inputs N    how many inputs (default 1000000, rounded up to whole batches of ${BATCH})
  --from S      number of the first input (default 0, rounded down to a whole batch)
  --workers K   how many processes (default: one per core)
  --seed X      seed of the generator (default 1)
  --outcomes    list every outcome that was reached
  --help        print this text

Exits with 1 if a rule was broken, and prints how to repeat that input.`

const PROGRESS_MS = 2_000

await run(async () => {
  const { values } = readOptions({
    inputs: { type: 'string', default: '1000000' },
    messages: { type: 'string' },
    from: { type: 'string', default: '0' },
    workers: { type: 'string', default: String(availableParallelism()) },
    seed: { type: 'string', default: '1' },
    outcomes: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  const signal = onInterrupt()
  if (values.messages !== undefined)
    return compareMessages(readCount('--messages', values.messages, 1), signal)
  const seed = readCount('--seed', values.seed, 0)
  const first = Math.floor(readCount('--from', values.from, 0) / BATCH)
  const count = Math.ceil(readCount('--inputs', values.inputs, 1) / BATCH)
  const processes = Math.min(count, readCount('--workers', values.workers, 1))

  const tally = new Tally()
  const from = performance.now()
  const tasks = Array.from({ length: count }, (_, n): Task => ({
    seed,
    batch: first + n,
    count: BATCH,
  }))
  const progress = setInterval(() => say(dim(tally.progress(count * BATCH, from))), PROGRESS_MS)
  try {
    await runTasks(tasks, processes, tally, signal)
  } finally {
    clearInterval(progress)
  }
  const code = verdict(tally, seed, (performance.now() - from) / 1_000, values.outcomes)
  if (signal.aborted) say('Interrupted.')
  return signal.aborted ? 1 : code
})

async function compareMessages(count: number, signal: AbortSignal): Promise<number> {
  const compared: Compared = { plain: 0, other: 0, refused: 0, unread: 0, differing: [] }
  const from = performance.now()
  for (let done = 0; done < count && !signal.aborted; done += BATCH) {
    compareReaders(1 + done, Math.min(BATCH, count - done), compared)
    if (done % (20 * BATCH) === 0) say(dim(`${done} of ${count} messages`))
    // Lets an interrupt come through.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { differing, ...kinds } = compared
  for (const line of table(
    ['message', 'number'],
    Object.entries(kinds).map(([kind, n]) => [kind, String(n)]),
  ))
    say(line)
  const seconds = (performance.now() - from) / 1_000
  say(`${bold(String(count))} messages in ${seconds.toFixed(0)} s`)
  for (const { seed, message, plain, parser } of differing.slice(0, 5))
    say.error(`\n${red(`Message ${seed}`)}: ${message}\nread:   ${plain}\nparser: ${parser}`)
  if (signal.aborted) say('Interrupted.')
  else if (differing.length === 0) say(green('Both readers agree about every message.'))
  return signal.aborted || differing.length > 0 ? 1 : 0
}

function verdict(tally: Tally, seed: number, seconds: number, withOutcomes: boolean): number {
  const { slowest } = tally
  say()
  const lanes = [...tally.lanes].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const line of table(
    ['lane', 'inputs'],
    lanes.map(([lane, n]) => [lane, String(n)]),
  ))
    say(line)
  say()
  if (withOutcomes) for (const line of tally.outcomeLines()) say(line)
  say(
    `${bold(String(tally.inputs))} inputs in ${seconds.toFixed(0)} s, ${(tally.inputs / seconds).toFixed(0)} per second`,
  )
  say(`${tally.outcomes.size} different outcomes`)
  say(`slowest answer: ${slowest.ms.toFixed(0)} ms, for input ${slowest.index}:`)
  say(dim(slowest.input.slice(0, 400)))
  if (tally.failures.length === 0) {
    say(green('No rule was broken.'))
    return tally.inputs === 0 ? 1 : 0
  }
  for (const failure of tally.failures) show(failure, seed)
  say.error(red(`${tally.failures.length} kinds of failures.`))
  return 1
}

function show({ index, broken, input }: Failure, seed: number): void {
  const batch = Math.floor(index / BATCH) * BATCH
  say.error(`\n${red(`Input ${index}`)}: ${broken.join('; ')}\n${input}`)
  say.error(`To repeat: npm run fuzz -- --seed ${seed} --from ${batch} --inputs 1 --workers 1`)
}

function readCount(option: string, text: string, min: number): number {
  const count = Number(text.replaceAll('_', ''))
  if (Number.isSafeInteger(count) && count >= min) return count
  throw new CliError(`${option} takes a whole number of at least ${min}, not "${text}".`)
}
