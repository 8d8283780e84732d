import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  called,
  getRefund,
  notifyRefund,
  outcome,
  paidOrder,
  paidTwice,
  pass,
  putRefund,
  refund,
  refundEvents,
  refundWebhooks,
  reviews,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

const REFUSED = { kind: 'err_code', errCode: 'TRADE_OVERDUE', errCodeDes: '订单已过期' } as const

/** WeChat thinks about every refund for that long. */
function slow(w: World, seconds: number): void {
  const real = w.wechat.fetchWithCertificate
  vi.spyOn(w.wechat, 'fetchWithCertificate').mockImplementation(async (request) => {
    w.advance(seconds)
    return real(request)
  })
}

const lastRun = async (w: World): Promise<Record<string, unknown>> => {
  const answer = await w.shop('GET', '/runs?limit=1')
  return (await answer.json<{ runs: Record<string, unknown>[] }>()).runs[0] ?? {}
}

describe('a refund that WeChat refuses', () => {
  it.each([1, 2, 7])(
    'after %i seconds is refused then, and its amount is free',
    async (seconds) => {
      const w = world()
      const { ordercode } = await paidOrder(w, `slow-${seconds}`, 1_000)
      slow(w, seconds)
      w.wechat.faults.inject({ endpoint: 'refund', ...REFUSED })
      expect(await outcome(putRefund(w, ordercode, 'R1', 1_000))).toBe('201 refused')
      await w.settled()
      expect(refundWebhooks(w)).toEqual(['refund.failed R1'])
      // It begins a minute after the first one, as all refunds of one payment do.
      expect(await outcome(putRefund(w, ordercode, 'R2', 1_000))).toBe('201 requested')
    },
  )

  it('from the other origin, after the first one was silent, may yet have arrived', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'origins', 1_000)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'request_lost', times: 1 })
    w.wechat.faults.inject({ endpoint: 'refund', ...REFUSED })
    expect(await refund(w, ordercode, 'R1', 1_000)).toMatchObject({
      state: 'requested',
      err_code: 'TRADE_OVERDUE',
    })
    expect(await outcome(putRefund(w, ordercode, 'R2', 1))).toBe('409 refund_exceeds_payment')
    w.wechat.faults.inject({ endpoint: 'refund', ...REFUSED })
    await pass(w, 2)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('refused')
  })

  it('when it was busy a moment before, may have been taken on then', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'busy', 1_000)
    w.wechat.faults.inject({ endpoint: 'refund', kind: 'system_error', times: 1 })
    w.wechat.faults.inject({ endpoint: 'refund', ...REFUSED })
    expect((await refund(w, ordercode, 'R1', 1_000)).state).toBe('requested')
  })
})

describe('one refund that many ask for at once', () => {
  it('is sent once', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'many')
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => outcome(putRefund(w, ordercode, 'R1', 800))),
    )
    expect(answers.filter((answer) => answer === '201 processing')).toHaveLength(1)
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    await pass(w, 2)
    expect(called(w, '/secapi/pay/refund')).toBe(1)
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 processing')
  })

  it('by the shop and by the cron, of one that waits, is sent by one of them', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'both')
    w.wechat.faults.inject({
      endpoint: 'refund',
      kind: 'err_code',
      errCode: 'NOTENOUGH',
      errCodeDes: '?',
    })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
    w.advance(60)
    await Promise.all([w.cron(), putRefund(w, ordercode, 'R1', 800), w.cron()])
    expect(called(w, '/secapi/pay/refund')).toBe(2)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('processing')
  })

  it('by the shop, a moment before the cron comes to it, is sent by the shop alone', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'before')
    w.wechat.faults.inject({
      endpoint: 'refund',
      kind: 'err_code',
      errCode: 'NOTENOUGH',
      errCodeDes: '?',
    })
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('201 requested')
    w.advance(60)
    let hold = () => {}
    w.holds.set('/secapi/pay/refund', new Promise<void>((resolve) => (hold = resolve)))
    const sending = outcome(putRefund(w, ordercode, 'R1', 800))
    await vi.waitFor(() => expect(called(w, '/secapi/pay/refund')).toBe(2))
    w.holds.delete('/secapi/pay/refund')
    await w.cron()
    expect(called(w, '/secapi/pay/refund')).toBe(2)
    hold()
    expect(await sending).toBe('200 processing')
  })

  it('is sent by the cron when whoever had the turn is gone', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'gone')
    let hold = () => {}
    w.holds.set('/secapi/pay/refund', new Promise<void>((resolve) => (hold = resolve)))
    const never = putRefund(w, ordercode, 'R1', 800)
    await vi.waitFor(() => expect(called(w, '/secapi/pay/refund')).toBe(1))
    w.holds.delete('/secapi/pay/refund')
    expect(await outcome(putRefund(w, ordercode, 'R1', 800))).toBe('200 requested')
    await pass(w, 2)
    expect((await getRefund(w, ordercode, 'R1')).state).toBe('processing')
    hold()
    await never
    expect(await refundEvents(w, ordercode)).toEqual(['refund_requested', 'refund_accepted'])
  })
})

describe('a refund notice that WeChat’s own answer does not bear out', () => {
  it.each(['SUCCESS', 'REFUNDCLOSE', 'CHANGE'])(
    '%s, and a query says PROCESSING, is refused as any other, and may come again',
    async (refund_status) => {
      const w = world()
      w.wechat.platform.holdRefunds()
      const { ordercode } = await paidOrder(w, `against-${refund_status.toLowerCase()}`)
      await putRefund(w, ordercode, 'R1', 800)
      const notice = w.wechat.notices.ofRefunds.xml('R1', { info: { refund_status } })
      const answer = await notifyRefund(w, notice)
      const nonsense = await notifyRefund(w, 'not xml')
      expect([answer.status, await answer.text()]).toEqual([400, await nonsense.text()])
      expect((await getRefund(w, ordercode, 'R1')).state).toBe('processing')
      w.wechat.platform.settleRefund('R1', 'SUCCESS')
      expect((await notifyRefund(w, w.wechat.notices.ofRefunds.xml('R1'))).status).toBe(200)
    },
  )
})

describe('many refunds that end', () => {
  it('in one run of the cron are told in it', async () => {
    const w = world({ vars: { TICK_CALLS: '500', TICK_STATEMENTS: '1000' } })
    const numbers = ['R1', 'R2', 'R3', 'R4', 'R5']
    for (const number of numbers) {
      const { ordercode } = await paidOrder(w, `ended-${number}`)
      expect(await outcome(putRefund(w, ordercode, number, 800))).toBe('201 processing')
    }
    for (const number of numbers) w.wechat.platform.settleRefund(number, 'SUCCESS')
    w.advance(60)
    await w.cron()
    expect(refundWebhooks(w).toSorted()).toEqual(numbers.map((each) => `refund.succeeded ${each}`))
    expect(await lastRun(w)).toMatchObject({ refunds: 5, refunds_left: 0, told: 5 })
  })

  it('and are more than a run may do are left to the next ones, the oldest first, and it shows', async () => {
    const w = world()
    const numbers = Array.from({ length: 6 }, (_, n) => `B${6 - n}`)
    for (const number of numbers) {
      const { ordercode } = await paidOrder(w, `left-${number}`)
      await putRefund(w, ordercode, number, 800)
      w.advance(1)
    }
    for (const number of numbers) w.wechat.platform.settleRefund(number, 'SUCCESS')
    w.advance(70)
    await w.cron()
    const { refunds, refunds_left: left } = await lastRun(w)
    expect(Number(refunds)).toBeGreaterThan(0)
    expect(Number(left)).toBe(6 - Number(refunds))
    await pass(w, 8, { notices: false })
    const told = refundWebhooks(w)
    expect(told.toSorted()).toEqual(numbers.map((each) => `refund.succeeded ${each}`).toSorted())
    // Those of one run end side by side.
    expect(told.slice(0, 2)).toContain('refund.succeeded B6')
    expect(told.slice(-2)).toContain('refund.succeeded B1')
    expect(await lastRun(w)).toMatchObject({ refunds_left: 0 })
  })
})

describe('a backlog of refunds beside one of payments', () => {
  it.each(['40', '50'])('drains with it, on a budget of %s statements', async (TICK_STATEMENTS) => {
    const w = world({ vars: { TICK_STATEMENTS } })
    for (let n = 0; n < 8; n++) {
      const { ordercode } = await paidOrder(w, `back-${n}`)
      await putRefund(w, ordercode, w.code(`r${n}`), 800)
    }
    w.wechat.platform.holdRefunds()
    for (let n = 0; n < 8; n++) {
      const ordercode = await w.order(`due-${n}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      w.wechat.payer.pay(ordercode)
      w.wechat.notices.ofPayments.loseNext(ordercode)
    }
    w.advance(300)
    const done = { booked: 0, refunds: 0 }
    for (let minute = 0; minute < 4; minute++) {
      await w.cron()
      const { booked, refunds, statements } = await lastRun(w)
      done.booked += Number(booked)
      done.refunds += Number(refunds)
      expect(Number(statements)).toBeLessThanOrEqual(Number(TICK_STATEMENTS))
      w.advance(60)
    }
    expect(done.booked).toBeGreaterThanOrEqual(2)
    expect(done.refunds).toBeGreaterThanOrEqual(2)
  })
})

describe('what the shop reads', () => {
  it('of a payment that is on its way back says how much', async () => {
    const w = world()
    const { ordercode } = await paidOrder(w, 'onitsway', 1_000)
    await putRefund(w, ordercode, 'R1', 300)
    expect((await w.read(ordercode)).payments).toMatchObject([
      { refunded_fee: 0, refunding_fee: 300 },
    ])
    await pass(w, 5)
    expect((await w.read(ordercode)).payments).toMatchObject([
      { refunded_fee: 300, refunding_fee: 0 },
    ])
  })

  it('of a review has times as everywhere', async () => {
    const w = world()
    const { ordercode } = await paidTwice(w, 'times')
    await w.deliverNotices()
    const [review] = await reviews(w)
    expect(review?.evidence['paid_at']).toMatch(/^2026-11-23T\d\d:\d\d:\d\dZ$/)
    expect((await w.read(ordercode)).reviews).toMatchObject([
      { evidence: { paid_at: expect.stringMatching(/Z$/) as string } },
    ])
  })
})
