/**
 * Calling a refund off races its senders, the cron and the notice. Here they play every order of their steps: each round
 * trip to the database and each answer of WeChat is one step, and minutes pass between any two.
 */
import { describe, expect, it } from 'vitest'
import { toFen } from '../src/core/money.ts'
import type { OrderView } from '../src/core/order/order.ts'
import { type OutRefundNo, toOutRefundNo } from '../src/core/order/refund.ts'
import { later, type UnixSeconds } from '../src/core/time.ts'
import type { Deps } from '../src/ports/deps.ts'
import { cancelRefund } from '../src/service/refund/cancel-refund.ts'
import { confirmRefundNotice } from '../src/service/refund/confirm-refund-notice.ts'
import { advanceDueRefund, claimDueRefunds } from '../src/service/refund/due-refunds.ts'
import { requestRefund } from '../src/service/refund/request-refund.ts'
import { Database } from '../src/store/d1/database.ts'
import { requestOutbox } from '../src/store/d1/outbox.ts'
import { d1Stores } from '../src/store/store.ts'
import { viewRows } from '../testing/d1/view-rows.ts'
import { type SendOutcome, SlowWeChat } from '../testing/interleaving/slow-wechat.ts'
import { type Choose, everyOrder, quiet, Stage } from '../testing/interleaving/stage.ts'
import { at, MERCHANT_IDS, ORDERCODE, PAYMENT } from '../testing/samples/order-samples.ts'
import { aRefund, NOW, paidView, R1, R2 } from '../testing/samples/refund-samples.ts'
import { d1Shim } from '../testing/simulation/d1/d1-shim.ts'
import { Sqlite } from '../testing/simulation/d1/sqlite.ts'

const sqlite = new Sqlite()
const ONE = toOutRefundNo(R1)
const TWO = toOutRefundNo(R2)
const PASSING_S = 61

type Act = (deps: Deps) => Promise<unknown>
type Scenario = Readonly<{
  view: OrderView
  /** Changes rows before the actors begin. */
  before?: string
  /** Whether WeChat has the refund already, because an answer was lost. */
  isAtWeChat?: boolean
  /** The last second in which a message of the refund may arrive at WeChat that was sent before. */
  isUnderWayUntil?: UnixSeconds
  /** How often a minute passes while the actors work. */
  minutes: number
  /** The actors before whose beginning minutes may pass. */
  late?: readonly string[]
  sends: SendOutcome
  actors: Readonly<Record<string, Act>>
}>

const put =
  (outRefundNo: OutRefundNo): Act =>
  (deps) => {
    const terms = { refundFee: toFen(30), reason: '缺货', account: 'unsettled' } as const
    return requestRefund(
      deps,
      ORDERCODE,
      { outRefundNo, transactionId: undefined, ...terms },
      'shop',
    )
  }
const cancel: Act = (deps) => cancelRefund(deps, ORDERCODE, ONE)
/** The shop calls the refund off, and then requests the same amount under another number. */
const replace: Act = async (deps) => {
  const cancelled = await cancelRefund(deps, ORDERCODE, ONE)
  return cancelled.ok ? put(TWO)(deps) : cancelled
}
const cron: Act = async (deps) => {
  const due = await claimDueRefunds(deps, 1)
  const [item] = due.byOrder.flat()
  if (item !== undefined) await due.reschedule([await advanceDueRefund(deps, item)])
}
const notice: Act = (deps) =>
  confirmRefundNotice(deps, {
    appid: PAYMENT.appid,
    outRefundNo: ONE,
    outTradeNo: PAYMENT.outTradeNo,
    transactionId: PAYMENT.transactionId,
    isUnderOldKey: false,
  })

/** A paid order whose refund was sent, and answered that the balance was too low. */
const sent = (): OrderView =>
  paidView([aRefund({ requestedAt: at(0), startedAt: at(0), errCode: 'NOTENOUGH' })])
/** An order whose payment only a notice has reported. */
const unconfirmed = (view: OrderView): OrderView => ({
  ...view,
  payments: view.payments.map((payment) => ({ ...payment, confirmedAt: undefined })),
})
const DUE = `UPDATE refunds SET due_at = ${NOW} WHERE state = 'requested'`

/** Plays one order of the steps, and checks after each step that no money can leave that is free again. */
async function play(scenario: Scenario, choose: Choose, outcomes: Set<string>): Promise<void> {
  const { view, before, isAtWeChat, isUnderWayUntil, minutes, sends, actors, late } = scenario
  let now: UnixSeconds = NOW
  let minutesLeft = minutes
  const stage = new Stage()
  const wechat = new SlowWeChat(() => now, PAYMENT)
  const heard: Record<string, string> = {}
  sqlite.batch(viewRows([view]).map(({ sql, params }) => ({ sql, values: params })))
  if (before !== undefined) sqlite.exec(before)
  const [refund] = view.refunds
  if (refund !== undefined) {
    if (isAtWeChat === true) wechat.make(refund)
    if (isUnderWayUntil !== undefined) wechat.depart(refund, isUnderWayUntil)
  }

  const turnOf = (name: string) => async () => {
    await stage.turn(name)
    heard[name] += `|${now}`
  }
  const depsOf = (name: string): Deps => {
    heard[name] = ''
    const turn = turnOf(name)
    const gate = async <T>(_label: string, run: () => T): Promise<T> => {
      await turn()
      const ran = run()
      heard[name] += JSON.stringify(ran)
      return ran
    }
    const timers = { after: () => () => {} }
    const database = new Database(d1Shim(sqlite, gate), timers, () => new Uint8Array(1))
    // The refund use cases read only these members of Deps.
    return {
      ...d1Stores(database, requestOutbox(false), MERCHANT_IDS.mchId, 'shop'),
      config: { ...MERCHANT_IDS, refundNotifyUrl: refund?.notifyUrl, refundLimits: NO_LIMITS },
      wechat: wechat.callsOf(turn, sends, (answer) => void (heard[name] += answer)),
      now: () => now,
      log: () => {},
      deliverSoon: () => {},
      // The actors use no other members, and a read of one would fail.
    } as unknown as Deps
  }
  const answers = Object.entries(actors).map(async ([name, act]) => {
    const deps = depsOf(name)
    if (late?.includes(name) === true) await turnOf(name)()
    const answer = await act(deps)
    heard[name] = `done ${JSON.stringify(answer)}`
  })
  await quiet()

  while (stage.waiting().length > 0) {
    const steps = [...stage.waiting(), ...(minutesLeft > 0 ? ['time'] : [])]
    const next = choose(steps, () => {
      check(wechat)
      return JSON.stringify([now, minutesLeft, heard, wechat.situation(), storedRows()])
    })
    if (next === undefined) return
    if (next === 'time') {
      minutesLeft--
      wechat.arrive(later(now, PASSING_S))
      now = later(now, PASSING_S)
    } else {
      await stage.step(next)
    }
  }
  await Promise.all(answers)
  // What is still on its way arrives.
  wechat.arrive(later(now, 1_000))
  check(wechat)
  const states = storedRefunds().map(({ number, state }) => `${number} ${state}`)
  outcomes.add(states.join(', ').replaceAll(R1, 'R1').replaceAll(R2, 'R2'))
}

const NO_LIMITS = { paused: false, perDay: undefined }

const rowsOf = (sql: string) => sqlite.run({ sql, values: [] }).rows

const storedRows = () => [rowsOf('SELECT * FROM refunds'), rowsOf('SELECT revision FROM orders')]

const storedRefunds = () =>
  rowsOf('SELECT * FROM refunds ORDER BY out_refund_no').map((row) => ({
    number: String(row['out_refund_no']),
    state: row['cancelled_at'] === null ? String(row['state']) : 'cancelled',
    isFree: row['state'] === 'closed' || row['state'] === 'refused',
  }))

/** The amount of a refund is free only if WeChat does not have the refund, and cannot get it any more. */
function check(wechat: SlowWeChat): void {
  for (const { number, state, isFree } of storedRefunds()) {
    const mayLeave = wechat.refunds.has(number) || wechat.mayArrive(number)
    if (isFree && mayLeave) throw new Error(`${number} is ${state}, but its money may leave`)
  }
  // The shop wanted to return this amount once, whatever number it used.
  if (wechat.paid() > 30) throw new Error('the payer got the money twice')
}

async function everyOutcome(scenario: Scenario) {
  const outcomes = new Set<string>()
  const situations = await everyOrder((choose) => play(scenario, choose, outcomes))
  return { outcomes: [...outcomes].toSorted(), situations }
}

/** What can become of the refunds in each scenario: nothing else may, and each must in some order. */
const SCENARIOS: readonly (readonly [string, Scenario, readonly string[]])[] = [
  [
    'another request sends it again',
    {
      view: sent(),
      minutes: 1,
      sends: 'answered',
      actors: { canceller: replace, sender: put(ONE) },
    },
    ['R1 cancelled, R2 processing', 'R1 cancelled, R2 requested', 'R1 processing', 'R1 requested'],
  ],
  [
    'another request sends it again and gets no answer',
    { view: sent(), minutes: 2, sends: 'lost', actors: { canceller: replace, sender: put(ONE) } },
    ['R1 cancelled, R2 requested', 'R1 processing', 'R1 requested'],
  ],
  [
    'the cron sends it again and gets no answer',
    { view: sent(), before: DUE, minutes: 2, sends: 'lost', actors: { canceller: cancel, cron } },
    ['R1 cancelled', 'R1 processing', 'R1 requested'],
  ],
  [
    'the cron sends it for the first time',
    {
      view: paidView([aRefund({ requestedAt: at(0) })]),
      before: DUE,
      minutes: 1,
      sends: 'answered',
      actors: { canceller: replace, cron },
    },
    ['R1 cancelled, R2 processing', 'R1 cancelled, R2 requested', 'R1 processing', 'R1 requested'],
  ],
  [
    'a sender has crashed whose message is still on its way',
    {
      view: sent(),
      before: `UPDATE refunds SET lease_no = 1, sending_until = ${at(3_640)}`,
      isUnderWayUntil: at(3_700),
      minutes: 3,
      late: ['canceller'],
      sends: 'answered',
      actors: { canceller: cancel },
    },
    ['R1 processing', 'R1 requested'],
  ],
  [
    'a sender hangs between its lease and its message, because it asks about the payment',
    {
      view: unconfirmed(sent()),
      minutes: 2,
      late: ['canceller'],
      sends: 'answered',
      actors: { canceller: cancel, sender: put(ONE) },
    },
    ['R1 cancelled', 'R1 processing', 'R1 requested'],
  ],
  [
    'WeChat has it, and its notice is confirmed',
    {
      view: sent(),
      isAtWeChat: true,
      minutes: 1,
      sends: 'lost',
      actors: { canceller: cancel, notice },
    },
    ['R1 processing'],
  ],
  [
    'another request and the cron send it',
    {
      view: sent(),
      before: DUE,
      minutes: 0,
      sends: 'answered',
      actors: { canceller: cancel, cron, sender: put(ONE) },
    },
    ['R1 cancelled', 'R1 processing'],
  ],
  [
    'it is called off a second time and sent again, without an answer',
    {
      view: sent(),
      minutes: 1,
      sends: 'lost',
      actors: { again: cancel, canceller: cancel, sender: put(ONE) },
    },
    ['R1 cancelled', 'R1 processing', 'R1 requested'],
  ],
]

describe('a refund is called off while', () => {
  it.each(SCENARIOS)(
    '%s: in every order, no money leaves that is free again, and none leaves twice',
    async (_name, scenario, expected) => {
      const { outcomes, situations } = await everyOutcome(scenario)
      expect(situations).toBeGreaterThan(5)
      expect(outcomes).toEqual(expected)
    },
    120_000,
  )
})
