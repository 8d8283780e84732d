/** `npm run load`: simulated days of steady load within Cloudflare's ceilings, and whether anything waits too long. */
import { availableParallelism } from 'node:os'
import type { Plan } from '../testing/load/platform/ceilings.ts'
import type { Order } from '../testing/load/run/scenario-process.ts'
import { BOUND_S, scenarioOf, SCENARIOS } from '../testing/load/world/scenarios.ts'
import { CliError, readOptions, run } from './cli/command.ts'
import { onInterrupt } from './cli/interrupt.ts'
import { bold, green, red, say } from './cli/terminal.ts'
import { printFigures } from './load/figures.ts'
import { Fleet } from './load/fleet.ts'

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
  --minutes N      the same in minutes. Also ends another scenario sooner; an absence of WeChat or of the receiver becomes shorter
                   instead, so that what comes before and after it stays
  --find           search the highest rate at which the scenario steady holds (default: 240 minutes each)
  --seed N         another run of the same load (default 1)
  --workers K      how many processes (default: one per core)
  --json           print the figures as JSON
  --help           print this text

Scenarios:
${SCENARIOS.map(({ name, about }) => `  ${name.padEnd(17)}${about}`).join('\n')}

Bounds: due work is never older than ${BOUND_S.attempts / 60} minutes if it is about a payment (attempts that may be paid, webhooks about
money, refunds), and never older than ${BOUND_S.expired / 60} minutes otherwise. While a side is away, the bounds of what needs it are
suspended until shortly after it is back.
Exits with 0 if every bound held.`

const DAY_MINUTES = 1_440
const FIND_MINUTES = 240
/** The search ends when the rate that holds and the one that breaks are this close. */
const FIND_RATIO = 1.1
const FIND_RATE_MAX = 4_096
const FIND_RATE_MIN = 0.1

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

  const rate = values.rate === undefined ? rateOf(plan) : readRate(values.rate)
  const names = values.scenario?.split(',') ?? SCENARIOS.map(({ name }) => name)
  const orders = names.map((name) => readOrder({ scenario: name, plan, rate, seed, minutes }))
  const summaries = await fleet.play(orders)
  if (values.json) say(JSON.stringify(summaries, null, 2))
  else if (summaries.length > 0) printFigures(summaries)
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

/** Reads a rate from 0.01 to 9 999. @throws CliError */
function readRate(text: string): number {
  if (/^\d{1,4}(\.\d{1,2})?$/.test(text) && Number(text) > 0) return Number(text)
  throw new CliError(`--rate takes a number above 0, such as 120 or 0.5, not "${text}".`)
}

function readOrder(order: Omit<Order, 'stopsAtViolation'>): Order {
  if (!SCENARIOS.some(({ name }) => name === order.scenario)) {
    const names = SCENARIOS.map(({ name }) => name).join(', ')
    throw new CliError(`--scenario takes ${names}, not "${order.scenario}".`)
  }
  try {
    scenarioOf(order.scenario, order.minutes)
  } catch (error) {
    throw new CliError(`--minutes: ${error instanceof Error ? error.message : 'too few'}.`)
  }
  return { ...order, stopsAtViolation: false }
}

function interrupted(): number {
  say.error(red('Interrupted.'))
  return 1
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
  for (;;) {
    const rate = nextRate(holds, breaks)
    if (rate === undefined) break
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
  if (asJson) say(JSON.stringify({ plan, holds, breaks: breaks ?? null, minutes }))
  else
    say(bold(`The plan ${plan} bears ${holds} abandoned cashiers a minute for ${minutes} minutes.`))
  return holds > 0 ? 0 : 1
}

/** @returns the rate to try next; undefined when the search is over. */
function nextRate(holds: number, breaks: number | undefined): number | undefined {
  if (breaks === undefined) return holds < FIND_RATE_MAX ? Math.max(1, holds * 2) : undefined
  if (breaks < FIND_RATE_MIN || breaks / holds <= FIND_RATIO) return undefined
  const middle = (holds + breaks) / 2
  return middle < 10 ? Math.round(middle * 100) / 100 : Math.round(middle)
}
