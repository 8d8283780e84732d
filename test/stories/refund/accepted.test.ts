import { describe, expect, it } from 'vitest'
import type { Fault } from '../../../simulator/protocol/faults.ts'
import { errCode, expectReserved, type RefundFault } from '../../../testing/refund-situations.ts'
import {
  called,
  expectBalanced,
  getRefund,
  kinds,
  outcome,
  paidOrder,
  pass,
  putRefund,
  recordRefunds,
  refund,
  refundEvents,
  refundWebhooks,
  reviews,
  withoutNonce,
} from '../../../testing/refund-stories.ts'
import { world } from '../../../testing/world.ts'

describe('a refund that WeChat has accepted', () => {
  it('is queried after 1, 5, 30 minutes, 2 hours, 1 day, 3 days, then daily to 30 days', async () => {
    const w = world()
    w.wechat.platform.holdRefunds()
    const { ordercode } = await paidOrder(w, 'schedule')
    await refund(w, ordercode, 'R1', 800)
    const daily = Array.from({ length: 27 }, (_, n) => (n + 4) * 1_440)
    let minute = 0
    const queriesAt = async (at: number): Promise<number> => {
      w.advance((at - minute) * 60)
      minute = at
      const before = called(w, '/pay/refundquery')
      await w.cron()
      return called(w, '/pay/refundquery') - before
    }
    for (const minutes of [1, 5, 30, 120, 1_440, 3 * 1_440, ...daily]) {
      expect(`${minutes}: ${await queriesAt(minutes - 1)}`).toBe(`${minutes}: 0`)
      expect(await kinds(w)).toEqual([])
      expect(`${minutes}: ${await queriesAt(minutes)}`).toBe(`${minutes}: 1`)
    }
    expect(await queriesAt(32 * 1_440)).toBe(0)
    expect(await queriesAt(90 * 1_440)).toBe(0)
    expect(called(w, '/secapi/pay/refund')).toBe(1)

    // Now there is exactly one review.
    expect(await kinds(w)).toEqual(['refund_overdue'])
    expect(await reviews(w)).toMatchObject([{ ordercode, evidence: { out_refund_no: 'R1' } }])
    await w.settled()
    expect(w.receiver.types().filter((type) => type === 'review.opened')).toHaveLength(1)
    await expectReserved(w, ordercode, 8_000)

    // A late success is still recorded.
    w.wechat.platform.releaseRefunds()
    await w.deliverNotices()
    await w.settled()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
    expect(await kinds(w)).toEqual(['refund_overdue'])
  })

  it('is found by POST /query even after more than a month without a notice', async () => {
    const w = world()
    w.wechat.platform.holdRefunds()
    const { ordercode } = await paidOrder(w, 'afterall')
    await refund(w, ordercode, 'R1', 800)
    for (let week = 0; week < 6; week++) {
      w.advance(7 * 86_400)
      await w.cron()
    }
    expect(await kinds(w)).toEqual(['refund_overdue'])
    w.wechat.notices.ofRefunds.loseNext('R1')
    w.wechat.platform.releaseRefunds()
    await w.shop('POST', `/orders/${ordercode}/query`)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
  })

  it('succeeds through a query when no notice comes', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'noticeless')
    await refund(w, ordercode, 'R1', 800)
    await pass(w, 6, { notices: false })
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
  })

  it('does not change after a query that is lost, unsigned, forged or unknown', async () => {
    const w = world()
    const { ordercode, transactionId } = await paidOrder(w, 'queries')
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.settleRefund('R1', 'REFUNDCLOSE')
    const faults: RefundFault[] = [
      { kind: 'request_lost' },
      { kind: 'reply_lost' },
      { kind: 'stall_after' },
      { kind: 'http_500' },
      { kind: 'http_502_after' },
      { kind: 'system_error' },
      { kind: 'frequency_limited' },
      { kind: 'wrong_sign' },
      { kind: 'missing_sign' },
      { kind: 'other_appid' },
      { kind: 'other_mch_id' },
      { kind: 'truncated_xml' },
      { kind: 'return_fail', returnMsg: '退款订单不存在' },
      errCode('SOMETHING_NEW'),
      errCode('PARAM_ERROR'),
    ]
    for (const fault of faults) {
      w.wechat.faults.inject({ endpoint: 'refundquery', ...fault, times: 3 } as Fault)
      const answer = await w.shop('POST', `/orders/${ordercode}/query`)
      // The payment is not in doubt, so the order is answered, with the refunds as they were.
      expect(`${fault.kind} ${answer.status}`).toBe(`${fault.kind} 200`)
      expect(await answer.json()).toMatchObject({
        state: 'paid',
        refunds: [{ state: 'processing' }],
        refunds_unanswered: [transactionId],
      })
      w.wechat.faults.clear()
      expect((await getRefund(w, ordercode, 'R1')).state).toBe('processing')
    }
    expect(refundWebhooks(w)).toEqual([])
    expect((await w.shop('POST', `/orders/${ordercode}/query`)).status).toBe(200)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('closed')
  })

  it('is sent again under the same number when WeChat no longer has it (REFUNDNOTEXIST)', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'forgotten')
    const sent = recordRefunds(w)
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.holdRefunds()
    w.wechat.faults.inject({ endpoint: 'refundquery', ...errCode('REFUNDNOTEXIST') })
    await pass(w, 1)
    expect(sent).toHaveLength(2)
    expect(new Set(sent.map(withoutNonce)).size).toBe(1)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'processing' })
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
    expect(refundWebhooks(w)).toEqual([])
  })

  it('releases its amount and notifies the shop once when WeChat closes it', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'closed', 1_000)
    await refund(w, ordercode, 'R1', 1_000)
    w.wechat.notices.ofRefunds.duplicateNext(3)
    w.wechat.platform.settleRefund('R1', 'REFUNDCLOSE')
    await w.deliverNotices()
    await pass(w, 6)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
      state: 'closed',
      succeeded_at: null,
    })
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 0, state: 'paid' })
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
    expect(await refundEvents(w, ordercode)).toEqual([
      'refund_requested',
      'refund_accepted',
      'refund_closed',
    ])
    expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('200 closed')
    expect(await outcome(putRefund(w, ordercode, 'R2', 1_000))).toBe('201 processing')
    await pass(w, 5)
    expect(await w.read(ordercode)).toMatchObject({ refunded_fee: 1_000 })
    await expectBalanced(w, ordercode)
  })

  it('opens a review and stays reserved when WeChat cannot deliver it (the card is gone)', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'abnormal')
    await refund(w, ordercode, 'R1', 800)
    w.wechat.notices.ofRefunds.duplicateNext(3)
    w.wechat.platform.settleRefund('R1', 'CHANGE')
    await w.deliverNotices()
    await pass(w, 7)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
      state: 'abnormal',
      ended_at: null,
    })
    expect(await reviews(w)).toMatchObject([{ kind: 'refund_abnormal', ordercode }])
    expect((await w.read(ordercode)).reviews).toMatchObject([{ kind: 'refund_abnormal' }])
    expect(w.receiver.types()).toEqual(['order.paid', 'review.opened'])
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 abnormal')
    await expectReserved(w, ordercode, 8_000)

    // The merchant sends the money to another card, and it arrives.
    w.wechat.platform.settleRefund('R1', 'SUCCESS')
    await w.deliverNotices()
    await w.settled()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
    expect(await refundEvents(w, ordercode)).toEqual([
      'refund_requested',
      'refund_accepted',
      'refund_abnormal',
      'refund_succeeded',
    ])
    expect((await w.read(ordercode)).refunded_fee).toBe(800)
  })

  it('is found by the cron when it was abnormal and succeeds without a notice', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'fixed')
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.settleRefund('R1', 'CHANGE')
    await pass(w, 6, { notices: false })
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'abnormal' })
    w.wechat.platform.settleRefund('R1', 'SUCCESS')
    await pass(w, 30, { notices: false })
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
  })
})
