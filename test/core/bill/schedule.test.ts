import { describe, expect, it } from 'vitest'
import {
  type Difference,
  differenceReview,
  missingBillReview,
} from '../../../src/core/bill/difference.ts'
import {
  isAvailable,
  isOverdue,
  lastBillDay,
  nextBillTryAt,
  nextDifferenceTryAt,
  REPORTED_WITHIN_S,
  TRIES_MAX,
} from '../../../src/core/bill/schedule.ts'
import { type BeijingDay, parseDay } from '../../../src/core/day.ts'
import { nextRefundQueryAt } from '../../../src/core/order/refund-schedule.ts'
import { reviewId } from '../../../src/core/review.ts'
import { toUnixSeconds, type UnixSeconds } from '../../../src/core/time.ts'
import { seeded } from '../../../testing/wire/seeded.ts'

/** Reads a Beijing time such as `2026-11-23 10:10:00`. */
const beijing = (text: string): UnixSeconds =>
  toUnixSeconds(Date.parse(`${text.replace(' ', 'T')}+08:00`) / 1_000)
/** Writes a time as Beijing time, with the calendar of the platform instead of ours. */
const CLOCK = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Asia/Shanghai',
  dateStyle: 'short',
  timeStyle: 'medium',
})
const clock = (at: UnixSeconds): string => CLOCK.format(at * 1_000)
const day = (text: string): BeijingDay => {
  const parsed = parseDay(text)
  if (parsed === undefined) throw new Error(`not a day: ${text}`)
  return parsed
}
/** Days from 1970-01-01 to a day such as `2026-11-22`. */
const dayNumber = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 86_400_000

describe('yesterday’s bill', () => {
  it('is available from 10:10 Beijing time', () => {
    expect(lastBillDay(beijing('2026-11-23 10:09:59'))).toBe('2026-11-21')
    expect(lastBillDay(beijing('2026-11-23 10:10:00'))).toBe('2026-11-22')
    expect(lastBillDay(beijing('2026-11-23 23:59:59'))).toBe('2026-11-22')
    expect(lastBillDay(beijing('2026-11-24 00:00:00'))).toBe('2026-11-22')
  })

  it('belongs to the previous year on New Year’s Day', () => {
    expect(lastBillDay(beijing('2027-01-01 10:10:00'))).toBe('2026-12-31')
    expect(lastBillDay(beijing('2027-01-01 10:00:00'))).toBe('2026-12-30')
  })

  it('becomes the last bill at 10:10 on every day of three years', () => {
    const chance = seeded(1010)
    for (let n = 0; n < 1_000; n++) {
      const now = toUnixSeconds(beijing('2026-01-01 00:00:00') + chance.below(3 * 365 * 86_400))
      const [today = '', time = ''] = clock(now).split(' ')
      const age = dayNumber(today) - dayNumber(lastBillDay(now))

      expect(age, clock(now)).toBe(time >= '10:10:00' ? 1 : 2)
    }
  })
})

describe('a bill that is not ready', () => {
  const missing = day('2026-11-22')

  it('is requested every ten minutes until noon, then every hour, also at night', () => {
    const tries: string[] = []
    let now = beijing('2026-11-23 10:10:00')
    while (clock(now) < '2026-11-24 14') {
      tries.push(clock(now).slice(11, 16))
      now = nextBillTryAt(missing, now)
    }

    const everyTen = ['10:10', '10:20', '10:30', '10:40', '10:50', '11:00']
    const untilNoon = ['11:10', '11:20', '11:30', '11:40', '11:50', '12:00']
    const hours = (from: number, to: number) =>
      Array.from({ length: to - from + 1 }, (_, n) => `${String(from + n).padStart(2, '0')}:00`)
    expect(tries).toEqual([...everyTen, ...untilNoon, ...hours(13, 23), ...hours(0, 13)])
  })

  it('is requested after the same intervals when a try starts at an odd second', () => {
    const after = (text: string) => clock(nextBillTryAt(missing, beijing(text)))

    expect(after('2026-11-23 11:59:59')).toBe('2026-11-23 12:09:59')
    expect(after('2026-11-23 12:00:01')).toBe('2026-11-23 13:00:01')
  })

  it('is overdue after noon of the day after it was expected, and not sooner', () => {
    expect(isOverdue(missing, 9, beijing('2026-11-23 10:10:00'))).toBe(false)
    expect(isOverdue(missing, 9, beijing('2026-11-24 12:00:00'))).toBe(false)
    expect(isOverdue(missing, 9, beijing('2026-11-24 12:00:01'))).toBe(true)
  })

  it('is not overdue after an outage until it was requested three times', () => {
    expect(isOverdue(missing, 2, beijing('2026-12-01 10:10:00'))).toBe(false)
    expect(isOverdue(missing, 3, beijing('2026-12-01 10:10:00'))).toBe(true)
  })
})

describe('the bill of a day', () => {
  it('is available for twelve weeks', () => {
    const now = beijing('2026-11-23 12:00:00')

    expect(isAvailable(day('2026-11-22'), now)).toBe(true)
    expect(isAvailable(day('2026-08-31'), now)).toBe(true)
  })

  it('is requested only within the three months for which WeChat keeps bills', () => {
    const chance = seeded(90)
    for (let n = 0; n < 500; n++) {
      const now = toUnixSeconds(beijing('2023-06-01 00:00:00') + chance.below(5 * 365 * 86_400))
      const [year = 0, month = 0, date = 0] = clock(now).slice(0, 10).split('-').map(Number)
      const lastOfMonth = new Date(Date.UTC(year, month - 3, 0)).getUTCDate()
      const threeMonthsAgo = Date.UTC(year, month - 4, Math.min(date, lastOfMonth)) / 86_400_000
      const tooOld = new Date((threeMonthsAgo - 1) * 86_400_000).toISOString().slice(0, 10)
      const wellWithin = new Date((threeMonthsAgo + 4) * 86_400_000).toISOString().slice(0, 10)

      expect(isAvailable(day(tooOld), now), `${tooOld} on ${clock(now)}`).toBe(false)
      expect(isAvailable(day(wellWithin), now), `${wellWithin} on ${clock(now)}`).toBe(true)
    }
  })
})

describe('a difference', () => {
  const difference: Difference = {
    day: day('2026-11-22'),
    kind: 'payment_differs',
    subject: '4200000540202401020123456789',
    ordercode: 'T20240102030405_0001',
    bill: { total_fee: 100 },
    books: { total_fee: 99 },
    outcome: undefined,
    tries: 1,
  }

  it('becomes a review that shows the values of the bill and of our records', () => {
    expect(differenceReview(difference)).toMatchObject({
      kind: 'bill_difference',
      ordercode: 'T20240102030405_0001',
      evidence: { day: '2026-11-22', bill_total_fee: 100, books_total_fee: 99 },
    })
  })

  it('shows only the bill when our records have nothing', () => {
    const { evidence } = differenceReview({ ...difference, books: undefined })

    expect(Object.keys(evidence).filter((name) => name.startsWith('books'))).toEqual([])
    expect(evidence).toMatchObject({ bill_total_fee: 100 })
  })

  it('has one review of its own, however often it is found', () => {
    const others: Difference[] = [
      { ...difference, day: day('2026-11-23') },
      { ...difference, kind: 'payment_not_here' },
      { ...difference, subject: '4200000540202401020123456780' },
    ]
    const ids = [difference, ...others].map((each) => reviewId(differenceReview(each)))

    expect(new Set(ids).size).toBe(4)
    const again = { ...difference, tries: 9, bill: { total_fee: 101 } }
    expect(reviewId(differenceReview(again))).toBe(ids[0])
  })

  it('has another review than a missing bill, which has one per day', () => {
    const missing = missingBillReview(day('2026-11-22'), 'not_ready')

    expect(missing).toMatchObject({ kind: 'bill_difference', evidence: { reason: 'not_ready' } })
    expect(reviewId(missing)).toBe(reviewId(missingBillReview(day('2026-11-22'), 'other')))
    expect(reviewId(missing)).not.toBe(reviewId(missingBillReview(day('2026-11-23'), 'other')))
    expect(reviewId(missing)).not.toBe(reviewId(differenceReview(difference)))
  })
})

describe('a difference that WeChat does not confirm', () => {
  it('is queried every minute for half an hour, then every hour for two days', () => {
    const now = beijing('2026-11-24 12:00:00')
    const pause = (tries: number): number => nextDifferenceTryAt(tries, now) - now

    expect(pause(0)).toBe(60)
    expect(pause(29)).toBe(60)
    expect(pause(30)).toBe(3_600)
    const all = Array.from({ length: TRIES_MAX }, (_, tries) => pause(tries))
    expect(all.reduce((sum, each) => sum + each, 0)).toBe(30 * 60 + 48 * 3_600)
  })
})

describe('a refund whose answer was lost', () => {
  it('may be in a bill up to two days longer ago than its last planned query finds it', () => {
    const from = beijing('2026-11-24 12:00:00')
    let last = from
    for (let next = nextRefundQueryAt(from, from); next !== undefined;) {
      last = next
      next = nextRefundQueryAt(from, last)
    }
    expect(REPORTED_WITHIN_S).toBe(last - from + 2 * 86_400)
  })
})
