import { describe, expect, it } from 'vitest'
import {
  compact,
  DAY,
  downloads,
  goTo,
  minutes,
  NEXT_DAY,
  paid,
  reconciled,
  refunded,
  reportOf,
  reviews,
  webhooks,
} from '../../../testing/bill-days.ts'
import { world, type World } from '../../../testing/world.ts'

/** Moves a refund to the bill of another day, as when WeChat's clock and ours differ by seconds. */
function moveRefund(w: ReturnType<typeof world>, outRefundNo: string, from: string, to: string) {
  const refund = w.wechat.books.refund(outRefundNo)
  if (refund === undefined) throw new Error('no refund')
  const yuan = (fen: number) => (fen / 100).toFixed(2)
  w.wechat.bills.change(compact(from), { kind: 'drop_row', number: outRefundNo })
  w.wechat.bills.change(compact(to), {
    kind: 'extra_row',
    row: 'refund',
    columns: {
      微信订单号: refund.transactionId,
      商户订单号: refund.outTradeNo,
      微信退款单号: refund.refundId,
      商户退款单号: outRefundNo,
      退款金额: yuan(refund.refundFee),
      申请退款金额: yuan(refund.refundFee),
    },
  })
}

describe('a bill that agrees with our records', () => {
  it('is reconciled automatically the next morning, with one webhook', async () => {
    const w = world()
    const names = ['图书,两本', 'a,`b', '茶, 咖啡,`0,`1', '"quoted", \'text\'']
    for (const [n, body] of names.entries()) {
      await paid(w, `agree-${n}`, { total_fee: 1_000 + n, body, attach: 'x,`y,z' })
    }
    await refunded(w, w.code('agree-0'), 'agree-r1', 300)
    await refunded(w, w.code('agree-1'), 'agree-r2', 1_001)
    w.advance(61)
    await refunded(w, w.code('agree-0'), 'agree-r3', 200)
    w.receiver.received.length = 0

    const report = await reconciled(w)

    expect(report).toMatchObject({
      date: DAY,
      state: 'reconciled',
      fetched_at: expect.stringMatching(/^2026-11-24T02:1\d:00Z$/),
      reconciled_at: expect.stringMatching(/^2026-11-24T02:1\d:00Z$/),
      last_error: null,
      bill: {
        rows: 7,
        payments: 4,
        total_fee: 4_006,
        refunds: 3,
        refund_fee: 1_501,
        others: 0,
        unreadable: 0,
      },
      books: { payments: 4, total_fee: 4_006 },
      difference_count: 0,
      differences: [],
    })
    expect(await reviews(w)).toEqual([])
    await minutes(w, 3)
    const sent = webhooks(w, 'bill.reconciled')
    expect(sent).toHaveLength(1)
    expect(sent[0]?.id).toContain(DAY)
    expect(sent[0]?.data).toEqual(report)
  })

  it('includes coupons, which are part of the amount', async () => {
    const w = world()
    const coupons = [
      { type: 'CASH', fee: 500 },
      { type: 'NO_CASH', fee: 300 },
    ] as const
    const { ordercode } = await paid(w, 'coupon', { total_fee: 8_800 }, { coupons })
    await refunded(w, ordercode, 'coupon-r', 8_800)
    const report = await reconciled(w)
    expect(report).toMatchObject({
      bill: { payments: 1, total_fee: 8_800, refunds: 1, refund_fee: 8_800 },
      difference_count: 0,
    })
  })

  /** Adds rows of the merchant's other mini programs and other systems, of which three have a number as ours are. */
  async function addOthers(w: World): Promise<{ known: string }> {
    const { ordercode } = await paid(w, 'ours')
    const known = await w.order('unpaid')
    const add = (row: 'payment' | 'refund', columns: Record<string, string>) =>
      w.wechat.bills.change(compact(DAY), { kind: 'extra_row', row, columns })
    // Another mini program of the merchant, whose number happens to be like ours.
    add('payment', { 公众账号ID: 'wx0000000000000002', 商户订单号: known })
    add('payment', { 公众账号ID: 'wx0000000000000002', 商户订单号: 'elsewhere-1' })
    add('refund', { 公众账号ID: 'wx0000000000000002', 商户订单号: ordercode })
    // Another system with our appid.
    add('payment', { 商户订单号: 'short' })
    add('payment', { 商户订单号: 'a_number_longer_than_any_ordercode_of_ours_may_be' })
    add('payment', { 商户订单号: 'till_0000017' })
    add('payment', { 商户订单号: `${known.slice(0, -1)}X*2` })
    add('refund', { 商户订单号: 'till_0000017' })
    return { known }
  }

  it('counts the rows of other systems, and neither records nor reviews them, when they share our appid', async () => {
    const w = world({ vars: { SHARED_APPID: 'yes' } })
    const { known } = await addOthers(w)
    const callsBefore = w.calls.length

    const report = await reconciled(w)

    expect(report).toMatchObject({
      bill: {
        rows: 9,
        payments: 1,
        total_fee: 8_800,
        refunds: 0,
        refund_fee: 0,
        others: 8,
        other_appids: 3,
        other_numbers: 2,
        unknown_orders: 3,
      },
      difference_count: 0,
    })
    expect(await reviews(w)).toEqual([])
    expect(await reviews(w, 'unknown_order')).toEqual([])
    expect((await w.read(known)).payments).toEqual([])
    // None of these payments and refunds is queried.
    const queries = w.calls.slice(callsBefore).filter((call) => /query/.test(call))
    expect(queries).toEqual([])
  })

  it('counts the rows of other systems apart from those that can be ours, when they do not share our appid', async () => {
    const w = world()
    await addOthers(w)

    const report = await reconciled(w)

    expect(report).toMatchObject({
      bill: {
        rows: 9,
        payments: 1,
        others: 5,
        other_appids: 3,
        other_numbers: 2,
        unknown_orders: 3,
      },
      difference_count: 3,
    })
    expect(report.differences.map(({ kind }) => kind)).toEqual([
      'payment_of_unknown_order',
      'payment_of_unknown_order',
      'refund_of_unknown_order',
    ])
  })

  it('is empty when nothing was paid, since "No Bill Exist" is no error', async () => {
    const w = world()
    await w.order('never-paid')
    const report = await reconciled(w, DAY, 1)
    expect(report).toMatchObject({
      bill: { rows: 0, payments: 0, total_fee: 0, refunds: 0, refund_fee: 0, others: 0 },
      books: { payments: 0, total_fee: 0 },
      difference_count: 0,
    })
    expect(downloads(w)).toBe(1)
    expect((await w.shop('GET', `/bills/${DAY}/raw`)).status).toBe(404)
  })

  it('is not requested for the days before the first order', async () => {
    const w = world()
    goTo(w, `${NEXT_DAY}T10:10`)
    await w.cron()
    expect(downloads(w)).toBe(0)
    await paid(w, 'first')
    await reconciled(w, NEXT_DAY)
    expect((await w.shop('GET', `/bills/${DAY}`)).status).toBe(404)
    expect(downloads(w)).toBe(1)
  })
})

describe('around midnight in Beijing', () => {
  it('a payment is in the bill of the day it was paid on, to the second', async () => {
    const w = world()
    goTo(w, `${DAY}T23:59:59`)
    await paid(w, 'before')
    goTo(w, `${NEXT_DAY}T00:00:00`)
    await paid(w, 'after')
    const [first, second] = [await reconciled(w, DAY), await reconciled(w, NEXT_DAY)]
    expect(first).toMatchObject({ bill: { payments: 1 }, books: { payments: 1 } })
    expect(second).toMatchObject({ bill: { payments: 1 }, books: { payments: 1 } })
    expect([first.difference_count, second.difference_count]).toEqual([0, 0])
  })

  it('a refund accepted just before midnight is no difference in either bill', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'late-refund')
    goTo(w, `${DAY}T23:59:58`)
    await refunded(w, ordercode, 'late-r', 100)
    expect(await reconciled(w, DAY)).toMatchObject({ bill: { refunds: 1 }, difference_count: 0 })
    expect((await reconciled(w, NEXT_DAY)).difference_count).toBe(0)
    expect(await reviews(w)).toEqual([])
  })

  it('a refund that WeChat dates a moment later, in the next bill, is no difference', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'skewed')
    goTo(w, `${DAY}T23:59:58`)
    await refunded(w, ordercode, 'skewed-r', 100)
    moveRefund(w, 'skewed-r', DAY, NEXT_DAY)
    expect(await reconciled(w, DAY)).toMatchObject({ bill: { refunds: 0 }, difference_count: 0 })
    expect(await reconciled(w, NEXT_DAY)).toMatchObject({
      bill: { refunds: 1 },
      difference_count: 0,
    })
    expect(await reviews(w)).toEqual([])
  })

  it('a refund that WeChat dates a moment earlier, in the previous bill, is no difference', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'early')
    goTo(w, `${NEXT_DAY}T00:00:01`)
    await refunded(w, ordercode, 'early-r', 100)
    moveRefund(w, 'early-r', NEXT_DAY, DAY)
    expect(await reconciled(w, DAY)).toMatchObject({ bill: { refunds: 1 }, difference_count: 0 })
    expect((await reconciled(w, NEXT_DAY)).difference_count).toBe(0)
    expect(await reviews(w)).toEqual([])
  })

  it('a refund just before midnight is no difference when the next bill is reconciled first', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'overtaken')
    goTo(w, `${DAY}T23:57:00`)
    await refunded(w, ordercode, 'overtaken-r', 100)
    goTo(w, `${NEXT_DAY}T12:00:00`)
    await paid(w, 'next-day')
    // The first day's bill is late by two days; the second one's is not.
    const late = { errorCode: '20002', returnMsg: 'Bill Creating' }
    w.wechat.bills.change(compact(DAY), { kind: 'unavailable', ...late })
    goTo(w, '2026-11-25T10:10')
    await minutes(w, 20)
    expect((await reportOf(w, NEXT_DAY))?.state).toBe('reconciled')
    w.wechat.bills.clearChanges()
    w.advance(3_600)
    expect((await reconciled(w, DAY)).difference_count).toBe(0)
    const about = (await reviews(w)).map(({ id }) => id)
    expect(about.filter((id) => !id.endsWith('bill_missing'))).toEqual([])
    expect((await reportOf(w, NEXT_DAY))?.difference_count).toBe(0)
  })

  it('a refund whose answer was lost is in the bill of the day WeChat accepted it', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'unanswered')
    goTo(w, `${DAY}T23:50:00`)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'reply_lost', times: 2 })
    const answer = await w.shop('PUT', `/orders/${ordercode}/refunds/unanswered-r`, {
      refund_fee: 100,
    })
    expect(await answer.json()).toMatchObject({ state: 'requested' })
    // The cron is down all night, so the bill is the first to show the refund.
    const first = await reconciled(w, DAY)
    expect(first.differences.filter(({ outcome }) => outcome !== 'booked')).toEqual([])
    await minutes(w, 10)
    expect((await w.read(ordercode)).refunds).toMatchObject([{ state: 'succeeded' }])
    expect((await reconciled(w, NEXT_DAY)).difference_count).toBe(0)
    expect(await reviews(w)).toEqual([])
  })
})
