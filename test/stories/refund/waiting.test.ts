import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  errCode,
  expectReserved,
  injectFault,
  openReview,
  type RefundFault,
  resolveReview,
} from '../../../testing/refund-situations.ts'
import {
  called,
  deleteRefund,
  getRefund,
  kinds,
  outcome,
  paidOrder,
  pass,
  passUntilSent,
  putRefund,
  recordRefunds,
  refund,
  refundWebhooks,
  reviews,
  withoutNonce,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

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

/** Runs the cron at these minutes after now. */
async function cronAt(w: World, ...minutes: readonly number[]): Promise<void> {
  let now = 0
  for (const minute of minutes) {
    w.advance((minute - now) * 60)
    now = minute
    await w.cron()
  }
  await w.settled()
}

describe('the review of a refund that waits', () => {
  it('opens after an hour with the words of WeChat, once, and ends by itself when the refund goes on', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'hour')
    const short = errCode('NOTENOUGH', '基本账户余额不足，请充值后重新发起')
    injectFault(w, short, 99)
    await refund(w, ordercode, 'R1', 800)
    await cronAt(w, 1, 5, 30, 59)
    expect(await kinds(w)).toEqual([])
    await cronAt(w, 1)
    expect(await openReview(w, 'refund_waiting')).toMatchObject({
      id: 'refund_waiting.R1',
      ordercode,
      evidence: {
        out_refund_no: 'R1',
        refund_fee: 800,
        state: 'requested',
        err_code: 'NOTENOUGH',
        err_code_des: '基本账户余额不足，请充值后重新发起',
      },
    })
    expect(w.receiver.types()).toContain('review.opened')
    await cronAt(w, 60, 60 * 24, 60 * 48)
    expect(await kinds(w)).toEqual(['refund_waiting'])

    w.wechat.faults.clear()
    await cronAt(w, 60 * 24)
    expect(await getRefund(w, ordercode, 'R1')).toMatchObject({ state: 'processing' })
    expect(await reviews(w, '?open=true')).toEqual([])
    expect((await reviews(w))[0]?.note).toContain('resolved automatically')
  })

  it('opens again for another reason after it was resolved, and not for the same', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'another')
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 800)
    await cronAt(w, 1, 5, 30, 60)
    const { id } = await openReview(w, 'refund_waiting')
    await resolveReview(w, id, { note: 'money is on its way' })
    await cronAt(w, 60, 60 * 24)
    expect(await reviews(w, '?open=true')).toEqual([])

    injectFault(w, errCode('CERT_ERROR'), 99)
    await cronAt(w, 60 * 24 * 2, 60 * 24 * 3)
    expect(await openReview(w, 'refund_waiting')).toMatchObject({
      id: `${id}.2`,
      evidence: { err_code: 'CERT_ERROR' },
    })
    expect(w.receiver.received.map((each) => each.id)).toContain(`review.opened.${id}.2`)
  })

  const MISCONFIGURED: Readonly<Record<string, (w: World) => void>> = {
    'no certificate reaches WeChat': (w) =>
      void vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(w.wechat.fetch),
    'WeChat refuses the certificate': (w) => injectFault(w, errCode('CERT_ERROR'), 99),
    'WeChat refuses the key': (w) =>
      injectFault(w, { kind: 'return_fail', returnMsg: '签名错误' }, 99),
  }
  it.each(Object.keys(MISCONFIGURED))('opens at once when %s', async (name) => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'atonce')
    MISCONFIGURED[name]?.(w)
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
    const { evidence } = await openReview(w, 'refund_waiting')
    expect(evidence['err_code']).toBe((await getRefund(w, ordercode, 'R1')).err_code)
    expect(evidence['err_code']).toBeTruthy()
    await pass(w, 6)
    expect(await kinds(w)).toEqual(['refund_waiting'])
    vi.restoreAllMocks()
    w.wechat.faults.clear()
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
    expect(await reviews(w, '?open=true')).toEqual([])
  })

  const LONG: readonly RefundFault[] = [
    { kind: 'http_500' },
    errCode('FREQUENCY_LIMITED'),
    errCode('SOMETHING_NEW'),
    { kind: 'return_fail', returnMsg: '系统繁忙' },
  ]
  it.each(LONG)('opens after an hour for every other reason: %o', async (fault) => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'reason')
    injectFault(w, fault, 99)
    await refund(w, ordercode, 'R1', 800)
    await cronAt(w, 1, 5, 30, 59)
    expect(await kinds(w)).toEqual([])
    await cronAt(w, 6)
    expect(await kinds(w)).toEqual(['refund_waiting'])
  })

  it('ends also when the refund is refused or called off', async () => {
    const w = world()
    const refusedOne = await paidOrder(w, 'refused')
    const cancelledOne = await paidOrder(w, 'cancelled')
    injectFault(w, errCode('CERT_ERROR'), 2)
    await refund(w, refusedOne.ordercode, 'refused', 100)
    await refund(w, cancelledOne.ordercode, 'cancelled', 100)
    expect(await reviews(w, '?open=true')).toHaveLength(2)
    injectFault(w, errCode('USER_ACCOUNT_ABNORMAL'), 1)
    expect(await outcome(putRefund(w, refusedOne.ordercode, 'refused', 100))).toBe('200 refused')
    expect(await outcome(deleteRefund(w, cancelledOne.ordercode, 'cancelled'))).toBe(
      '200 cancelled',
    )
    expect(await reviews(w, '?open=true')).toEqual([])
  })

  it('tells how to use the available balance', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'advice')
    w.wechat.platform.setBalance(0)
    await refund(w, ordercode, 'R1', 800)
    await cronAt(w, 60)
    const { evidence } = await openReview(w, 'refund_waiting')
    expect(evidence['advice']).toContain('"refund_account": "available"')
    // The operator does what it says.
    expect(await outcome(deleteRefund(w, ordercode, 'R1'))).toBe('200 cancelled')
    const available = { refund_fee: 800, refund_account: 'available' } as const
    expect(await refund(w, ordercode, 'R2', available)).toMatchObject({
      state: 'processing',
      refund_account: 'available',
    })
    expect(await outcome(putRefund(w, ordercode, 'R2', 800))).toBe('409 refund_conflict')
    expect(await outcome(putRefund(w, ordercode, 'R2', available))).toBe('200 processing')
    expect(w.wechat.books.refund('R2')?.account).toBe('REFUND_SOURCE_RECHARGE_FUNDS')
  })
})

describe('a refund that WeChat does not make, for a reason in words', () => {
  const ERRORS = [
    errCode('ERROR', '订单已全额退款'),
    errCode('ERROR', '交易已经超过退款期限'),
    errCode('SOMETHING_NEW', '?'),
  ]

  it.each(ERRORS)('is refused when the refunds at WeChat leave too little: %o', async (fault) => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'left', 1_000)
    w.wechat.platform.refund(ordercode, { refundFee: 300 })
    injectFault(w, fault, 1)
    expect(await refund(w, ordercode, 'R1', 701)).toMatchObject({
      state: 'refused',
      err_code: fault.errCode,
      err_code_des: fault.errCodeDes,
    })
    await w.settled()
    expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
  })

  it.each(ERRORS)('waits when they leave enough: %o', async (fault) => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'enough', 1_000)
    w.wechat.platform.refund(ordercode, { refundFee: 300 })
    injectFault(w, fault, 1)
    expect(await refund(w, ordercode, 'R1', 700)).toMatchObject({
      state: 'requested',
      err_code: fault.errCode,
    })
    await expectReserved(w, ordercode, 300)
    await passUntilSent(w, ordercode, 'R1')
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('processing')
  })

  it.each(ERRORS)('is refused when the payment is older than a year: %o', async (fault) => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'year', 1_000)
    w.advance(366 * 86_400)
    const asked = called(w, '/pay/refundquery')
    injectFault(w, fault, 1)
    expect(await refund(w, ordercode, 'R1', 100)).toMatchObject({ state: 'refused' })
    // The age is known here, so one query confirms the refusal.
    expect(called(w, '/pay/refundquery')).toBe(asked + 1)
  })

  it('waits while WeChat does not list its refunds', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'silent', 1_000)
    w.wechat.platform.refund(ordercode, { refundFee: 1_000 })
    injectFault(w, errCode('ERROR', '订单已全额退款'), 99)
    w.wechat.faults.inject({ endpoint: 'refundquery', kind: 'http_500', times: 1 })
    expect(await outcome(putRefund(w, ordercode, 'R1', 100))).toBe('201 requested')
    w.advance(1)
    expect(await outcome(putRefund(w, ordercode, 'R1', 100))).toBe('200 refused')
  })

  it('goes on when WeChat has made it by an earlier try', async () => {
    const w = world()
    w.wechat.platform.holdRefunds()
    const { ordercode } = await paidOrder(w, 'earlier', 1_000)
    injectFault(w, { kind: 'reply_lost' })
    expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('201 requested')
    injectFault(w, errCode('ERROR', '订单已全额退款'), 1)
    expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('200 processing')
  })
})
