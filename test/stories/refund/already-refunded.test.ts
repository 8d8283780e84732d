import { describe, expect, it } from 'vitest'
import { moneyWebhooks, paidLate } from '../../../testing/refund-situations.ts'
import { called, outcome, paidTwice, pass, putRefund } from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

const RETURNING = { vars: { LATE_PAYMENT: 'refund', WX_CERT: 'x' } }

describe('a payment that was refunded before we recorded it', () => {
  /** An order that was paid and refunded on the merchant platform before any notice or query. */
  async function refundedBefore(w: World, name: string, refundFee = 8_800) {
    const ordercode = await w.order(name)
    const openid = w.wechat.payer.newOpenid()
    await w.pay(ordercode, openid)
    w.wechat.notices.ofPayments.loseNext()
    const paid = w.wechat.payer.pay(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee })
    return { ordercode, openid, transactionId: paid.ok ? paid.transactionId : '' }
  }

  for (const [name, options] of [
    ['accept', {}],
    ['refund', RETURNING],
  ] as const) {
    it(`(LATE_PAYMENT=${name}) sends payment.returned, and its refund is imported and not repeated`, async () => {
      const w = world(options)
      const { ordercode, transactionId } = await refundedBefore(w, 'gone')
      await pass(w, 60)
      expect(await w.read(ordercode)).toMatchObject({
        state: 'paying',
        transaction_id: null,
        payments: [{ returned: true, refunded_fee: 8_800 }],
        refunded_fee: 8_800,
        refunds: [{ source: 'merchant_platform', state: 'succeeded', refund_fee: 8_800 }],
      })
      expect(called(w, '/secapi/pay/refund')).toBe(0)
      expect(moneyWebhooks(w)).toEqual(['payment.returned', 'refund.succeeded'])
      const again = { refund_fee: 1, transaction_id: transactionId }
      expect(await outcome(putRefund(w, ordercode, 'R1', again))).toBe('409 refund_exceeds_payment')
    })
  }

  it('is not refunded again under LATE_PAYMENT=refund when it was late', async () => {
    const w = world(RETURNING)
    const { ordercode } = await paidLate(w, 'lategone')
    w.wechat.notices.ofPayments.loseNext(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee: 8_800 })
    for (let hour = 0; hour < 30; hour++) {
      w.advance(3_600)
      await w.deliverNotices()
      await w.cron()
    }
    await w.settled()
    const order = await w.read(ordercode)
    expect(order.refunded_fee).toBe(8_800)
    expect(order.refunds).toMatchObject([{ source: 'merchant_platform' }])
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect(moneyWebhooks(w)).toEqual(['payment.returned', 'refund.succeeded'])
  })

  it('is not refunded again when it is a second payment', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'twicegone')
    w.wechat.notices.ofPayments.loseNext(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee: 8_800 })
    await pass(w, 15)
    await w.shop('POST', `/orders/${ordercode}/query`)
    await pass(w, 7)
    const order = await w.read(ordercode)
    expect(order.payments).toHaveLength(2)
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect(order.refunds).toMatchObject([{ source: 'merchant_platform', state: 'succeeded' }])
    expect(w.wechat.books.refundedFen()).toBe(8_800)
    expect(w.receiver.types().filter((type) => type === 'order.paid')).toHaveLength(1)
  })

  it('has its refund imported automatically, at the latest with the bill, when it is a second payment', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'twicefound')
    w.wechat.notices.ofPayments.loseNext(ordercode)
    w.wechat.platform.refund(ordercode, { refundFee: 8_800 })
    for (let hour = 0; hour < 24; hour++) {
      w.advance(3_600)
      await w.cron()
    }
    expect(called(w, '/secapi/pay/refund')).toBe(0)
    expect((await w.read(ordercode)).refunds).toMatchObject([
      { source: 'merchant_platform', state: 'succeeded' },
    ])
  })

  it('is not changed by a late notice', async () => {
    const w = world()
    const { ordercode } = await refundedBefore(w, 'lateword')
    await pass(w, 10)
    expect((await w.notify(w.wechat.notices.ofPayments.xml(ordercode))).status).toBe(200)
    await w.settled()
    expect(w.receiver.types()).not.toContain('order.paid')
  })

  it('leaves the order to the payer, who pays it with the next number', async () => {
    const w = world()
    const { ordercode, openid } = await refundedBefore(w, 'again')
    await pass(w, 3)
    expect((await w.read(ordercode)).state).toBe('paying')

    expect((await w.pay(ordercode, openid)).status).toBe(200)
    w.wechat.payer.pay(`${ordercode}*2`)
    await pass(w, 2)

    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      payments: [{ returned: false }, { returned: true }],
    })
    expect(moneyWebhooks(w).sort()).toEqual(['order.paid', 'payment.returned', 'refund.succeeded'])
  })

  it('in part makes the order paid, and the part is imported', async () => {
    const w = world(RETURNING)
    const { ordercode } = await refundedBefore(w, 'part', 800)
    await pass(w, 3)
    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      payments: [{ returned: false, refunded_fee: 800 }],
    })
    expect(moneyWebhooks(w)).toEqual(['order.paid', 'refund.succeeded'])
    expect((await w.read(ordercode)).reviews).toMatchObject([{ kind: 'partly_returned' }])
  })

  it('is not recorded as long as WeChat does not list its refunds', async () => {
    const w = world()
    const { ordercode } = await refundedBefore(w, 'silent')
    w.wechat.faults.inject({ endpoint: 'refundquery', kind: 'reply_lost', times: 4 })
    await pass(w, 2)
    expect(await w.read(ordercode)).toMatchObject({ state: 'paying', payments: [] })
    await pass(w, 10)
    expect(await w.read(ordercode)).toMatchObject({ payments: [{ returned: true }] })
  })
})
