/** `npm run load`: simulated days of steady load within Cloudflare's ceilings, and whether anything waits too long. */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { CEILINGS, type Plan } from '../testing/load/platform.ts'
import type { Order, Report } from '../testing/load/scenario-process.ts'
import { BOUND_S, CLASSES, scenarioOf, SCENARIOS } from '../testing/load/scenarios.ts'
import type { Spread, Summary } from '../testing/load/summary.ts'
import { CliError, readOptions, run } from './cli/command.ts'
import { onInterrupt } from './cli/interrupt.ts'
import { bold, green, red, say, table } from './cli/terminal.ts'

const HELP = `Plays days of load against the real Worker, in virtual time and within Cloudflare's ceilings, and watches from outside
whether due work waits too long and whether a payment or an order is lost. A seed always plays the same run.

Usage: npm run load                                     all scenarios on the paid plan
       npm run load -- --scenario steady --days 1 --rate 60
       npm run load -- --plan free --find               the highest rate that the free plan bears

  --scenario A,B   which scenarios (default: all, see below)
  --plan PLAN      paid (default) or free
  --rate N         abandoned cashiers a minute (default ${rateOf('paid')} on the paid plan, ${rateOf('free')} on the free plan). To
                   8 of them come 1 untouched order and 1 paid one, to 40 a payment whose notices are all lost
  --days N         how long the scenario steady takes (default 3)
  --minutes N      the same in minutes
  --find           search the highest rate at which the scenario steady holds (default: 240 minutes each)
  --seed N         another run of the same load (default 1)
  --workers K      how many processes (default: one per core)
  --json           print the figures as JSON
  --help           print this text

Scenarios:
${SCENARIOS.map(({ name, about }) => `  ${name.padEnd(17)}${about}`).join('\n')}

Bounds: due work is never older than ${BOUND_S.attempts / 60} minutes if a payment depends on it (attempts, money), and never older than
${BOUND_S.expired / 60} minutes otherwise. While a side is away, its bounds are suspended until shortly after it is back.
Exits with 0 if every bound held.`

const CHILD = join(import.meta.dirname, '../testing/load/scenario-process.ts')
const CHILD_MEMORY_MB = 8_192
const PROGRESS_MS = 5_000
const DAY_MINUTES = 1_440
const FIND_MINUTES = 240
/** The search ends when the rate that holds and the one that breaks are this close. */
const FIND_RATIO = 1.1
const FIND_RATE_MAX = 4_096

function rateOf(plan: Plan): number {
  return plan === 'paid' ? 120 : 1
}

void run(async () => {
  const { values } = readOptions({
    scenario: { type: 'string' },
    plan: { type: 'string', default: 'paid' },
    rate: { type: 'string' },
    days: { type: 'string' },
    minutes: { type: 'string' },
    find: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  const plan = readPlan(values.plan)
  const seed = readCount('--seed', values.seed)
  const given = values.days ?? values.minutes
  const unit = values.days === undefined ? 1 : DAY_MINUTES
  const minutes = given === undefined ? undefined : readCount('--days or --minutes', given) * unit
  const fleet = new Fleet(onInterrupt(), readCount('--workers', values.workers))
  if (values.find) return find(fleet, plan, seed, minutes ?? FIND_MINUTES, values.json)

  const rate = values.rate === undefined ? rateOf(plan) : readCount('--rate', values.rate)
  const names = values.scenario?.split(',') ?? SCENARIOS.map(({ name }) => name)
  const orders = names.map((name) => readOrder({ scenario: name, plan, rate, seed, minutes }))
  const summaries = await fleet.play(orders)
  if (values.json) say(JSON.stringify(summaries, null, 2))
  else summaries.length > 0 && print(summaries)
  if (fleet.isInterrupted) return interrupted()
  return summaries.every(({ holds }) => holds) ? 0 : 1
})

function readPlan(text: string): Plan {
  if (text === 'paid' || text === 'free') return text
  throw new CliError(`--plan takes paid or free, not "${text}".`)
}

/** Reads a whole number from 1 to 999 999. @throws CliError that names the option. */
function readCount(option: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new CliError(`${option} takes a whole number of at least 1, not "${text}".`)
}

function readOrder(order: Omit<Order, 'stopsAtViolation'>): Order {
  if (SCENARIOS.some(({ name }) => name === order.scenario)) {
    return { ...order, stopsAtViolation: false }
  }
  const names = SCENARIOS.map(({ name }) => name).join(', ')
  throw new CliError(`--scenario takes ${names}, not "${order.scenario}".`)
}

function interrupted(): number {
  say.error(red('Interrupted.'))
  return 1
}

/** Plays scenarios in child processes, a few at a time. Progress goes to stderr. */
class Fleet {
  readonly #interrupt: AbortSignal
  readonly #workers: number

  constructor(interrupt: AbortSignal, workers: number) {
    this.#interrupt = interrupt
    this.#workers = workers
  }

  get isInterrupted(): boolean {
    return this.#interrupt.aborted
  }

  /** @returns the summaries in the order of `orders`; after an interrupt only those that are finished. */
  async play(orders: readonly Order[]): Promise<readonly Summary[]> {
    const summaries = new Map<Order, Summary>()
    const minutes = new Map<Order, number>()
    const startedMs = performance.now()
    const progress = setInterval(() => {
      const seconds = (performance.now() - startedMs) / 1_000
      for (const [order, minute] of minutes) {
        const { minutes: all } = scenarioOf(order.scenario, order.minutes)
        say.error(
          `${order.scenario} at ${order.rate} a minute: ${minute} of ${all} minutes, ${Math.round(seconds)} s`,
        )
      }
    }, PROGRESS_MS)
    const waiting = [...orders]
    const work = async (): Promise<void> => {
      for (let order = waiting.shift(); order !== undefined; order = waiting.shift()) {
        if (this.isInterrupted) return
        const playing = order
        const summary = await this.#playOne(playing, (minute) => minutes.set(playing, minute))
        minutes.delete(playing)
        if (summary !== undefined) summaries.set(playing, summary)
      }
    }
    try {
      await Promise.all(Array.from({ length: this.#workers }, work))
    } finally {
      clearInterval(progress)
    }
    return orders.flatMap((order) => summaries.get(order) ?? [])
  }

  /** @returns undefined after an interrupt. */
  #playOne(order: Order, onMinute: (minute: number) => void): Promise<Summary | undefined> {
    return new Promise((resolve, reject) => {
      const child = fork(CHILD, {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        execArgv: [`--max-old-space-size=${CHILD_MEMORY_MB}`],
      })
      let summary: Summary | undefined
      this.#interrupt.addEventListener('abort', () => child.kill('SIGKILL'), { once: true })
      child.on('message', (report: Report) => {
        if ('summary' in report) summary = report.summary
        else onMinute(report.minute)
      })
      child.on('error', reject)
      child.on('exit', (code) => {
        if (summary !== undefined || this.isInterrupted) resolve(summary)
        else reject(new Error(`a process of the load simulation ended with exit code ${code}`))
      })
      child.send(order)
    })
  }
}

/** Searches the rate at which the plan breaks: doubles it until a bound breaks, then halves the interval. */
async function find(
  fleet: Fleet,
  plan: Plan,
  seed: number,
  minutes: number,
  asJson: boolean,
): Promise<number> {
  let holds = 0
  let breaks: number | undefined
  while (
    breaks === undefined ? holds < FIND_RATE_MAX : breaks - holds > 1 && breaks / holds > FIND_RATIO
  ) {
    const rate = breaks === undefined ? Math.max(1, holds * 2) : Math.round((holds + breaks) / 2)
    const [summary] = await fleet.play([
      { scenario: 'steady', plan, rate, seed, minutes, stopsAtViolation: true },
    ])
    if (summary === undefined) return interrupted()
    const [violation] = summary.violations
    say.error(
      violation === undefined
        ? green(`${rate} a minute: every bound held for ${minutes} minutes`)
        : red(`${rate} a minute: ${violation.what}, ${violation.examples[0]}`),
    )
    if (violation === undefined) holds = rate
    else breaks = rate
  }
  const ceiling = CEILINGS[plan]
  if (asJson) say(JSON.stringify({ plan, holds, breaks: breaks ?? null, minutes, ceiling }))
  else
    say(bold(`The plan ${plan} bears ${holds} abandoned cashiers a minute for ${minutes} minutes.`))
  return holds > 0 ? 0 : 1
}

function print(summaries: readonly Summary[]): void {
  const head = ['scenario', 'rate', ...CLASSES, 'lost found', 'told']
  const rows = summaries.map(({ scenario, rate, oldest_due_s, ...rest }) => [
    scenario,
    String(rate),
    ...CLASSES.map((each) => maxAndP99(oldest_due_s[each])),
    maxAndP99(rest.lost_notices_found_s),
    maxAndP99(rest.webhooks_told_s),
  ])
  say(
    bold(
      'Age of the oldest due work, time until a lost notice was found and a payment told: max / p99',
    ),
  )
  for (const line of table(head, rows)) say(line)
  say()
  say(bold('Runs of the cron: median / max'))
  const runHead = [
    'scenario',
    'runs',
    'calls',
    'statements',
    'cpu ms',
    'seconds',
    'rows/min',
    'D1',
    'refused',
  ]
  const runRows = summaries.map(({ scenario, runs, ...rest }) => [
    scenario,
    String(runs.calls.count),
    medianAndMax(runs.calls),
    medianAndMax(runs.statements),
    medianAndMax(runs.cpu_ms),
    medianAndMax(runs.took_ms, 1_000),
    String(rest.rows_written_per_minute),
    `${Math.round(rest.database_busy * 100)} %`,
    counted({ ...rest.refused_runs, ...prefixed(rest.refused_requests, 'request ') }),
  ])
  for (const line of table(runHead, runRows)) say(line)
  for (const { scenario, holds, violations, unwanted_answers, failures } of summaries) {
    say()
    say(holds ? green(`${scenario}: every bound held.`) : red(`${scenario}: bounds are broken.`))
    for (const { what, times, examples } of violations) {
      say(red(`  ${what}: ${times} times, such as ${examples.join('; ')}`))
    }
    const others = counted({ ...unwanted_answers, ...failures })
    if (others !== 'none') say(`  unwanted answers and failures: ${others}`)
  }
}

const minutesAndSeconds = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, '0')}`

const maxAndP99 = ({ count, max, p99 }: Spread): string =>
  count === 0 ? '–' : `${minutesAndSeconds(max)} / ${minutesAndSeconds(p99)}`

const medianAndMax = ({ median, max }: Spread, unit = 1): string =>
  `${Math.round(median / unit)} / ${Math.round(max / unit)}`

const prefixed = (counts: Readonly<Record<string, number>>, prefix: string) =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [prefix + name, count]))

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none'
