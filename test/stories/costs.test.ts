/**
 * What each item of a run of the cron costs, measured in the real database, against what the budget assumes
 * (`src/service/costs.ts`). An item that costs more than is assumed could be begun and not be finished.
 */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { Budget } from '../../src/ports/budget.ts'
import type { HttpDeps } from '../../src/routes/http/deps.ts'
import { advanceBill, claimDueBill } from '../../src/service/bill/reconcile-bill.ts'
import { resolveDifference } from '../../src/service/bill/resolve-difference.ts'
import { CLAIM_WEBHOOKS, COSTS, RARE_EXCESS, withoutRare } from '../../src/service/costs.ts'
import { followUpAttempt, followUpOrder } from '../../src/service/order/follow-up.ts'
import { advanceDueRefund, claimDueRefunds } from '../../src/service/refund/due-refunds.ts'
import { PLAN_BUDGETS } from '../../src/service/run/plan.ts'
import { claimDueWebhooks } from '../../src/service/webhook/due-webhooks.ts'
import { compact, DAY, goTo, lost, paid } from '../../testing/bill-days.ts'
import { emptyTables } from '../../testing/d1/tables.ts'
import { watchDatabase } from '../../testing/d1/watched-database.ts'
import { paidOrder, paidTwice, putRefund, refund } from '../../testing/refund-stories.ts'
import { world, type WorldOptions } from '../../testing/world.ts'

const RETURNING = { vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } }
const EXPIRED_S = 7_300
/** The statements that the free plan allows in one invocation. */
const FREE_PLAN = 50
const SMALLEST = { calls: 10, statements: 40 }

/** Rows of the database that one item may read and write, index entries included. */
const ROWS: Readonly<Record<keyof typeof COSTS, Readonly<{ read: number; written: number }>>> = {
  order: { read: 85, written: 40 },
  refund: { read: 60, written: 21 },
  // With the claim, and the reading of its order.
  webhook: { read: 40, written: 10 },
  billStep: { read: 90, written: 25 },
}

type Measured = Readonly<{ calls: number; statements: number; read: number; written: number }>

function measuredWorld(options: WorldOptions = {}) {
  const watched = watchDatabase(env.DB)
  const w = world({ ...options, wrapDb: () => watched.db })
  return {
    w,
    /** The work of one item, in a Worker of its own, whose webhooks wait as they do in a run. */
    async measure(work: (deps: HttpDeps) => Promise<unknown>): Promise<Measured> {
      const deps: HttpDeps = { ...w.worker(), deliverSoon: () => {} }
      watched.reset()
      await work(deps)
      return { ...deps.used(), read: watched.rowsRead(), written: watched.rowsWritten() }
    },
    async view(ordercode: string) {
      const view = await w.worker().orders.load(ordercode)
      if (view === undefined) throw new Error(`no order ${ordercode}`)
      return view
    },
  }
}

/** An order whose payer was at the cashier. */
async function opened(w: ReturnType<typeof world>, name: string): Promise<string> {
  const ordercode = await w.order(name)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  return ordercode
}

const ORDERS: Readonly<Record<string, () => Promise<Measured>>> = {
  async 'an unpaid order that expires'() {
    const { w, measure, view } = measuredWorld()
    const ordercode = await opened(w, 'expires')
    w.advance(EXPIRED_S)
    const before = await view(ordercode)
    return measure((deps) => followUpOrder(deps, before))
  },
  async 'rare: an order that expires and was paid in the last minute'() {
    const { w, measure, view } = measuredWorld()
    const { ordercode } = await lost(w, 'last')
    w.advance(EXPIRED_S)
    const before = await view(ordercode)
    return measure((deps) => followUpOrder(deps, before))
  },
  async 'an attempt whose notice was lost'() {
    const { w, measure, view } = measuredWorld()
    const { ordercode } = await lost(w, 'lost')
    const before = await view(ordercode)
    return measure((deps) => followUpAttempt(deps, before, 1))
  },
  'rare: a late payment': () => latePayment({}),
  'rare: a late payment that goes back': () => latePayment(RETURNING),
  async 'rare: a second payment'() {
    const { w, measure, view } = measuredWorld()
    const { ordercode } = await paidTwice(w, 'twice')
    await followUpAttempt(w.worker(), await view(ordercode), 2)
    const before = await view(ordercode)
    return measure((deps) => followUpAttempt(deps, before, 1))
  },
  async 'rare: a payment whose money went back in four parts before we heard of it'() {
    const { w, measure, view } = measuredWorld()
    const { ordercode } = await lost(w, 'gone')
    for (const refundFee of [8_000, 500, 200, 50])
      w.wechat.platform.refund(ordercode, { refundFee })
    await followUpAttempt(w.worker(), await view(ordercode), 1)
    const before = await view(ordercode)
    return measure((deps) => followUpAttempt(deps, before, 1))
  },
}

async function latePayment(options: WorldOptions): Promise<Measured> {
  const { w, measure, view } = measuredWorld(options)
  const ordercode = await opened(w, 'late')
  w.advance(EXPIRED_S)
  await followUpOrder(w.worker(), await view(ordercode))
  w.wechat.notices.ofPayments.loseNext(ordercode)
  expect(w.wechat.payer.pay(ordercode, { despiteClose: true }).ok).toBe(true)
  w.advance(700)
  const before = await view(ordercode)
  return measure((deps) => followUpAttempt(deps, before, 1))
}

const REFUNDS: Readonly<Record<string, () => Promise<Measured>>> = {
  async 'a refund that is sent again'() {
    const bench = measuredWorld()
    const { w } = bench
    const { ordercode } = await paidOrder(w, 'again')
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'request_lost', times: 2 })
    await putRefund(w, ordercode, 'R1', 100)
    w.advance(400)
    return advanceFirst(bench)
  },
  async 'an automatic refund'() {
    const bench = measuredWorld()
    const { w, view } = bench
    const { ordercode } = await paidTwice(w, 'auto')
    await followUpAttempt(w.worker(), await view(ordercode), 2)
    await followUpAttempt(w.worker(), await view(ordercode), 1)
    w.advance(60)
    return advanceFirst(bench)
  },
  async 'an automatic refund that WeChat refuses'() {
    const bench = measuredWorld()
    const { w, view } = bench
    const { ordercode } = await paidTwice(w, 'refused')
    await followUpAttempt(w.worker(), await view(ordercode), 2)
    await followUpAttempt(w.worker(), await view(ordercode), 1)
    w.wechat.faults.inject({
      endpoint: 'refund',
      kind: 'err_code',
      errCode: 'TRADE_OVERDUE',
      errCodeDes: '订单已经超过退款期限',
    })
    w.advance(60)
    return advanceFirst(bench)
  },
  async 'an automatic refund that WeChat refuses in words'() {
    const bench = measuredWorld()
    const { w, view } = bench
    const { ordercode } = await paidTwice(w, 'words')
    await followUpAttempt(w.worker(), await view(ordercode), 2)
    await followUpAttempt(w.worker(), await view(ordercode), 1)
    w.wechat.platform.refund(ordercode, { refundFee: 1 })
    const words = { errCode: 'ERROR', errCodeDes: '订单已全额退款' }
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', ...words })
    w.advance(60)
    return advanceFirst(bench)
  },
  async 'a refund that waits for an hour'() {
    const bench = measuredWorld()
    const { w } = bench
    const { ordercode } = await paidOrder(w, 'hour')
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 100)
    w.advance(3_600)
    return advanceFirst(bench)
  },
  async 'a refund that waits for a month, and WeChat refuses the certificate'() {
    const bench = measuredWorld()
    const { w } = bench
    const { ordercode } = await paidOrder(w, 'month')
    const refusal = { errCode: 'CERT_ERROR', errCodeDes: '?', times: 99 }
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', ...refusal })
    await refund(w, ordercode, 'R1', 100)
    w.advance(31 * 86_400)
    return advanceFirst(bench)
  },
  async 'a refund that succeeded meanwhile'() {
    const bench = measuredWorld()
    const { w } = bench
    const { ordercode } = await paidOrder(w, 'succeeded')
    await refund(w, ordercode, 'R1', 100)
    w.advance(600)
    return advanceFirst(bench)
  },
  async 'a refund that is overdue'() {
    const bench = measuredWorld()
    const { w } = bench
    const { ordercode } = await paidOrder(w, 'overdue')
    w.wechat.platform.holdRefunds()
    await refund(w, ordercode, 'R1', 100)
    w.advance(31 * 86_400)
    return advanceFirst(bench)
  },
}

/** Claims the refund that is due, and measures its step alone. */
async function advanceFirst({ w, measure }: ReturnType<typeof measuredWorld>): Promise<Measured> {
  const due = await claimDueRefunds(w.worker(), 1)
  const item = due.byOrder[0]?.[0]
  if (item === undefined) throw new Error('no refund is due')
  return measure((deps) => advanceDueRefund(deps, item))
}

const WEBHOOKS: Readonly<Record<string, () => Promise<Measured>>> = {
  async 'a webhook that is delivered'() {
    const { w, measure } = measuredWorld()
    await paid(w, 'told')
    await makeDue(0)
    return sendClaimed(w, measure)
  },
  async 'a webhook that is given up'() {
    const { w, measure } = measuredWorld()
    w.receiver.answerAlways(() => Promise.resolve(new Response(null, { status: 500 })))
    await paid(w, 'given-up')
    await makeDue(9)
    return sendClaimed(w, measure)
  },
}

/** Makes all webhooks due as before a try, whose body must be rendered. */
const makeDue = (step: number): Promise<unknown> =>
  env.DB.prepare(
    "UPDATE deliveries SET state = 'pending', step = ?, due_at = created_at, delivered_at = NULL, body = NULL",
  )
    .bind(step)
    .run()

/** One webhook that the cron has claimed, sent and stored. */
async function sendClaimed(
  w: ReturnType<typeof world>,
  measure: (work: (deps: HttpDeps) => Promise<unknown>) => Promise<Measured>,
): Promise<Measured> {
  w.advance(600)
  return measure(async (deps) => {
    const due = await claimDueWebhooks(deps, 'money', 9)
    const [delivery] = due.claimed
    if (delivery === undefined) throw new Error('no webhook is due')
    const before = deps.used()
    await due.send(delivery)
    await due.save([])
    expect(before.statements).toBeLessThanOrEqual(CLAIM_WEBHOOKS.statements)
    claimed = before.statements
  }).then((all) => ({ ...all, statements: all.statements - claimed }))
}
let claimed = 0

const BILLS: Readonly<Record<string, () => Promise<Measured>>> = {
  'a payment that only the bill knows': () => billed({}, async (w) => void (await lost(w, 'bill'))),
  'rare: a late payment that only the bill knows': () =>
    billed(RETURNING, async (w) => {
      const ordercode = await opened(w, 'bill')
      await w.shop('POST', `/orders/${ordercode}/close`)
      w.wechat.notices.ofPayments.loseNext(ordercode)
      w.wechat.payer.pay(ordercode, { despiteClose: true })
    }),
  'a refund that only the bill knows': () =>
    billed({}, async (w) => {
      const { ordercode } = await paid(w, 'bill')
      w.wechat.platform.refund(ordercode, { refundFee: 100, outRefundNo: 'manual-1' })
    }),
  'a payment that the bill does not know': () =>
    billed({}, async (w) => {
      await paid(w, 'another')
      const { transactionId } = await paid(w, 'bill')
      w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
    }),
}

/** One step of a bill: the difference that the story left, resolved, and the bill saved. */
async function billed(
  options: WorldOptions,
  story: (w: ReturnType<typeof world>) => Promise<void>,
): Promise<Measured> {
  const { w, measure } = measuredWorld(options)
  await story(w)
  await w.settled()
  goTo(w, `${DAY}T23:59:00`)
  w.advance(86_400 / 2)
  const deps = w.worker()
  const claimed = await claimDueBill(deps)
  if (claimed === undefined) throw new Error('no bill is due')
  // A budget for one page: the bill is compared, and its difference is left open.
  let asked = 0
  const onePage = new Budget(() => ({ calls: 0, statements: asked++ }), COSTS.billStep)
  await advanceBill(deps, claimed, onePage)
  const [difference] = await deps.bills.openDifferences(claimed.day, 10)
  if (difference === undefined) throw new Error('nothing differs')
  return measure((each) => resolveDifference(each, claimed, difference))
}

const KINDS = { order: ORDERS, refund: REFUNDS, webhook: WEBHOOKS, billStep: BILLS } as const

describe.each(Object.keys(KINDS) as (keyof typeof KINDS)[])('an item of kind %s', (kind) => {
  it('costs what the budget assumes, and a rare one what the reserve absorbs', async () => {
    const usual: Record<string, Measured> = {}
    const rare: Record<string, Measured> = {}
    for (const [name, scenario] of Object.entries(KINDS[kind])) {
      await emptyTables(env.DB)
      const group = name.startsWith('rare: ') ? rare : usual
      group[name] = await scenario()
    }
    const all = Object.values({ ...usual, ...rare })
    const most = (of: readonly Measured[], name: keyof Measured): number =>
      Math.max(0, ...of.map((each) => each[name]))

    const table = JSON.stringify({ ...usual, ...rare }, null, 2)
    const { calls, statements } = COSTS[kind]
    expect(most(all, 'calls'), table).toBeLessThanOrEqual(calls)
    expect(most(Object.values(usual), 'statements'), table).toBeLessThanOrEqual(statements)
    // No more is assumed than is needed: what the budget keeps back, nobody uses.
    expect(most(Object.values(usual), 'statements'), table).toBeGreaterThanOrEqual(statements - 3)
    const rarest = most(Object.values(rare), 'statements')
    expect(Math.max(0, rarest - statements), table).toBe(RARE_EXCESS[kind])
    const { free } = PLAN_BUDGETS
    expect(RARE_EXCESS[kind]).toBeLessThanOrEqual(free.statements - withoutRare(free).statements)
    expect(free.statements).toBeLessThan(FREE_PLAN)
    // A smaller budget keeps no reserve, but leaves one of what the platform allows.
    expect(RARE_EXCESS[kind]).toBeLessThanOrEqual(FREE_PLAN - withoutRare(SMALLEST).statements)
    expect(most(all, 'read'), table).toBeLessThanOrEqual(ROWS[kind].read)
    expect(most(all, 'written'), table).toBeLessThanOrEqual(ROWS[kind].written)
  })
})
