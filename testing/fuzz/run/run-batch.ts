/** A batch: a new world and some thousand inputs, a quarter of them mutations of inputs that reached a new outcome. */
import { type Chance, chanceOf } from '../../simulation/run/random.ts'
import { mutateBytes, mutateText } from '../inputs/bytes.ts'
import { describeInput, type Input, toRequest } from '../inputs/input.ts'
import { makeMoneyRequest } from '../inputs/money-requests.ts'
import { makeNotice } from '../inputs/notices.ts'
import { makePay, makeResult, makeWithoutToken } from '../inputs/public-requests.ts'
import { makeRefundNotice } from '../inputs/refund-notices.ts'
import { makeShopRequest } from '../inputs/shop-requests.ts'
import { makeAnswered } from '../inputs/wechat-answers.ts'
import { ANSWER_MS_MAX, judge, type Observed } from '../judge/judge.ts'
import { judgeMoney } from '../judge/money-judge.ts'
import { makeShop } from './fixture.ts'
import { makeMoneyShop } from './money-fixture.ts'
import type { FuzzWorld } from './world.ts'

/**
 * The number of inputs in a batch. Some inputs are mutations of earlier inputs of the same batch, so a failure can only be
 * repeated together with the inputs before it.
 */
export const BATCH = 5_000
const CORPUS_SHARE = 0.25
/** How many failures of one kind are kept: a rule that many inputs break is one bug. */
const SAME_FAILURE_MAX = 1

/** An input that broke rules. `index` counts over all batches; `input` is its description. */
export type Failure = Readonly<{ index: number; broken: readonly string[]; input: string }>

/** The result of one batch of fuzzed inputs. */
export type Report = Readonly<{
  batch: number
  inputs: number
  /** The number of inputs, by the lane that made them. */
  lanes: Readonly<Record<string, number>>
  /** How often each outcome was reached. */
  outcomes: Readonly<Record<string, number>>
  slowest: Readonly<{ ms: number; index: number; input: string }>
  failures: readonly Failure[]
}>

type Maker = (world: FuzzWorld, chance: Chance) => Input

/** A world, what is sent to it, and the rules that hold in it. */
type Stage = Readonly<{
  makeWorld: (chance: Chance) => Promise<FuzzWorld>
  makers: readonly Maker[]
  judge: (world: FuzzWorld, input: Input, observed: Observed) => string[]
  /** How often the next input meets the changes of the one before it. */
  keeps: number
}>

const PAYING: Stage = {
  makeWorld: makeShop,
  makers: [
    ...Array<Maker>(7).fill(makeNotice),
    ...Array<Maker>(4).fill(makeShopRequest),
    ...Array<Maker>(3).fill(makeAnswered),
    ...Array<Maker>(2).fill(makeWithoutToken),
    ...Array<Maker>(2).fill(makePay),
    ...Array<Maker>(2).fill(makeResult),
  ],
  judge,
  keeps: 0,
}

const MONEY: Stage = {
  makeWorld: makeMoneyShop,
  makers: [makeRefundNotice, ...Array<Maker>(3).fill(makeMoneyRequest)],
  judge: judgeMoney,
  keeps: 0.5,
}

/** Which batches are about money that goes back: every second one. */
const stageOf = (batch: number): Stage => (batch % 2 === 0 ? PAYING : MONEY)

/** Runs one batch. @param count How many of the batch's inputs to run: fewer than all reach a certain input sooner. */
export async function runBatch(seed: number, batch: number, count = BATCH): Promise<Report> {
  const chance = chanceOf(seed, `fuzz batch ${batch}`)
  const stage = stageOf(batch)
  const world = await stage.makeWorld(chanceOf(seed, `fuzz world ${batch}`))
  const corpus: Input[] = []
  const lanes: Record<string, number> = {}
  const outcomes: Record<string, number> = {}
  const failures: Failure[] = []
  const seen = new Set<string>()
  let keptAt = 0
  let slowest = { ms: 0, index: 0, input: '' }

  for (let offset = 0; offset < count; offset++) {
    const index = batch * BATCH + offset
    const made =
      corpus.length > 0 && chance.happens(CORPUS_SHARE)
        ? mutated(chance, chance.pick(corpus))
        : chance.pick(stage.makers)(world, chance)
    // Time does not go back while changes are kept.
    const input = { ...made, at: Math.max(made.at, keptAt) }
    lanes[input.lane] = (lanes[input.lane] ?? 0) + 1
    const observed = await observe(world, input)
    if (observed === undefined) continue // no HTTP client can send this input, so it is skipped

    const outcome = outcomeOf(input, observed)
    if (outcomes[outcome] === undefined) corpus.push(input)
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    if (observed.ms > slowest.ms) slowest = { ms: observed.ms, index, input: describeInput(input) }
    const broken = stage.judge(world, input, observed)
    if (broken.length > 0 && !seen.has(broken.join() + outcome)) {
      if (failures.length < 50 * SAME_FAILURE_MAX) {
        failures.push({ index, broken: [...broken, outcome], input: describeInput(input) })
      }
      seen.add(broken.join() + outcome)
    }
    if (observed.changes.length > 0 && chance.happens(stage.keeps)) {
      keptAt = input.at
      world.tables.keep()
    } else if (keptAt > 0 && observed.changes.length > 0) {
      keptAt = 0
      world.tables.restoreAll()
    } else if (observed.changes.length > 0) world.tables.restore(observed.changes)
    else if (observed.hasWritten) world.tables.clearQuerySlots()
  }
  world.sqlite.close()
  return { batch, inputs: count, lanes, outcomes, slowest, failures }
}

async function observe(world: FuzzWorld, input: Input): Promise<Observed | undefined> {
  const observed = await observeOnce(world, input)
  if (observed === undefined || observed.ms <= ANSWER_MS_MAX) return observed
  // A slow input runs twice: a busy machine is slow only once, an expensive input is slow every time.
  // It runs again on the fixture: what earlier inputs changed and left is not needed to be slow.
  world.tables.restoreAll()
  const again = await observeOnce(world, input)
  return again && { ...again, ms: Math.min(observed.ms, again.ms) }
}

/** Events about a single call to WeChat. They are not part of an outcome: the other events say what the Worker made of it. */
const CALL_EVENTS: readonly string[] = ['wechat_refused', 'wechat_unreachable', 'wechat_unreadable']

async function observeOnce(world: FuzzWorld, input: Input): Promise<Observed | undefined> {
  const request = toRequest(input)
  if (request === undefined) return undefined
  world.setTime(input.at)
  const writes = world.tables.writes()
  const from = performance.now()
  const response = await world.send(request, input.answers)
  const text = await response.text()
  const ms = performance.now() - from
  const hasWritten = world.tables.writes() !== writes
  const changes = hasWritten ? world.tables.changes() : []
  const events = world.log.filter(({ event }) => !CALL_EVENTS.includes(event))
  const reasons = events.map(({ event, reason }) => {
    const [word = ''] = /^[a-z_]+/.exec(reason ?? '') ?? []
    return word === '' ? event : `${event}:${word}`
  })
  const { status, headers } = response
  const code = codeOf(text)
  return { status, text, headers, code, reasons: [...new Set(reasons)], hasWritten, changes, ms }
}

function codeOf(text: string): string {
  const [, returned = ''] = /^<xml><return_code><!\[CDATA\[(\w+)/.exec(text) ?? []
  if (returned !== '') return returned
  const [, code = ''] = /^\{"type":[^{]*"code":"(\w+)"/.exec(text) ?? []
  return code
}

/** The state that an answer about a refund or a bill shows, and whether the bill differs from our records. */
function shownState(text: string): string {
  const [, state = ''] = /^\{"(?:out_refund_no|date)":.*?"state":"(\w+)"/.exec(text) ?? []
  return /"difference_count":[1-9]/.test(text) ? `${state}_with_differences` : state
}

/** The outcome as a text: method and route, status, code, logged reasons, and whether a table changed. */
function outcomeOf(input: Input, { status, code, text, reasons, changes }: Observed): string {
  const { pathname } = new URL(input.path, 'https://pay.test')
  const [, first = '', second = '', action = ''] = pathname.split('/')
  const known = /^(pay|result|notify|health|orders|reviews|deliveries|runs|bills|recover)$/
  const deed = /^(events|query|close|resolve|resend|refunds|reconcile|raw)$/.test(action)
    ? `/…/${action}`
    : ''
  const refund = first === 'notify' && second === 'refund' ? '/refund' : ''
  const place = known.test(first) ? `${input.method} /${first}${refund}${deed}` : 'elsewhere'
  const changed = changes.length > 0 ? 'changed' : ''
  return [place, String(status), code, shownState(text), ...reasons.toSorted(), changed]
    .filter((part) => part !== '')
    .join(' ')
}

/** A copy of the input with a mutation in its body, an answer or its path. */
function mutated(chance: Chance, input: Input): Input {
  const { body } = input
  if (body !== undefined && chance.happens(0.7)) {
    return { ...input, body: { ...body, bytes: mutateBytes(chance, body.bytes) } }
  }
  if (input.answers.length > 0 && chance.happens(0.7)) {
    const at = chance.below(input.answers.length)
    const answers = input.answers.map((answer, n) =>
      n !== at || typeof answer.what === 'string'
        ? answer
        : { ...answer, what: { ...answer.what, bytes: mutateBytes(chance, answer.what.bytes) } },
    )
    return { ...input, answers }
  }
  return { ...input, path: `/${mutateText(chance, input.path.slice(1))}` }
}
