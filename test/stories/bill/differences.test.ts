import { describe, expect, it } from 'vitest'
import type { BillChange } from '../../../simulator/state/bill-plan.ts'
import {
  compact,
  DAY,
  type DifferenceJson,
  goTo,
  lost,
  minutes,
  NEXT_DAY,
  paid,
  reconciled,
  refunded,
  type Report,
  reportOf,
  reviews,
  runNow,
  sources,
  webhooks,
} from '../../../testing/bill-days.ts'
import { stopQueries } from '../../../testing/bill-situations.ts'
import { world, type World } from '../../../testing/world.ts'

const change = (w: World, it: BillChange): void => w.wechat.bills.change(compact(DAY), it)

/** Makes every orderquery fail until the faults are cleared. */
function loseQueries(w: World): void {
  w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 10_000 })
}

/** Expects exactly one difference, in the report, a review and a webhook, and returns it. */
async function onlyReview(w: World, report: Report, expected: Partial<DifferenceJson>) {
  expect(report.differences).toMatchObject([{ ...expected, outcome: 'review' }])
  await expectReviews(w, report)
  return report.differences[0] as DifferenceJson
}

/** Expects one review and one webhook for every difference that was not recorded. */
async function expectReviews(w: World, report: Report): Promise<void> {
  const open = report.differences.filter(({ outcome }) => outcome === 'review')
  expect(report.difference_count).toBe(report.differences.length)
  for (const each of open) {
    expect(each.review_id).toBe(`bill_difference.${DAY}.${each.kind}.${each.subject}`)
  }
  const opened = await reviews(w)
  const ids = open.map(({ review_id: id }) => id)
  expect(opened.map(({ id }) => id).sort()).toEqual(ids.toSorted())
  for (const each of open) {
    const review = opened.find(({ id }) => id === each.review_id)
    expect(review?.ordercode).toBe(each.ordercode)
    // The review shows the operator both sides.
    for (const side of [each.bill, each.books]) {
      for (const value of Object.values(side ?? {})) {
        expect(Object.values(review?.evidence ?? {})).toContain(value)
      }
    }
  }
  await minutes(w, 5)
  const sent = webhooks(w, 'review.opened').map(({ data }) => data['id'])
  expect(sent.filter((id) => String(id).startsWith('bill_difference.')).sort()).toEqual(
    ids.toSorted(),
  )
}

describe('a payment that only the bill reports', () => {
  it('is confirmed by a query, recorded and sent to the shop', async () => {
    const w = world()
    loseQueries(w)
    const { ordercode, transactionId } = await lost(w, 'silent')
    await paid(w, 'heard')
    await minutes(w, 15)
    expect((await w.read(ordercode)).state).toBe('paying')
    goTo(w, `${NEXT_DAY}T10:10`)
    // The bill comes before the next query.
    await stopQueries(w)
    w.wechat.faults.clear()

    const report = await reconciled(w)

    expect(report).toMatchObject({
      bill: { payments: 2, total_fee: 17_600, others: 0 },
      books: { payments: 2, total_fee: 17_600 },
      difference_count: 1,
      differences: [
        {
          kind: 'payment_not_here',
          subject: transactionId,
          ordercode,
          bill: { transaction_id: transactionId, out_trade_no: ordercode, total_fee: 8_800 },
          books: null,
          outcome: 'booked',
          review_id: null,
        },
      ],
    })
    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      transaction_id: transactionId,
      paid_at: '2026-11-23T04:00:00Z',
    })
    expect(await sources(w, ordercode)).toEqual(['bill'])
    await minutes(w, 3)
    const sent = webhooks(w, 'order.paid').filter(({ data }) => data['ordercode'] === ordercode)
    expect(sent).toHaveLength(1)
    expect(await reviews(w)).toEqual([])
    // The payment is no difference when the day is run again.
    await runNow(w)
    expect(await reviews(w)).toEqual([])
  })

  it('is recorded as late when the order is closed', async () => {
    const w = world()
    const ordercode = await closedThenPaid(w, 'closed-late')
    const report = await reconciled(w)
    expect(report.differences).toMatchObject([
      { kind: 'payment_not_here', ordercode, outcome: 'booked', review_id: null },
    ])
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(await sources(w, ordercode)).toEqual(['bill'])
    await minutes(w, 3)
    expect(webhooks(w, 'order.paid').map(({ data }) => data['ordercode'])).toEqual([ordercode])
    expect(await reviews(w, 'late_payment')).toHaveLength(1)
    expect(await reviews(w)).toEqual([])
  })

  it('is returned when the order is closed and late payments are returned', async () => {
    const w = world({ vars: { LATE_PAYMENT: 'refund', WX_CERT: 'bound' } })
    const ordercode = await closedThenPaid(w, 'closed-back')
    const report = await reconciled(w)
    expect(report.differences).toMatchObject([{ kind: 'payment_not_here', outcome: 'booked' }])
    await minutes(w, 10)
    expect(webhooks(w, 'order.paid')).toEqual([])
    expect(webhooks(w, 'payment.returned')).toHaveLength(1)
    expect((await w.read(ordercode)).refunded_fee).toBe(8_800)
    expect(w.wechat.books.refundedFen()).toBe(8_800)
    // The automatic refund was accepted on the second day, and is in its bill.
    expect((await reconciled(w, NEXT_DAY)).difference_count).toBe(0)
  })

  it('is recorded together with its refund, and without order.paid, when the operator already refunded it', async () => {
    const w = world()
    loseQueries(w)
    const { ordercode } = await lost(w, 'there-and-back')
    const refund = w.wechat.platform.refund(ordercode, { refundFee: 8_800 })
    if (!refund.ok) throw new Error(refund.why)
    goTo(w, `${NEXT_DAY}T10:10`)
    await stopQueries(w)
    w.wechat.faults.clear()
    const report = await reconciled(w)
    expect(report.differences.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ['payment_not_here', 'booked'],
      ['refund_not_here', 'booked'],
    ])
    await minutes(w, 5)
    expect((await w.read(ordercode)).refunded_fee).toBe(8_800)
    expect(webhooks(w, 'order.paid')).toEqual([])
    expect(webhooks(w, 'payment.returned')).toHaveLength(1)
  })

  it('is recorded as a second payment when another attempt was paid', async () => {
    const w = world()
    const ordercode = await w.order('twice')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.faults.inject({ endpoint: 'closeorder', kind: 'close_without_effect' })
    const first = await w.pay(ordercode, w.wechat.payer.newOpenid())
    // Whether the second payer needs another try does not matter here, only that WeChat takes money twice.
    if (first.status !== 200) {
      w.advance(61)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
    }
    const second = `${ordercode}*2`
    if (w.wechat.books.order(second) === undefined) throw new Error('no second attempt')
    w.wechat.payer.pay(second)
    await w.notify(w.wechat.notices.ofPayments.xml(second))
    goTo(w, `${DAY}T23:00`)
    w.wechat.notices.ofPayments.loseNext(ordercode)
    w.wechat.payer.pay(ordercode, { despiteClose: true })
    loseQueries(w)
    goTo(w, `${NEXT_DAY}T10:10`)
    await stopQueries(w)
    w.wechat.faults.clear()
    const report = await reconciled(w)
    expect(report.differences).toMatchObject([{ kind: 'payment_not_here', outcome: 'booked' }])
    await minutes(w, 10)
    expect(await reviews(w, 'second_payment')).toHaveLength(1)
    // The second payment is refunded automatically, and the shop gets one order.paid.
    expect((await w.read(ordercode)).refunds).toMatchObject([
      { out_refund_no: expect.stringMatching(/^auto\*/), refund_fee: 8_800 },
    ])
    expect(webhooks(w, 'order.paid')).toHaveLength(1)
  })

  it('waits until WeChat answers the query', async () => {
    const w = world()
    loseQueries(w)
    const { ordercode } = await lost(w, 'unconfirmed')
    goTo(w, `${NEXT_DAY}T10:10`)
    await minutes(w, 10)
    expect((await w.read(ordercode)).state).not.toBe('paid')
    expect(await reportOf(w)).toMatchObject({
      state: 'settling',
      differences: [{ kind: 'payment_not_here', outcome: null, review_id: null }],
    })
    expect(webhooks(w, 'bill.reconciled')).toEqual([])
    w.wechat.faults.clear()
    const report = await reconciled(w)
    expect(report.differences).toMatchObject([{ outcome: 'booked' }])
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is not recorded when the query finds no payment', async () => {
    const w = world()
    const ordercode = await w.order('never-paid')
    const bill = { 商户订单号: ordercode, 订单金额: '88.00', 应结订单金额: '88.00' }
    change(w, { kind: 'extra_row', row: 'payment', columns: bill })
    const report = await reconciled(w)
    const difference = await onlyReview(w, report, {
      kind: 'payment_not_here',
      ordercode,
      books: null,
    })
    expect(difference.bill).toMatchObject({ out_trade_no: ordercode, total_fee: 8_800 })
    const order = await w.read(ordercode)
    expect(order.state).not.toBe('paid')
    expect(order.payments).toEqual([])
    expect(order.reviews).toMatchObject([{ kind: 'bill_difference' }])
    expect(webhooks(w, 'order.paid')).toEqual([])
  })

  it('is not recorded when its amount is not that of the attempt', async () => {
    const w = world()
    loseQueries(w)
    const { ordercode, transactionId } = await lost(w, 'wrong-amount')
    goTo(w, `${NEXT_DAY}T10:10`)
    // The amount that is frozen in the attempt is not the one that WeChat took.
    await w.db
      .prepare('UPDATE attempts SET total_fee = 1 WHERE ordercode = ?')
      .bind(ordercode)
      .run()
    w.wechat.faults.clear()
    const report = await reconciled(w)
    expect(report.differences).toMatchObject([
      { kind: 'payment_not_here', subject: transactionId, outcome: 'review' },
    ])
    expect((await w.read(ordercode)).payments).toEqual([])
    expect(await reviews(w, 'amount_mismatch')).toHaveLength(1)
  })

  async function closedThenPaid(w: World, name: string): Promise<string> {
    const ordercode = await w.order(name)
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.advance(61)
    expect((await w.shop('POST', `/orders/${ordercode}/close`)).status).toBe(200)
    await w.settled()
    w.advance(600)
    await w.cron()
    w.advance(60)
    w.wechat.notices.ofPayments.loseNext(ordercode)
    const result = w.wechat.payer.pay(ordercode, { despiteClose: true })
    if (!result.ok) throw new Error(result.why)
    expect((await w.read(ordercode)).state).toBe('closed')
    return ordercode
  }
})

describe('a refund on the merchant platform', () => {
  it('is found through the bill without any notice, and sent to the shop', async () => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'by-hand')
    const made = w.wechat.platform.refund(ordercode, { refundFee: 1_200 })
    if (!made.ok) throw new Error(made.why)
    const { outRefundNo } = made.refund

    const report = await reconciled(w)

    expect(report).toMatchObject({
      bill: { payments: 1, refunds: 1, refund_fee: 1_200 },
      difference_count: 1,
      differences: [
        {
          kind: 'refund_not_here',
          subject: outRefundNo,
          ordercode,
          bill: { out_refund_no: outRefundNo, transaction_id: transactionId, refund_fee: 1_200 },
          books: null,
          outcome: 'booked',
          review_id: null,
        },
      ],
    })
    const order = await w.read(ordercode)
    expect(order).toMatchObject({ state: 'paid', refunded_fee: 1_200 })
    expect(order.refunds).toMatchObject([
      { out_refund_no: outRefundNo, state: 'succeeded', source: 'merchant_platform' },
    ])
    await minutes(w, 5)
    expect(webhooks(w, 'refund.succeeded')).toHaveLength(1)
    expect(await reviews(w)).toEqual([])
    // A later refund is accepted when it fits the rest of the payment, and refused when it does not.
    expect((await putRefund(w, ordercode, 'too-much', 7_601)).status).toBe(409)
    expect((await putRefund(w, ordercode, 'the-rest', 7_600)).status).toBe(201)
  })

  it('is in the bill of its own day, days after the payment', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'days-later')
    expect((await reconciled(w)).difference_count).toBe(0)
    goTo(w, '2026-11-26T15:00')
    const made = w.wechat.platform.refund(ordercode, { refundFee: 8_800 })
    if (!made.ok) throw new Error(made.why)
    goTo(w, '2026-11-27T10:20')
    await minutes(w, 15)
    const report = await reportOf(w, '2026-11-26')
    expect(report?.differences).toMatchObject([{ kind: 'refund_not_here', outcome: 'booked' }])
    expect((await w.read(ordercode)).refunded_fee).toBe(8_800)
  })

  const putRefund = (w: World, ordercode: string, outRefundNo: string, fee: number) =>
    w.shop('PUT', `/orders/${ordercode}/refunds/${outRefundNo}`, { refund_fee: fee })
})

describe('a difference that needs a person', () => {
  it('is a payment that is missing in the bill', async () => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'missing')
    await paid(w, 'there')
    change(w, { kind: 'drop_row', number: transactionId })
    const report = await reconciled(w)
    await onlyReview(w, report, {
      kind: 'payment_not_in_bill',
      subject: transactionId,
      ordercode,
      bill: null,
      books: { transaction_id: transactionId, out_trade_no: ordercode, total_fee: 8_800 },
    })
    expect(report).toMatchObject({ bill: { payments: 1 }, books: { payments: 2 } })
    // The order stays paid.
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is a refund that is missing in the bill', async () => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'missing-r')
    await refunded(w, ordercode, 'missing-r1', 700)
    change(w, { kind: 'drop_row', number: 'missing-r1' })
    const report = await reconciled(w)
    const { books } = await onlyReview(w, report, {
      kind: 'refund_not_in_bill',
      subject: 'missing-r1',
      ordercode,
      bill: null,
    })
    expect(books).toMatchObject({
      out_refund_no: 'missing-r1',
      transaction_id: transactionId,
      refund_fee: 700,
    })
  })

  it('is a payment with another amount', async () => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'amount')
    change(w, { kind: 'other_amount', number: transactionId, fen: 8_801 })
    await onlyReview(w, await reconciled(w), {
      kind: 'payment_differs',
      subject: transactionId,
      ordercode,
      bill: { transaction_id: transactionId, out_trade_no: ordercode, total_fee: 8_801 },
      books: { transaction_id: transactionId, out_trade_no: ordercode, total_fee: 8_800 },
    })
    expect((await w.read(ordercode)).payments).toMatchObject([{ total_fee: 8_800 }])
  })

  it('is a payment under another out_trade_no of ours', async () => {
    const w = world()
    const { transactionId } = await paid(w, 'number-a')
    const other = await w.order('number-b')
    change(w, { kind: 'set_columns', number: transactionId, columns: { 商户订单号: other } })
    const report = await reconciled(w)
    const { bill, books } = await onlyReview(w, report, {
      kind: 'payment_differs',
      subject: transactionId,
    })
    expect(bill).toMatchObject({ out_trade_no: other })
    expect(books).toMatchObject({ out_trade_no: w.code('number-a') })
    expect((await w.read(other)).payments).toEqual([])
  })

  it('is a refund with another amount', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'amount-r')
    await refunded(w, ordercode, 'amount-r1', 700)
    w.advance(600)
    await w.cron()
    change(w, { kind: 'other_amount', number: 'amount-r1', fen: 900 })
    const report = await reconciled(w)
    const { bill, books } = await onlyReview(w, report, {
      kind: 'refund_differs',
      subject: 'amount-r1',
      ordercode,
    })
    expect([bill?.['refund_fee'], books?.['refund_fee']]).toEqual([900, 700])
    expect((await w.read(ordercode)).refunded_fee).toBe(700)
  })

  it('is a refund that we never requested and that a query does not find', async () => {
    const w = world()
    const { ordercode } = await paid(w, 'unasked')
    change(w, { kind: 'unasked_refund', outTradeNo: ordercode, fen: 500 })
    const report = await reconciled(w)
    const { bill } = await onlyReview(w, report, {
      kind: 'refund_not_here',
      ordercode,
      books: null,
    })
    expect(bill).toMatchObject({ refund_fee: 500 })
    expect((await w.read(ordercode)).refunded_fee).toBe(0)
    expect(webhooks(w, 'refund.succeeded')).toEqual([])
  })

  it('is a payment that was revoked', async () => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'revoked')
    const columns = { 交易状态: 'REVOKED' }
    change(w, { kind: 'set_columns', number: transactionId, columns })
    const report = await reconciled(w)
    expect(report.differences.map(({ kind }) => kind)).toContain('payment_revoked')
    const revoked = report.differences.find(({ kind }) => kind === 'payment_revoked')
    expect(revoked).toMatchObject({ subject: transactionId, ordercode, outcome: 'review' })
    expect((await w.read(ordercode)).state).toBe('paid')
    await expectReviews(w, report)
  })

  it('is a revoked payment once, and not again as missing in the bill', async () => {
    const w = world()
    const { transactionId: number } = await paid(w, 'revoked')
    const columns = { 交易状态: 'REVOKED' }
    w.wechat.bills.change(compact(DAY), { kind: 'set_columns', number, columns })
    const { differences } = await reconciled(w)
    expect(differences.map(({ kind }) => kind)).toEqual(['payment_revoked'])
  })

  it('is a totals row that does not match the other rows', async () => {
    const w = world()
    await paid(w, 'totals', { total_fee: 1_000 })
    change(w, { kind: 'wrong_totals' })
    const report = await reconciled(w)
    expect(report.bill).toMatchObject({ rows: 1, payments: 1, total_fee: 1_000 })
    expect(new Set(report.differences.map(({ kind }) => kind))).toEqual(new Set(['sum_differs']))
    // Among them are the number of rows and the sum of the amounts, each as stated and as read.
    const numbers = report.differences.map(({ bill }) => Object.values(bill ?? {}).sort())
    expect(numbers).toContainEqual([1, 2])
    expect(numbers).toContainEqual([1_000, 1_001].sort())
    await expectReviews(w, report)
  })

  it('is a row that cannot be read, while the others are compared', async () => {
    const w = world()
    const { transactionId } = await paid(w, 'garbled')
    const { ordercode } = await lost(w, 'found-beside-it')
    loseQueries(w)
    change(w, { kind: 'set_columns', number: transactionId, columns: { 交易时间: '昨天' } })
    goTo(w, `${NEXT_DAY}T10:10`)
    w.wechat.faults.clear()
    const report = await reconciled(w)
    expect(report.bill).toMatchObject({ rows: 2, payments: 1, unreadable: 1 })
    const unreadable = report.differences.filter(({ kind }) => kind === 'row_unreadable')
    expect(unreadable).toMatchObject([
      { subject: expect.stringMatching(/^[12]$/), ordercode: null, outcome: 'review' },
    ])
    expect((await w.read(ordercode)).state).toBe('paid')
    await expectReviews(w, report)
  })

  it('is kept apart from the others of its day, and the day is reconciled', async () => {
    const w = world()
    const missing = await paid(w, 'several-1')
    const other = await paid(w, 'several-2')
    const unheard = await lost(w, 'several-3')
    loseQueries(w)
    change(w, { kind: 'drop_row', number: missing.transactionId })
    change(w, { kind: 'other_amount', number: other.transactionId, fen: 1 })
    change(w, { kind: 'unasked_refund', outTradeNo: other.ordercode, fen: 500 })
    const hand = w.wechat.platform.refund(missing.ordercode, { refundFee: 8_800 })
    if (!hand.ok) throw new Error(hand.why)
    goTo(w, `${NEXT_DAY}T10:10`)
    await stopQueries(w)
    w.wechat.faults.clear()
    const report = await reconciled(w)
    expect(report.differences.map(({ kind, outcome }) => `${kind} ${outcome}`).sort()).toEqual([
      'payment_differs review',
      'payment_not_here booked',
      'payment_not_in_bill review',
      'refund_not_here booked',
      'refund_not_here review',
    ])
    expect((await w.read(unheard.ordercode)).state).toBe('paid')
    expect((await w.read(missing.ordercode)).refunded_fee).toBe(8_800)
    await expectReviews(w, report)
    expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
  })

  it('can be one of more than one run can settle', async () => {
    const w = world()
    const orders: string[] = []
    loseQueries(w)
    for (let n = 0; n < 25; n++) orders.push((await lost(w, `many-${n}`)).ordercode)
    goTo(w, `${NEXT_DAY}T10:10`)
    // Only the bill may find these payments.
    await stopQueries(w)
    w.wechat.faults.clear()
    const report = await reconciled(w, DAY, 120)
    expect(report.difference_count).toBe(25)
    expect(new Set(report.differences.map(({ outcome }) => outcome))).toEqual(new Set(['booked']))
    for (const ordercode of orders) expect((await w.read(ordercode)).state).toBe('paid')
    expect(report.books).toMatchObject({ payments: 25, total_fee: 25 * 8_800 })
  })

  it('ends when its review is resolved with a note', async () => {
    const w = world()
    const { transactionId } = await paid(w, 'resolved')
    await paid(w, 'resolved-too')
    change(w, { kind: 'drop_row', number: transactionId })
    await reconciled(w)
    const [review] = await reviews(w)
    const path = `/reviews/${encodeURIComponent(review?.id ?? '')}/resolve`
    const answer = await w.shop('POST', path, { note: 'asked WeChat; it is in the next bill' })
    expect(answer.status).toBe(200)
    expect((await w.shop('POST', path, { note: 'x', action: 'refund' })).status).toBe(409)
    // Another run opens no review that an operator has closed.
    await runNow(w)
    const open = await (await w.shop('GET', '/reviews?open=true')).json<{ reviews: unknown[] }>()
    expect(open.reviews).toEqual([])
  })
})
