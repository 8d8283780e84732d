import { describe, expect, it } from 'vitest'
import { errCode, expectReserved, injectFault } from '../../../testing/refund-situations.ts'
import {
  getRefund,
  outcome,
  paidOrder,
  pass,
  passUntilSent,
  putRefund,
  recordRefunds,
  refund,
  refundWebhooks,
  withoutNonce,
} from '../../../testing/refund-stories.ts'
import { world } from '../../../testing/world.ts'

describe('a refund that WeChat does not accept yet', () => {
  const WAITING = [
    'NOTENOUGH',
    'INVALID_REQ_TOO_MUCH',
    'FREQUENCY_LIMITED',
    'ORDER_NOT_READY',
    'ERROR',
  ] as const

  for (const code of WAITING) {
    it(`(${code}) waits with the reason, and is sent by the cron`, async () => {
      const w = world()
      w.wechat.platform.holdRefunds()
      const { ordercode } = await paidOrder(w, 'waits')
      const sent = recordRefunds(w)
      injectFault(w, errCode(code, '请稍后'))
      expect(await refund(w, ordercode, 'R1', 800)).toMatchObject({
        status: 201,
        state: 'requested',
        err_code: code,
        err_code_des: '请稍后',
      })
      await expectReserved(w, ordercode, 8_000)
      w.wechat.faults.clear()
      await passUntilSent(w, ordercode, 'R1')
      expect(await getRefund(w, ordercode, 'R1')).toMatchObject({
        state: 'processing',
        err_code: null,
        err_code_des: null,
      })
      expect(new Set(sent.map(withoutNonce)).size).toBe(1)
      expect(refundWebhooks(w)).toEqual([])
    })
  }

  it('is sent days later, without another request, when the merchant has filled up the account', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'notenough')
    w.wechat.platform.setBalance(500)
    expect(await refund(w, ordercode, 'R1', 800)).toMatchObject({
      status: 201,
      state: 'requested',
      err_code: 'NOTENOUGH',
      err_code_des: '交易未结算资金不足，请使用可用余额退款',
    })
    w.advance(2 * 86_400)
    await w.cron()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ err_code: 'NOTENOUGH' })
    w.wechat.platform.setBalance(10_000)
    w.advance(86_400)
    await w.cron()
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'processing' })
    expect(w.wechat.books.balanceFen()).toBe(9_200)
    await pass(w, 5)
    expect(refundWebhooks(w)).toEqual(['refund.succeeded R1'])
  })

  it('does not delay a smaller refund of another payment', async () => {
    const w = world()
    const [big, small] = [await paidOrder(w, 'big'), await paidOrder(w, 'small')]
    w.wechat.platform.setBalance(500)
    expect(await outcome(putRefund(w, big.ordercode, 'big', 800))).toBe('201 requested')
    expect(await outcome(putRefund(w, small.ordercode, 'small', 400))).toBe('201 processing')
    await pass(w, 5)
    expect(refundWebhooks(w)).toEqual(['refund.succeeded small'])
  })

  it('stays due with NOTENOUGH for longer than a month', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'month')
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 800)
    for (let week = 0; week < 6; week++) {
      w.advance(7 * 86_400)
      await w.cron()
    }
    w.wechat.platform.setBalance(10_000)
    for (let day = 0; day < 3; day++) {
      w.advance(86_400)
      await w.cron()
    }
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'succeeded' })
  })
})

describe('a refund that WeChat wants to be repeated', () => {
  it.each(['INVALID_REQ_TOO_MUCH', 'FREQUENCY_LIMITED', 'ORDER_NOT_READY'])(
    'is tried again within minutes after %s, however old it is',
    async (errCode) => {
      const w = world()
      const { ordercode } = await paidOrder(w, 'minutes', 1_000)
      w.wechat.platform.setBalance(0)
      await refund(w, ordercode, 'R1', 100)
      // One minute, five, thirty, two hours, a day.
      for (const seconds of [60, 240, 1_500, 5_400]) {
        w.advance(seconds)
        await w.cron()
      }
      w.advance(86_400 - 7_200)
      w.wechat.platform.setBalance(1_000_000)
      w.wechat.faults.inject({ endpoint: 'refund', kind: 'err_code', errCode, errCodeDes: '?' })
      await w.cron()
      expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ err_code: errCode })
      await pass(w, 6)
      expect((await getRefund(w, ordercode, 'R1')).state).not.toBe('requested')
    },
  )
})
