import { describe, expect, it } from 'vitest'
import {
  called,
  expectBalanced,
  getRefund,
  kinds,
  outcome,
  paidOrder,
  pass,
  putRefund,
  refund,
  refundWebhooks,
  reviews,
  states,
} from '../../../testing/refund-stories.ts'
import { world } from '../../../testing/world.ts'

describe('a refund on the merchant platform', () => {
  const PLATFORM_URL = 'https://pay.test/notify/refund'

  it('is found through its notice', async () => {
    const w = world()
    w.wechat.platform.setRefundNotifyUrl(PLATFORM_URL)
    const { ordercode, transactionId } = await paidOrder(w, 'bynotice')
    w.wechat.platform.refund(ordercode, { refundFee: 300, outRefundNo: 'hand-1' })
    w.wechat.notices.ofRefunds.duplicateNext(3)
    w.advance(180)
    const attempts = await w.deliverNotices()
    for (const attempt of attempts) expect(attempt).toMatchObject({ outcome: 'delivered' })
    await w.settled()
    expect(await w.read(ordercode)).toMatchObject({
      refunded_fee: 300,
      refunds: [
        {
          out_refund_no: 'hand-1',
          transaction_id: transactionId,
          source: 'merchant_platform',
          state: 'succeeded',
          refund_fee: 300,
          total_fee: 8_800,
          reason: null,
          refund_id: w.wechat.books.refund('hand-1')?.refundId,
        },
      ],
    })
    expect(await w.history(ordercode)).toEqual([
      'order_registered',
      'attempt_opened',
      'payment_booked',
      'refund_discovered',
    ])
    expect(refundWebhooks(w)).toEqual(['refund.succeeded hand-1'])
  })

  it('is found by POST /query while it is being processed, and followed to its end', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'byquery')
    w.wechat.platform.refund(ordercode, { refundFee: 300, outRefundNo: 'hand-1' })
    const answer = await w.shop('POST', `/orders/${ordercode}/query`)
    expect(await answer.json()).toMatchObject({
      refunded_fee: 0,
      refunds: [{ out_refund_no: 'hand-1', state: 'processing', source: 'merchant_platform' }],
    })
    expect(await refund(w, ordercode, 'R1', 8_501)).toMatchObject({ status: 409, left: 8_500 })
    await pass(w, 6, { notices: false })
    expect((await w.read(ordercode)).refunded_fee).toBe(300)
    expect(refundWebhooks(w)).toEqual(['refund.succeeded hand-1'])
  })

  it('sends refund.failed when it is closed, and opens a review when it is abnormal', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'endings')
    for (const number of ['hand-1', 'hand-2']) {
      w.wechat.platform.refund(ordercode, { refundFee: 300, outRefundNo: number })
    }
    w.wechat.platform.settleRefund('hand-1', 'REFUNDCLOSE')
    w.wechat.platform.settleRefund('hand-2', 'CHANGE')
    await w.shop('POST', `/orders/${ordercode}/query`)
    await w.settled()
    expect(states(await w.read(ordercode))).toEqual(['abnormal', 'closed'])
    expect(refundWebhooks(w)).toEqual(['refund.failed hand-1'])
    expect(await kinds(w)).toEqual(['refund_abnormal'])
    expect(await refund(w, ordercode, 'R1', 8_501)).toMatchObject({ left: 8_500 })
  })

  it('opens a review when the shop has used its number for another order', async () => {
    const w = world()
    const other = await paidOrder(w, 'usedbefore')
    const { ordercode } = await paidOrder(w, 'usedagain')
    const refusal = { errCode: 'USER_ACCOUNT_ABNORMAL', errCodeDes: '?' }
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', ...refusal })
    expect(await outcome(putRefund(w, other.ordercode, 'N1', 300))).toBe('201 refused')
    w.wechat.platform.refund(ordercode, { refundFee: 300, outRefundNo: 'N1' })
    expect((await w.shop('POST', `/orders/${ordercode}/query`)).status).toBe(200)
    expect((await reviews(w)).map((each) => each.id)).toEqual(['refund_conflict.N1'])
    expect((await w.read(ordercode)).refunds).toEqual([])
    expect(states(await w.read(other.ordercode))).toEqual(['refused'])
  })

  it('is recorded without a review when it replaces a refund of ours that WeChat closed', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'inplace', 1_000)
    expect(await outcome(putRefund(w, ordercode, 'ours', 1_000))).toBe('201 processing')
    w.wechat.platform.settleRefund('ours', 'REFUNDCLOSE')
    w.advance(60)
    w.wechat.platform.refund(ordercode, { refundFee: 1_000, outRefundNo: 'hand-1' })
    await w.shop('POST', `/orders/${ordercode}/query`)
    expect(states(await w.read(ordercode))).toEqual(['closed', 'processing'])
    expect(await kinds(w)).toEqual([])
  })

  it('is recorded by its notice before the Worker has heard that WeChat closed a refund of ours', async () => {
    const w = world()
    w.wechat.platform.setRefundNotifyUrl(PLATFORM_URL)
    const { ordercode } = await paidOrder(w, 'unheard', 1_000)
    expect(await outcome(putRefund(w, ordercode, 'ours', 1))).toBe('201 processing')
    w.wechat.notices.ofRefunds.loseNext('ours')
    w.wechat.platform.settleRefund('ours', 'REFUNDCLOSE')
    w.wechat.platform.refund(ordercode, { refundFee: 1_000, outRefundNo: 'hand-1' })
    w.wechat.platform.settleRefund('hand-1', 'SUCCESS')
    w.advance(60)
    await w.deliverNotices()
    expect(states(await w.read(ordercode))).toEqual(['processing', 'succeeded'])
    await pass(w, 3, { notices: false })
    expect(states(await w.read(ordercode))).toEqual(['closed', 'succeeded'])
    expect(await kinds(w)).toEqual([])
    await expectBalanced(w, ordercode)
  })

  it.each([3, 28])(
    'is found among ten of a payment with %i coupons, although WeChat’s answer then has hundreds of elements',
    async (count) => {
      const w = world()
      const ordercode = await w.order('coupons')
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      const coupons = Array.from({ length: count }, (_, n) => ({
        type: n % 2 === 0 ? ('CASH' as const) : ('NO_CASH' as const),
        fee: 200,
      }))
      expect(w.wechat.payer.pay(ordercode, { coupons }).ok).toBe(true)
      await w.deliverNotices()
      for (let n = 0; n < 10; n++) {
        w.wechat.platform.refund(ordercode, { refundFee: 500, outRefundNo: `hand-${n}` })
      }
      w.advance(180)

      const answer = await w.shop('POST', `/orders/${ordercode}/query`)

      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ state: 'paid', refunded_fee: 5_000 })
      expect(w.wechat.books.refundedFen()).toBe(5_000)
    },
  )

  it('is found among twenty, which are as many as WeChat lists for a payment', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'many')
    await refund(w, ordercode, 'ours', 5)
    for (let n = 0; n < 19; n++) {
      w.wechat.platform.refund(ordercode, { refundFee: 10 + n, outRefundNo: `hand-${n}` })
    }
    w.advance(180)
    for (let times = 0; times < 2; times++) {
      expect((await w.shop('POST', `/orders/${ordercode}/query`)).status).toBe(200)
    }
    const order = await w.read(ordercode)
    expect(order.refunds).toHaveLength(20)
    expect(order.refunded_fee).toBe(w.wechat.books.refundedFen())
    expect(new Set(states(order))).toEqual(new Set(['succeeded']))
    await pass(w, 10)
    expect(new Set(refundWebhooks(w)).size).toBe(20)
    expect(refundWebhooks(w)).toHaveLength(20)
  })

  it('is found through its notice when there are more than twenty', async () => {
    const w = world()
    w.wechat.platform.setRefundNotifyUrl(PLATFORM_URL)
    const { ordercode } = await paidOrder(w, 'verymany')
    for (let n = 0; n < 24; n++) {
      w.wechat.platform.refund(ordercode, { refundFee: 10 + n, outRefundNo: `hand-${n}` })
      w.wechat.platform.settleRefund(`hand-${n}`, 'SUCCESS')
      await w.deliverNotices()
    }
    await w.settled()
    expect((await w.read(ordercode)).refunded_fee).toBe(w.wechat.books.refundedFen())
    expect(refundWebhooks(w)).toHaveLength(24)
  })

  it('makes WeChat refuse our waiting refund when both together exceed the payment', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'whileours', 1_000)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'request_lost', times: 2 })
    expect(await outcome(putRefund(w, ordercode, 'ours', 800))).toBe('201 requested')
    w.wechat.platform.refund(ordercode, { refundFee: 500, outRefundNo: 'hand-1' })
    await w.shop('POST', `/orders/${ordercode}/query`)
    const answer = await refund(w, ordercode, 'more', 1)
    expect(answer).toMatchObject({ status: 409, code: 'refund_exceeds_payment' })
    expect(answer.left).toBeGreaterThanOrEqual(0)
    await pass(w, 8)
    expect(await getRefund(w, ordercode, 'ours')).toMatchObject({
      state: 'refused',
      err_code: 'REFUND_FEE_INVALID',
    })
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 500 })
    expect(refundWebhooks(w).sort()).toEqual(['refund.failed ours', 'refund.succeeded hand-1'])
    expect(w.wechat.books.refundedFen()).toBe(500)
    await expectBalanced(w, ordercode)
    expect(await outcome(putRefund(w, ordercode, 'rest', 500))).toBe('201 processing')
  })

  it('makes WeChat refuse our refund, and the refusal is recorded, before we know of it', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'unheard', 1_000)
    w.wechat.platform.refund(ordercode, { refundFee: 1_000 })
    w.advance(60)
    expect(await refund(w, ordercode, 'ours', 800)).toMatchObject({
      state: 'refused',
      err_code: 'TRADE_STATE_ERROR',
    })
    await w.shop('POST', `/orders/${ordercode}/query`)
    await pass(w, 6)
    expect((await w.read(ordercode)).refunded_fee).toBe(1_000)
    await expectBalanced(w, ordercode)
  })

  it('delays our refund when it was made a moment ago', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'moment')
    w.wechat.platform.refund(ordercode, { refundFee: 500 })
    expect(await refund(w, ordercode, 'ours', 800)).toMatchObject({
      status: 201,
      state: 'requested',
      err_code: 'INVALID_REQ_TOO_MUCH',
    })
    await pass(w, 10)
    expect(await getRefund(w, ordercode, 'ours')).toMatchObject({ state: 'succeeded' })
  })

  it('is not confused with a refund that the shop requests under the same number', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'samenumber', 1_000)
    w.wechat.platform.refund(ordercode, { refundFee: 500, outRefundNo: 'N1' })
    w.advance(60)
    expect(await refund(w, ordercode, 'N1', 300)).toMatchObject({ state: 'refused' })
    w.advance(180)
    await w.shop('POST', `/orders/${ordercode}/query`)
    // WeChat refunded 500. Either our records show that, or a review is open.
    const { reviews: opened, refunded_fee } = await w.read(ordercode)
    expect(opened.length > 0 || refunded_fee === 500).toBe(true)
    expect(refundWebhooks(w)).toEqual(['refund.failed N1'])
  })
})

describe('the refunds of a payment', () => {
  it('are imported up to twenty', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'twentyfour')
    for (let n = 0; n < 24; n++) {
      w.wechat.platform.refund(ordercode, { refundFee: 10, outRefundNo: `T-${n}` })
    }
    expect((await w.shop('POST', `/orders/${ordercode}/query`)).status).toBe(200)
    expect((await w.read(ordercode)).refunds).toHaveLength(20)
    expect(called(w, '/pay/refundquery')).toBe(2)
  })
})
