/** D1 is restored to an hour ago, and the operator recovers as `docs/operations.md` says. */
import { describe, expect, it, vi } from 'vitest'
import { goTo, NEXT_DAY, onDownload, snapshot } from '../../testing/bill-days.ts'
import { changeBack, changeMerchant } from '../../testing/other-merchant.ts'
import { openReview, resolveReview } from '../../testing/refund-situations.ts'
import {
  called,
  paidOrder,
  pass,
  putRefund,
  refund,
  reviews,
} from '../../testing/refund-stories.ts'
import { MERCHANT, world, type World } from '../../testing/world.ts'

const rfc3339 = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
const recover = (w: World, sinceMs: number): Promise<Response> =>
  w.shop('POST', '/recover', { since: rfc3339(sinceMs) })

/** What `/runs` reports of the recovery in the latest run; undefined when it is finished. */
async function leftOf(w: World): Promise<unknown> {
  const answer = await w.shop('GET', '/runs')
  const { runs } = await answer.json<{ runs: { recovery?: unknown }[] }>()
  return runs[0]?.recovery
}

/** WeChat does not answer orderquery, or only that of one number. @returns a function that ends this. */
function failing(w: World, outTradeNo = ''): () => void {
  const real = w.wechat.fetch
  const spy = vi.spyOn(w.wechat, 'fetch').mockImplementation(async (request) => {
    const isQuery = request.url.endsWith('/pay/orderquery')
    if (
      isQuery &&
      (await request.clone().text()).includes(outTradeNo === '' ? '' : `[${outTradeNo}]`)
    )
      throw new TypeError('Network connection lost.')
    return real(request)
  })
  return () => spy.mockRestore()
}

const noBillExist = () =>
  new Response(
    '<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[No Bill Exist]]></return_msg><error_code><![CDATA[20002]]></error_code></xml>',
  )

/** What a shop knows that follows the README: of each subject, the webhook with the greatest revision. */
function shopOf(w: World) {
  const known = new Map<string, { type: string; revision: number }>()
  for (const { type, data } of w.receiver.received as readonly ReceivedJson[]) {
    const subject = `${data.ordercode}`
    if (type !== 'order.paid' && type !== 'order.closed' && type !== 'payment.returned') continue
    const revision = data.revision ?? 0
    if ((known.get(subject)?.revision ?? 0) <= revision) known.set(subject, { type, revision })
  }
  return known
}
type ReceivedJson = Readonly<{ type: string; data: { ordercode?: string; revision?: number } }>

describe('after the database was restored to an hour ago', () => {
  it('payments, refunds and closes since then are found, nothing is refunded twice, and the shop misses nothing', async () => {
    const w = world({ vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } })
    // Before the restore point: one order paid, one shipped and later refunded in part, one at the cashier.
    const early = await paidOrder(w, 'early')
    const shipped = await paidOrder(w, 'shipped')
    const cashier = await w.order('cashier')
    await w.pay(cashier, w.wechat.payer.newOpenid())
    const restore = await snapshot()
    const since = w.now()

    // What the restore loses: a payment, a partial refund, and a new order with its payment.
    await pass(w, 5)
    w.wechat.payer.pay(cashier)
    await pass(w, 2)
    expect((await w.read(cashier)).state).toBe('paid')
    expect((await refund(w, shipped.ordercode, 'R1', 3_000)).state).toBe('processing')
    await pass(w, 8)
    const lost = await paidOrder(w, 'lost')
    await pass(w, 45)
    expect((await w.read(shipped.ordercode)).refunded_fee).toBe(3_000)
    const before = shopOf(w)
    const refundsBefore = w.wechat.books.refundedFen()

    await restore()
    expect((await w.shop('GET', `/orders/${lost.ordercode}`)).status).toBe(404)
    expect((await w.read(cashier)).state).toBe('paying')
    expect((await recover(w, since)).status).toBe(202)
    await pass(w, 10)

    // Found by queries: the payment, and the refund of which our records knew nothing any more.
    expect((await w.read(cashier)).state).toBe('paid')
    const order = await w.read(shipped.ordercode)
    expect(order).toMatchObject({ state: 'paid', refunded_fee: 3_000 })
    expect(order.revision).toBeGreaterThan(10_000)
    expect(order.payments).toMatchObject([{ returned: false }])
    expect((await w.read(early.ordercode)).refunded_fee).toBe(0)
    expect(w.receiver.types()).not.toContain('payment.returned')
    expect(await reviews(w, '?open=true')).toEqual([])
    // Repeating the refund with its own number is the same refund.
    expect(await refund(w, shipped.ordercode, 'R1', 3_000)).toMatchObject({ state: 'succeeded' })

    // The new order is in the next day's bill. The shop registers it again, and its review is accepted.
    for (let hour = 0; hour < 24; hour++) {
      w.advance(3_600)
      await pass(w, 2)
    }
    const { id, evidence } = await openReview(w, 'unknown_order')
    expect(evidence).toMatchObject({ transaction_id: lost.transactionId })
    const early409 = await resolveReview(w, id, { note: 'ours', action: 'accept' })
    expect(early409.status).toBe(409)
    await w.shop('PUT', `/orders/${lost.ordercode}`, { total_fee: 8_800, body: '测试商店-图书' })
    const accepted = await resolveReview(w, id, { note: 'ours', action: 'accept' })
    expect(accepted.status).toBe(200)
    expect(await w.read(lost.ordercode)).toMatchObject({
      state: 'paid',
      transaction_id: lost.transactionId,
    })
    await w.settled()

    // The shop that drops smaller revisions knows every order as it is, and no money left twice.
    const after = shopOf(w)
    for (const ordercode of [early.ordercode, shipped.ordercode, cashier, lost.ordercode]) {
      expect(after.get(ordercode)?.type, ordercode).toBe('order.paid')
    }
    for (const ordercode of [cashier, lost.ordercode]) {
      const gain = (after.get(ordercode)?.revision ?? 0) - (before.get(ordercode)?.revision ?? 0)
      expect(gain, ordercode).toBeGreaterThanOrEqual(10_000)
    }
    expect(w.wechat.books.refundedFen()).toBe(refundsBefore)
  })

  it('a refund is not made again under another number without the lost ones being known first', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'twice')
    // The payment is confirmed before the backup.
    await putRefund(w, ordercode, 'R0', 100)
    await pass(w, 8)
    const restore = await snapshot()
    const since = w.now()
    await pass(w, 2)
    await putRefund(w, ordercode, 'R1', 6_000)
    await pass(w, 8)
    await restore()
    expect((await recover(w, since)).status).toBe(202)

    // The shop does not wait for the cron.
    expect((await putRefund(w, ordercode, 'R2', 6_000)).status).toBe(201)
    const known = (await w.read(ordercode)).refunds.map((each) => each.out_refund_no)
    expect(known.toSorted()).toEqual(['R0', 'R1', 'R2'])
    await pass(w, 10)

    expect(w.wechat.books.refundedFen()).toBe(6_100)
    expect(called(w, '/secapi/pay/refund')).toBeGreaterThan(0)
    const order = await w.read(ordercode)
    expect(order.refunded_fee).toBe(6_100)
    const states = order.refunds.map(({ state }) => state).toSorted()
    expect(states).toEqual(['refused', 'succeeded', 'succeeded'])
  })

  it('an order does not expire before WeChat has answered about its attempts: a payment in time is none that goes back', async () => {
    const w = world({ vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } })
    const ordercode = await w.order('in-time')
    for (const payer of [w.wechat.payer.newOpenid(), w.wechat.payer.newOpenid()]) {
      expect((await w.pay(ordercode, payer)).status).toBe(200)
      w.advance(60)
    }
    const restore = await snapshot()
    const since = w.now()
    // The first attempt is closed here, but WeChat lets a payment of it through.
    expect(w.wechat.payer.pay(ordercode, { despiteClose: true })).toMatchObject({ ok: true })
    await w.deliverNotices()
    expect((await w.read(ordercode)).state).toBe('paid')
    await restore()
    await recover(w, since)
    const answer = failing(w, ordercode)
    w.advance(3 * 3_600)
    await pass(w, 12, { notices: false })
    expect((await w.read(ordercode)).state).toBe('paying')
    answer()

    await pass(w, 20, { notices: false })

    expect(await w.read(ordercode)).toMatchObject({ state: 'paid', refunds: [] })
    expect(w.wechat.books.refundedFen()).toBe(0)
  })

  it('reports in /runs what is left, and ends', async () => {
    const w = world()
    await paidOrder(w, 'one')
    expect((await recover(w, w.now() - 3_600_000)).status).toBe(202)
    w.advance(60)
    await w.cron()
    const runs = async () =>
      (await (await w.shop('GET', '/runs')).json<{ runs: { recovery?: unknown }[] }>()).runs
    expect((await runs())[0]?.recovery).toMatchObject({ attempts: 0, bills: 0 })
    w.advance(60)
    await w.cron()
    expect((await runs())[0]?.recovery).toBeUndefined()
  })
})

describe('after a total loss, when the restored database has no orders', () => {
  /** Loses an order and its payment, recovers the next morning at `clock`, and runs the cron until half past ten. */
  async function recovered(name: string, clock: string) {
    const w = world()
    const restore = await snapshot()
    const since = w.now()
    const lost = await paidOrder(w, name)
    await restore()
    goTo(w, `${NEXT_DAY}T${clock}`)
    return { w, since, lost }
  }

  it('the bills since then are fetched all the same, and the payments can be accepted', async () => {
    const { w, since, lost } = await recovered('total', '11:00:00')
    await recover(w, since)
    await pass(w, 5)

    const { id } = await openReview(w, 'unknown_order')
    await w.shop('PUT', `/orders/${lost.ordercode}`, { total_fee: 8_800, body: '测试商店-图书' })
    expect((await resolveReview(w, id, { note: 'ours', action: 'accept' })).status).toBe(200)
    expect((await w.read(lost.ordercode)).transaction_id).toBe(lost.transactionId)
  })

  it('the recovery is not finished before WeChat has made the bill of yesterday, and believes no early "No Bill Exist"', async () => {
    const { w, since } = await recovered('early', '09:30:00')
    await recover(w, since)
    await pass(w, 1)
    expect(await leftOf(w)).toMatchObject({ bills: 1 })
    goTo(w, `${NEXT_DAY}T10:10:00`)
    let isEarly = true
    onDownload(w, () => Promise.resolve(isEarly ? noBillExist() : undefined))
    await pass(w, 2)
    expect(await leftOf(w)).toMatchObject({ bills: 1 })

    isEarly = false
    await pass(w, 15)
    expect(await leftOf(w)).toBeUndefined()
    await openReview(w, 'unknown_order')
  })

  it('a day whose bill was fetched before the recovery began is fetched anew, and a day before it is added', async () => {
    const { w, since, lost } = await recovered('registered', '11:00:00')
    await w.shop('PUT', `/orders/${w.code('new')}`, { total_fee: 1, body: '测试商店-图书' })
    goTo(w, '2026-11-25T10:20:00')
    await pass(w, 3)
    expect(await reviews(w, '?open=true')).toEqual([])
    await recover(w, since)
    await pass(w, 5)
    expect((await openReview(w, 'unknown_order')).evidence).toMatchObject({
      transaction_id: lost.transactionId,
    })
  })
})

describe('a recovery', () => {
  it('is not finished while WeChat does not answer about an attempt', async () => {
    const w = world()
    const ordercode = await w.order('unanswered', { expires_in: 86_400 })
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await pass(w, 70)
    await recover(w, w.now() - 3_600_000)
    const stop = failing(w)
    await pass(w, 3)
    expect(await leftOf(w)).toMatchObject({ attempts: 1, other_merchants: 0 })
    stop()
    await pass(w, 65)
    expect(await leftOf(w)).toBeUndefined()
  })

  it('is not finished while attempts of another merchant number wait, says so, and ends once they are answered', async () => {
    const w = world()
    const ordercode = await w.order('other', { expires_in: 86_400 })
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await recover(w, w.now() - 3_600_000)
    changeMerchant(w)
    await pass(w, 5)
    expect(await leftOf(w)).toMatchObject({ attempts: 1, other_merchants: 1 })

    changeBack(w)
    await pass(w, 3)
    expect(await leftOf(w)).toBeUndefined()
  })

  it('ends when the operator gives the other merchant number up', async () => {
    const w = world()
    const ordercode = await w.order('given-up', { expires_in: 86_400 })
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await recover(w, w.now() - 3_600_000)
    changeMerchant(w)
    await pass(w, 2)
    await resolveReview(w, (await openReview(w, 'other_merchant')).id, { note: 'gone' })
    await pass(w, 2)
    expect(await leftOf(w)).toBeUndefined()
  })
})

describe('the accept of a payment of an unknown order', () => {
  /** The payment of a lost order, whose order is registered again, under the review of its notice. */
  async function underReview(name: string) {
    const w = world()
    const restore = await snapshot()
    const ordercode = await w.order(name)
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await restore()
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    await w.shop('PUT', `/orders/${ordercode}`, { total_fee: 8_800, body: '测试商店-图书' })
    return { w, ordercode, id: (await openReview(w, 'unknown_order')).id }
  }

  it('asks WeChat with the appid of the payment, also when WX_APPID was changed since', async () => {
    const { w, ordercode, id } = await underReview('appid')
    w.redeploy({ WX_APPID: 'wx0123456789abcdef' })
    expect((await resolveReview(w, id, { note: 'ours', action: 'accept' })).status).toBe(200)
    expect((await w.read(ordercode)).state).toBe('paid')
    const { results } = await w.db
      .prepare('SELECT appid FROM attempts WHERE ordercode = ?')
      .bind(ordercode)
      .all()
    expect(results).toEqual([{ appid: MERCHANT.appid }])
  })

  it('is refused under another merchant number, and asks WeChat nothing', async () => {
    const { w, ordercode, id } = await underReview('mch')
    changeMerchant(w)
    const calls = w.calls.length
    const answer = await resolveReview(w, id, { note: 'ours', action: 'accept' })
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'other_merchant' })
    expect(w.calls.length).toBe(calls)
    expect((await w.read(ordercode)).state).toBe('created')
  })

  it('is refused where the review is of a version that did not store the appid', async () => {
    const { w, ordercode, id } = await underReview('old')
    await w.db
      .prepare(`UPDATE reviews SET evidence = json_remove(evidence, '$.appid', '$.mch_id')`)
      .run()
    const answer = await resolveReview(w, id, { note: 'ours', action: 'accept' })
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'action_not_allowed' })
    expect((await w.read(ordercode)).state).toBe('created')
  })
})

describe('POST /recover', () => {
  it('is idempotent: repeated, it begins nothing again', async () => {
    const w = world()
    const since = w.now() - 3_600_000
    const first = await (await recover(w, since)).json()
    w.advance(60)
    expect(await (await recover(w, since)).json()).toEqual(first)
  })

  it.each([
    ['in the future', 60_000],
    ['longer ago than WeChat keeps bills', -100 * 86_400_000],
  ])('refuses a time %s', async (_, offset) => {
    const w = world()
    expect((await recover(w, w.now() + offset)).status).toBe(400)
  })

  it('is refused without a token', async () => {
    const w = world()
    expect((await w.fetch('/recover', { method: 'POST', body: '{}' })).status).toBe(401)
  })

  it('gives a new order a revision above all that its lost records may have had', async () => {
    const w = world()
    await recover(w, w.now() - 60_000)
    const ordercode = await w.order('again')
    expect((await w.read(ordercode)).revision).toBeGreaterThan(10_000)
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    expect((await w.read(ordercode)).state).toBe('paid')
  })
})
