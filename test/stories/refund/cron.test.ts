import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  outcome,
  paidOrder,
  pass,
  putRefund,
  refundWebhooks,
} from '../../../testing/refund-stories.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

const lastRun = async (w: World): Promise<Record<string, unknown>> => {
  const answer = await w.shop('GET', '/runs?limit=1')
  return (await answer.json<{ runs: Record<string, unknown>[] }>()).runs[0] ?? {}
}

describe('refunds that end', () => {
  it('in one run of the cron send their webhooks in the same run', async () => {
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
    expect(await lastRun(w)).toMatchObject({ refunds: 5, told: 5 })
  })

  it('beyond the budget of a run are left to the next runs, the oldest first, and their age is told', async () => {
    const w = world({ vars: { PLAN: 'free' } })
    const numbers = Array.from({ length: 6 }, (_, n) => `B${6 - n}`)
    for (const number of numbers) {
      const { ordercode } = await paidOrder(w, `left-${number}`)
      await putRefund(w, ordercode, number, 800)
      w.advance(1)
    }
    for (const number of numbers) w.wechat.platform.settleRefund(number, 'SUCCESS')
    w.advance(70)
    await w.cron()
    const first = Number((await lastRun(w))['refunds'])
    expect(first).toBeGreaterThan(0)
    expect(first).toBeLessThan(6)
    w.advance(60)
    await w.cron()
    // The oldest of those that were left was requested a second after the one before it.
    expect(await lastRun(w)).toMatchObject({ oldest_due: { money: 60 + 70 - 60 + 6 - first } })
    await pass(w, 8, { notices: false })
    const sent = refundWebhooks(w)
    expect(sent.toSorted()).toEqual(numbers.map((each) => `refund.succeeded ${each}`).toSorted())
    // The webhooks of one run are sent side by side.
    expect(sent.slice(0, 2)).toContain('refund.succeeded B6')
    expect(sent.slice(-2)).toContain('refund.succeeded B1')
    expect(await lastRun(w)).toMatchObject({ oldest_due: { money: null } })
  })
})

describe('a backlog of refunds beside one of payments', () => {
  it.each(['40', '50'])(
    'is worked off together with it, with a budget of %s statements',
    async (TICK_STATEMENTS) => {
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
    },
  )
})
