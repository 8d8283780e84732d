import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { moneyWebhooks, paidLate, resolveReview } from '../../../testing/refund-situations.ts'
import {
  expectBalanced,
  getRefund,
  kinds,
  outcome,
  paidOrder,
  paidTwice,
  pass,
  putRefund,
  refund,
  reviews,
  states,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

const RETURNING = { vars: { LATE_PAYMENT: 'refund', WX_CERT: 'x' } }

async function reviewIdOf(w: World, kind: string): Promise<string> {
  const found = (await reviews(w)).find((each) => each.kind === kind)
  if (found === undefined) throw new Error(`no review ${kind}`)
  return found.id
}

describe('a second payment', () => {
  it('is refunded automatically under its own number, and the first one stays', async () => {
    const w = world()
    const { ordercode, transactions } = await paidTwice(w, 'twice')
    await w.deliverNotices()
    const booked = await w.read(ordercode)
    const second = transactions.find((each) => each !== booked.transaction_id) ?? ''
    expect(booked.payments).toHaveLength(2)

    await pass(w, 7)

    const number = `auto*${second}`
    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      transaction_id: booked.transaction_id,
      refunded_fee: 8_800,
      refunds: [
        {
          out_refund_no: number,
          transaction_id: second,
          state: 'succeeded',
          refund_fee: 8_800,
          source: 'automatic',
        },
      ],
    })
    const order = await w.read(ordercode)
    for (const { transaction_id, refunded_fee } of order.payments) {
      expect(refunded_fee).toBe(transaction_id === second ? 8_800 : 0)
    }
    expect(w.wechat.books.refunds()).toMatchObject([{ outRefundNo: number, transactionId: second }])
    expect(await kinds(w)).toEqual(['second_payment'])
    expect(moneyWebhooks(w)).toEqual(['order.paid', 'refund.succeeded'])
    expect(await getRefund(w, ordercode, number)).toMatchObject({ state: 'succeeded' })
    await expectBalanced(w, ordercode)
  })

  it('is refunded once when notices, a query and the cron report it concurrently', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'crowd')
    const notices = [
      w.wechat.notices.ofPayments.xml(ordercode),
      w.wechat.notices.ofPayments.xml(`${ordercode}*2`),
    ]
    w.advance(60)
    await Promise.all([
      ...Array.from({ length: 10 }, () => notices.map((notice) => w.notify(notice))).flat(),
      w.shop('POST', `/orders/${ordercode}/query`),
      w.cron(),
    ])
    await w.deliverNotices()
    await pass(w, 8)
    const order = await w.read(ordercode)
    expect(order.payments).toHaveLength(2)
    expect(order.refunds).toMatchObject([{ state: 'succeeded', refund_fee: 8_800 }])
    expect(w.wechat.books.refundedFen()).toBe(8_800)
    expect(moneyWebhooks(w).sort()).toEqual(['order.paid', 'refund.succeeded'])
    expect(await kinds(w)).toEqual(['second_payment'])
  })

  it('cannot be refunded by the shop while its automatic refund is under way', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'notbyshop')
    await w.deliverNotices()
    const [automatic] = (await w.read(ordercode)).refunds
    const body = { refund_fee: 1, transaction_id: automatic?.transaction_id ?? '' }
    expect(await refund(w, ordercode, 'S1', body)).toMatchObject({
      status: 409,
      code: 'refund_exceeds_payment',
      left: 0,
    })
    // The shop may still refund the first payment.
    expect(await outcome(putRefund(w, ordercode, 'S1', 8_800))).toBe('201 processing')
    await pass(w, 8)
    expect((await w.read(ordercode)).refunded_fee).toBe(17_600)
    expect(states(await w.read(ordercode))).toEqual(['succeeded', 'succeeded'])
  })

  it('can be refunded by the shop when its automatic refund was closed', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'byshop')
    await w.deliverNotices()
    await pass(w, 1)
    const [automatic] = (await w.read(ordercode)).refunds
    w.wechat.platform.settleRefund(automatic?.out_refund_no ?? '', 'REFUNDCLOSE')
    await w.deliverNotices()
    w.advance(60)
    const body = { refund_fee: 8_800, transaction_id: automatic?.transaction_id ?? '' }
    expect(await outcome(putRefund(w, ordercode, 'S1', body))).toBe('201 processing')
    await pass(w, 5)
    expect(states(await w.read(ordercode))).toEqual(['closed', 'succeeded'])
    expect(moneyWebhooks(w)).toEqual(['order.paid', 'refund.failed', 'refund.succeeded'])
    await expectBalanced(w, ordercode)
  })

  it('is not refunded without the merchant certificate', async () => {
    const w = world({ certificate: false })
    const { ordercode } = await paidTwice(w, 'nocert')
    await w.deliverNotices()
    await pass(w, 7)
    expect(await w.read(ordercode)).toMatchObject({ refunds: [], refunded_fee: 0 })
    expect(await kinds(w)).toEqual(['second_payment'])
    const id = await reviewIdOf(w, 'second_payment')
    const answer = await resolveReview(w, id, { note: 'give it back', action: 'refund' })
    expect(await outcome(answer)).toBe('501 refund_not_configured')
    expect(await reviews(w, '?open=true')).toHaveLength(1)
  })

  it('is refunded even when its automatic refund fails at first', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'atfirst')
    await w.deliverNotices()
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'http_500', times: 2 })
    w.wechat.platform.setBalance(0)
    await pass(w, 8)
    expect(states(await w.read(ordercode))).toEqual(['requested'])
    w.wechat.platform.setBalance(100_000)
    await pass(w, 40)
    expect(states(await w.read(ordercode))).toEqual(['succeeded'])
  })

  it('is refunded once when D1 fails while it is recorded', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    for (const [index, fault] of (
      ['before_commit', 'after_commit', 'stall_after_commit'] as const
    ).entries()) {
      const { ordercode } = await paidTwice(w, `lost-${index}`)
      const times = fault === 'before_commit' ? 3 : 1
      watched.fail(fault, { matching: /INSERT INTO refunds/, times })
      await w.deliverNotices()
      await pass(w, 9)
      const order = await w.read(ordercode)
      expect(order.payments).toHaveLength(2)
      expect(`${fault} ${states(order).join()}`).toBe(`${fault} succeeded`)
    }
    expect(w.wechat.books.refunds()).toHaveLength(3)
  })
})

describe('a late payment', () => {
  it('is refunded under LATE_PAYMENT=refund, and the shop gets no order.paid', async () => {
    const w = world(RETURNING)
    const { ordercode, transactionId } = await paidLate(w, 'late')
    await w.deliverNotices()
    await pass(w, 7)
    expect(await w.read(ordercode)).toMatchObject({
      state: 'closed',
      transaction_id: null,
      paid_at: null,
      payments: [{ transaction_id: transactionId, returned: true, refunded_fee: 8_800 }],
      refunded_fee: 8_800,
      refunds: [
        { out_refund_no: `auto*${transactionId}`, source: 'automatic', state: 'succeeded' },
      ],
    })
    expect(moneyWebhooks(w)).toEqual(['payment.returned', 'refund.succeeded'])
    expect(await kinds(w)).toEqual(['late_payment'])
  })

  it('is refunded once, without order.paid, when it is reported ten times concurrently', async () => {
    const w = world(RETURNING)
    const { ordercode } = await paidLate(w, 'lateten')
    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    await Promise.all([
      ...Array.from({ length: 10 }, () => w.notify(notice)),
      w.shop('POST', `/orders/${ordercode}/query`),
    ])
    await pass(w, 7)
    expect(w.wechat.books.refunds()).toHaveLength(1)
    expect(moneyWebhooks(w)).toEqual(['payment.returned', 'refund.succeeded'])
  })

  it('and a second one of the same order are both refunded, without order.paid', async () => {
    const w = world(RETURNING)
    const ordercode = await w.order('twolate')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    expect((await w.shop('POST', `/orders/${ordercode}/close`)).status).toBe(200)
    for (const number of [ordercode, `${ordercode}*2`]) {
      expect(w.wechat.payer.pay(number, { despiteClose: true }).ok).toBe(true)
    }
    await w.deliverNotices()
    await pass(w, 10)
    const order = await w.read(ordercode)
    expect(order).toMatchObject({ state: 'closed', refunded_fee: 17_600 })
    expect(states(order)).toEqual(['succeeded', 'succeeded'])
    expect(await kinds(w)).toEqual(['late_payment', 'late_payment'])
    expect(w.receiver.types()).not.toContain('order.paid')
    expect(w.wechat.books.refundedFen()).toBe(17_600)
    await expectBalanced(w, ordercode)
  })

  it('is distinguished from a payment in time, which is not refunded under LATE_PAYMENT=refund', async () => {
    const w = world(RETURNING)
    const { ordercode } = await paidOrder(w, 'intime')
    await pass(w, 7)
    expect((await w.read(ordercode)).refunds).toEqual([])
    expect(moneyWebhooks(w)).toEqual(['order.paid'])
  })

  it('stays under LATE_PAYMENT=accept until an operator refunds it', async () => {
    const w = world()
    const { ordercode, transactionId } = await paidLate(w, 'accepted')
    await w.deliverNotices()
    await pass(w, 7)
    expect((await w.read(ordercode)).refunds).toEqual([])
    expect(moneyWebhooks(w)).toEqual(['order.paid'])

    const resolution = { note: 'sold out', action: 'refund' }
    const id = await reviewIdOf(w, 'late_payment')
    const answers = await Promise.all([1, 2, 3].map(() => resolveReview(w, id, resolution)))
    for (const { status } of answers) expect(status).toBe(200)
    expect((await resolveReview(w, id, resolution)).status).toBe(200)
    expect((await resolveReview(w, id, { note: 'other', action: 'refund' })).status).toBe(409)
    await pass(w, 7)
    expect(await w.read(ordercode)).toMatchObject({
      refunded_fee: 8_800,
      refunds: [{ out_refund_no: `auto*${transactionId}`, source: 'operator', state: 'succeeded' }],
    })
    expect(w.wechat.books.refunds()).toHaveLength(1)
    expect(moneyWebhooks(w)).toEqual(['order.paid', 'refund.succeeded'])
    expect(await reviews(w, '?open=true')).toEqual([])
  })
})
