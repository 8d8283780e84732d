import { describe, expect, it } from 'vitest'
import {
  beijing,
  compact,
  DAY,
  downloads,
  goTo,
  lost,
  minutes,
  NEXT_DAY,
  paid,
  reconciled,
  reportOf,
  reviews,
  runNow,
  tens,
  watchDays,
  webhooks,
} from '../../../testing/bill-days.ts'
import { world } from '../../../testing/world.ts'

describe('a bill is requested', () => {
  const creating = { kind: 'unavailable', errorCode: '20002', returnMsg: 'Bill Creating' } as const

  it('from 10:10 on every ten minutes until noon, then every hour', async () => {
    const w = world()
    await paid(w, 'patience')
    w.wechat.bills.change(compact(DAY), creating)
    goTo(w, `${NEXT_DAY}T09:00`)
    const requested = await requestTimes(w, 7 * 60, 5)
    expect(requested.join(' ')).toBe(
      '10:10 10:20 10:30 10:40 10:50 11:00 11:10 11:20 11:30 11:40 11:50 12:00 13:00 14:00 15:00',
    )
    const answer = await w.shop('GET', `/bills/${DAY}`)
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ code: 'bill_not_ready' })
  })

  it('every hour during the night and the next morning', async () => {
    const w = world()
    await paid(w, 'night')
    w.wechat.bills.change(compact(DAY), creating)
    goTo(w, `${NEXT_DAY}T15:00`)
    await w.cron()
    goTo(w, `${NEXT_DAY}T22:00`)
    await w.cron()
    w.advance(600)
    const requested = await requestTimes(w, 6 * 60, 10)
    expect(requested).toEqual(['23:00', '00:00', '01:00', '02:00', '03:00', '04:00'])
  })

  it('until noon when WeChat says "No Bill Exist" about a day with payments', async () => {
    const w = world()
    const { ordercode, transactionId } = await paid(w, 'no-bill')
    w.wechat.bills.change(compact(DAY), {
      kind: 'unavailable',
      errorCode: '20002',
      returnMsg: 'No Bill Exist',
    })
    goTo(w, `${NEXT_DAY}T10:10`)
    await minutes(w, 2)
    expect((await w.shop('GET', `/bills/${DAY}`)).status).toBe(409)
    goTo(w, `${NEXT_DAY}T11:50`)
    await w.cron()
    expect((await w.shop('GET', `/bills/${DAY}`)).status).toBe(409)
    expect(await reviews(w)).toEqual([])

    goTo(w, `${NEXT_DAY}T12:00`)
    const report = await reconciled(w, DAY, 70)
    expect(report).toMatchObject({
      bill: { rows: 0 },
      books: { payments: 1, total_fee: 8_800 },
      difference_count: 1,
      differences: [
        {
          kind: 'payment_not_in_bill',
          subject: transactionId,
          ordercode,
          bill: null,
          outcome: 'review',
        },
      ],
    })
  })

  it('further after 36 hours without it, when a review is opened', async () => {
    const w = world()
    await paid(w, 'missing')
    w.wechat.bills.change(compact(DAY), creating)
    goTo(w, `${NEXT_DAY}T10:10`)
    await w.cron()
    goTo(w, '2026-11-25T11:50')
    await minutes(w, 10)
    expect(await reviews(w)).toEqual([])
    goTo(w, '2026-11-25T12:01')
    await tens(w, 7)
    const [review, ...more] = await reviews(w)
    expect(more).toEqual([])
    expect(review).toMatchObject({
      id: `bill_difference.${DAY}.bill_missing`,
      kind: 'bill_difference',
      ordercode: null,
    })
    expect(webhooks(w, 'review.opened').map(({ data }) => data['id'])).toEqual([review?.id])

    w.wechat.bills.clearChanges()
    expect((await reconciled(w, DAY, 70)).difference_count).toBe(0)
    expect(await reviews(w)).toHaveLength(1)
  })

  it('after an outage of several days one by one, the oldest first', async () => {
    const w = world()
    const days = [DAY, NEXT_DAY, '2026-11-25', '2026-11-26']
    for (const [n, day] of days.entries()) {
      goTo(w, `${day}T12:00`)
      await paid(w, `outage-${n}`)
    }
    const requested = watchDays(w)
    goTo(w, '2026-11-27T17:00')
    await minutes(w, 20)
    expect(requested).toEqual(days.map(compact))
    for (const day of days) {
      expect(await reportOf(w, day)).toMatchObject({ state: 'reconciled', difference_count: 0 })
    }
    expect(webhooks(w, 'bill.reconciled').map(({ data }) => data['date'])).toEqual(days)
  })

  it('only when the day before, which takes several runs, is compared to its end', async () => {
    const w = world()
    const days = [DAY, NEXT_DAY]
    for (const day of days) {
      goTo(w, `${day}T12:00`)
      for (let n = 0; n < 8; n++) await lost(w, `long-${day.slice(-2)}-${n}`)
    }
    // Only the bills may find these payments.
    await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
    await w.db.prepare('UPDATE orders SET due_at = NULL').run()
    goTo(w, '2026-11-25T10:10')
    const begun: number[] = []
    for (let run = 0; run < 40; run++) {
      await minutes(w, 1)
      const sql = "SELECT count(*) AS n FROM bills WHERE state = 'comparing'"
      begun.push((await w.db.prepare(sql).first<number>('n')) ?? 0)
    }
    for (const day of days) expect((await reportOf(w, day))?.state).toBe('reconciled')
    expect(Math.max(...begun)).toBeLessThanOrEqual(1)
  })

  it('after an outage also for older days than the one that an operator ran', async () => {
    const w = world()
    const days = [DAY, NEXT_DAY, '2026-11-25']
    for (const [n, day] of days.entries()) {
      goTo(w, `${day}T12:00`)
      await paid(w, `by-hand-${n}`)
    }
    goTo(w, '2026-11-26T11:00')
    expect((await runNow(w, '2026-11-25')).status).toBe(200)
    await minutes(w, 120)
    for (const day of days) expect((await reportOf(w, day))?.state).toBe('reconciled')
  })

  it('after a very long outage only for the days that WeChat still keeps', async () => {
    const w = world()
    await paid(w, 'ages-ago')
    const requested = watchDays(w)
    w.advance(120 * 86_400)
    goTo(w, `${new Date(w.now() + 8 * 3_600_000).toISOString().slice(0, 10)}T10:10`)
    await minutes(w, 5)
    // 120 days after 23 November is 23 March; three months before that is 23 December.
    expect(requested[0] ?? '').toMatch(/^2026122\d$/)
    expect(requested).toEqual(requested.toSorted())
    expect(requested).toHaveLength(5)
    const outcomes = w.wechat.books.history().filter(({ endpoint }) => endpoint === 'downloadbill')
    expect(outcomes.map(({ outcome }) => outcome).join()).not.toContain('invalid')
  })

  /** The times at which the cron requests the bill during the next `count` minutes. */
  async function requestTimes(
    w: ReturnType<typeof world>,
    count: number,
    step = 1,
  ): Promise<string[]> {
    const requested: string[] = []
    for (let minute = 0; minute < count; minute += step) {
      const before = downloads(w)
      await w.cron()
      if (downloads(w) > before) requested.push(beijing(w.now()).slice(6))
      w.advance(step * 60)
    }
    return requested
  }
})
