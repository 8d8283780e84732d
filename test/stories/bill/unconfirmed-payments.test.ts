import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  compact,
  DAY,
  goTo,
  lost,
  minutes,
  NEXT_DAY,
  reportOf,
} from '../../../testing/bill-days.ts'
import { openReviews, stopQueries } from '../../../testing/bill-situations.ts'
import { world } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

describe('a payment that only the bill reports and WeChat does not confirm', () => {
  it('is still found after an early "No Bill Exist"', async () => {
    const w = world()
    const { ordercode } = await lost(w, 'early')
    await stopQueries(w)
    w.wechat.bills.change(compact(DAY), {
      kind: 'unavailable',
      errorCode: '20002',
      returnMsg: 'No Bill Exist',
      times: 1,
    })
    goTo(w, `${NEXT_DAY}T10:10`)
    await minutes(w, 12)
    expect((await reportOf(w))?.state).toBe('reconciled')
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('is queried for two days under a review, which closes when the payment is recorded', async () => {
    const w = world()
    const { ordercode, transactionId } = await lost(w, 'patient')
    await stopQueries(w)
    goTo(w, `${NEXT_DAY}T10:10`)
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 10_000 })
    await minutes(w, 35)
    expect(await openReviews(w)).toEqual([
      `bill_difference.${DAY}.payment_not_here.${transactionId}`,
    ])
    w.wechat.faults.clear()
    for (let hour = 0; hour < 3; hour++) {
      w.advance(3_600)
      await minutes(w, 1)
    }
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(await openReviews(w)).toEqual([])
    const { differences, state } = (await reportOf(w)) ?? {}
    expect({ differences, state }).toMatchObject({
      state: 'reconciled',
      differences: [{ kind: 'payment_not_here', outcome: 'booked', review_id: null }],
    })
  })

  it('is left to the review when WeChat never answers', async () => {
    const w = world()
    const { ordercode } = await lost(w, 'never')
    await stopQueries(w)
    goTo(w, `${NEXT_DAY}T10:10`)
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 10_000 })
    await minutes(w, 31)
    for (let hour = 0; hour < 52; hour++) {
      w.advance(3_600)
      await minutes(w, 1)
    }
    expect((await reportOf(w))?.state).toBe('reconciled')
    expect((await w.read(ordercode)).state).toBe('paying')
    expect(await openReviews(w)).toHaveLength(1)
  })
})
