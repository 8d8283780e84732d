import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  errCode,
  expectReserved,
  injectFault,
  type RefundFault,
  REFUSED,
} from '../../../testing/refund-situations.ts'
import {
  called,
  expectBalanced,
  getRefund,
  kinds,
  outcome,
  paidOrder,
  pass,
  passUntilSent,
  putRefund,
  recordRefunds,
  refund,
  refundEvents,
  refundWebhooks,
  withoutNonce,
} from '../../../testing/refund-stories.ts'
import { world } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

describe('a refund whose outcome is unknown', () => {
  // The fault, and whether WeChat accepted the refund in spite of it.
  const UNKNOWN: readonly (readonly [RefundFault, accepted: boolean])[] = [
    [{ kind: 'request_lost' }, false],
    [{ kind: 'reply_lost' }, true],
    [{ kind: 'stall_before' }, false],
    [{ kind: 'stall_after' }, true],
    [{ kind: 'http_500' }, false],
    [{ kind: 'http_502' }, false],
    [{ kind: 'http_502_after' }, true],
    [{ kind: 'system_error' }, false],
    [{ kind: 'system_error_after' }, true],
    [{ kind: 'wrong_sign' }, true],
    [{ kind: 'missing_sign' }, true],
    [{ kind: 'other_appid' }, true],
    [{ kind: 'other_mch_id' }, true],
    [{ kind: 'truncated_xml' }, true],
    [{ kind: 'return_fail', returnMsg: '系统繁忙，请稍后再试' }, false],
    [errCode('BIZERR_NEED_RETRY'), false],
    [errCode('SOMETHING_NEW'), false],
    [errCode(''), false],
  ]

  for (const [fault, accepted] of UNKNOWN) {
    const name = fault.kind === 'err_code' ? fault.errCode || 'no err_code' : fault.kind
    it(`(${name}) stays requested and reserved, and is sent again with the same parameters`, async () => {
      const w = world()
      w.wechat.platform.holdRefunds()
      const { ordercode } = await paidOrder(w, 'unknown')
      const sent = recordRefunds(w)
      injectFault(w, fault)
      expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
      expect(w.wechat.books.refund('R1') !== undefined).toBe(accepted)
      await expectReserved(w, ordercode, 8_000)
      w.wechat.faults.clear()

      await passUntilSent(w, ordercode, 'R1')

      expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
        state: 'processing',
        err_code: null,
        err_code_des: null,
      })
      expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
      expect(new Set(sent.map(withoutNonce)).size).toBe(1)
      expect(refundWebhooks(w)).toEqual([])
      expect(await kinds(w)).toEqual([])
      w.wechat.platform.settleRefund('R1', 'SUCCESS')
      await w.deliverNotices()
      await w.settled()
      expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
      await expectBalanced(w, ordercode)
    })
  }

  it('because WeChat was away for an hour, reaches WeChat within five minutes of its return', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'returns')
    w.wechat.faults.inject({ endpoint: 'any', kind: 'request_lost', times: 9_999 })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
    await pass(w, 58)
    expect(w.wechat.books.refund('R1')).toBeUndefined()
    w.wechat.faults.clear()

    await pass(w, 5)

    expect(w.wechat.books.refund('R1')).toBeDefined()
    await expectBalanced(w, ordercode)
  })

  it('is immediately sent again, under the same number, after one failure', async () => {
    const w = world()
    for (const kind of ['reply_lost', 'request_lost', 'stall_after', 'system_error'] as const) {
      const { ordercode } = await paidOrder(w, `once-${kind.replaceAll('_', '-')}`)
      const sent = recordRefunds(w)
      injectFault(w, { kind }, 1)
      expect(`${kind} ${await outcome(putRefund(w, ordercode, kind, 800))}`).toBe(
        `${kind} 201 processing`,
      )
      expect(sent).toHaveLength(2)
      expect(new Set(sent).size).toBe(1)
      expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
      vi.restoreAllMocks()
    }
    expect(w.calls).toContain('api2.mch.weixin.qq.com/secapi/pay/refund')
  })

  it('is the same refund when the shop repeats its request', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'askitself')
    injectFault(w, { kind: 'reply_lost' })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
    w.advance(5)
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
    expect(w.wechat.books.refunds(ordercode)).toHaveLength(1)
  })

  it('is settled by a notice when no answer was received', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'noticed')
    injectFault(w, { kind: 'reply_lost' })
    await refund(w, ordercode, 'R1', 800)
    w.wechat.platform.settleRefund('R1', 'SUCCESS')
    await w.deliverNotices()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
    expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_succeeded'])
  })

  it('is sent again for a whole day, and stays reserved', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'wholeday', 1_000)
    injectFault(w, { kind: 'http_500' }, 1_000)
    await refund(w, ordercode, 'R1', 1_000)
    for (let hour = 0; hour < 26; hour++) {
      w.advance(3_600)
      await w.cron()
    }
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'requested' })
    expect(called(w, '/secapi/pay/refund')).toBeGreaterThan(3)
    await expectReserved(w, ordercode, 0)
    w.wechat.faults.clear()
    expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('200 processing')
  })

  it('is sent with the same parameters after a deployment with another PUBLIC_URL', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'deployed')
    const sent = recordRefunds(w)
    injectFault(w, { kind: 'request_lost' })
    await refund(w, ordercode, 'R1', { refund_fee: 800, reason: '少发' })
    // Another Worker over the same database. It has another simulated WeChat, but its requests are recorded.
    const later = world({ vars: { PUBLIC_URL: 'https://new.test' } })
    const sentLater = recordRefunds(later)
    later.advance(120)
    await later.cron()
    expect(sentLater).toHaveLength(1)
    expect(new Set([...sent, ...sentLater].map(withoutNonce)).size).toBe(1)
  })
})

describe('a refund request that may be in flight', () => {
  it('stays reserved when the other origin refused its repetition', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'stuck', 1_000)
    const real = w.wechat.fetchWithCertificate
    let stuck = ''
    vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
      if (stuck !== '') return real(request)
      stuck = await request.text()
      return new Promise<Response>(() => {})
    })
    w.wechat.faults.inject({ ...REFUSED, times: 2 })
    expect(await outcome(putRefund(w, ordercode, 'R1', 400))).toBe('201 requested')
    w.advance(1)
    expect(await outcome(putRefund(w, ordercode, 'R1', 400))).toBe('200 requested')
    w.advance(5)
    const url = 'https://api.mch.weixin.qq.com/secapi/pay/refund'
    await real(new Request(url, { method: 'POST', body: stuck }))
    await pass(w, 10)
    expect(w.wechat.books.refundedFen()).toBe(400)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('succeeded')
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
  })
})
