/** Bills in the store: leases, what two runs share, and the reviews that end with a reconciled day. */
import { describe, expect, it } from 'vitest'
import type { BillRow } from '../../../src/core/bill/bill-row.ts'
import { type Bill, NO_COUNTS } from '../../../src/core/bill/bill.ts'
import { compareRows } from '../../../src/core/bill/compare.ts'
import {
  collectedReview,
  type Difference,
  differenceReview,
} from '../../../src/core/bill/difference.ts'
import type { BeijingDay } from '../../../src/core/day.ts'
import { type Review, reviewId } from '../../../src/core/review.ts'
import { later, type UnixSeconds } from '../../../src/core/time.ts'
import { registered, storeBench, type StoreBench } from '../../../testing/d1/store-bench.ts'
import { at, DAY, MINUTE } from '../../../testing/samples/order-samples.ts'

/** The day on which the order of the samples was registered, and the one after it. */
const FIRST = '2024-01-02' as BeijingDay
const SECOND = '2024-01-03' as BeijingDay
const NOW = at(3 * DAY)
const OURS = { appid: 'wxd930ea5d5a258f4f', mchId: '10000100', isAppidShared: false }

async function billsBench(): Promise<StoreBench> {
  const bench = storeBench()
  await registered(bench)
  await bench.store.bills.expect(SECOND, NOW)
  return bench
}

async function claimed({ store }: StoreBench, now: UnixSeconds): Promise<Bill> {
  const bill = await store.bills.claimDue(now)
  if (bill === undefined) throw new Error('no bill is due')
  return bill
}

const comparing = (bill: Bill): Bill => ({
  ...bill,
  state: 'comparing',
  bytes: 1,
  counts: NO_COUNTS,
})

const asReconciled = (bill: Bill, now: UnixSeconds): Bill => ({
  ...bill,
  state: 'reconciled',
  dueAt: undefined,
  reconciledAt: now,
})

describe('a bill under a lease', () => {
  it('is claimed neither by the cron nor by an operator until the lease ends', async () => {
    const bench = await billsBench()
    const { bills } = bench.store
    const first = await claimed(bench, NOW)
    expect(first.day).toBe(FIRST)

    expect((await bills.claimDue(NOW))?.day).toBe(SECOND)
    expect(await bills.claimDue(later(NOW, MINUTE))).toBeUndefined()
    expect(await bills.claimDay(FIRST, later(NOW, MINUTE))).toBeUndefined()

    expect((await bills.claimDay(FIRST, later(NOW, 5 * MINUTE)))?.day).toBe(FIRST)
    expect((await bills.claimDue(later(NOW, 5 * MINUTE)))?.day).toBe(SECOND)
  })

  it('is not written by the holder of an earlier lease', async () => {
    const bench = await billsBench()
    const { bills } = bench.store
    const late = await claimed(bench, NOW)
    const again = later(NOW, 5 * MINUTE)
    const other = await bills.claimDay(FIRST, again)
    if (other === undefined) throw new Error('the first lease has not ended')
    await bills.save(asReconciled(other, again), again)
    const before = await bench.read('SELECT * FROM bills')

    expect(await bills.begin(comparing(late))).toBeUndefined()
    await bills.save({ ...late, lastError: 'bill_creating' }, again)
    expect(await bills.postpone(late, later(again, MINUTE), 'failed')).toBe(false)

    expect(await bench.read('SELECT * FROM bills')).toEqual(before)
  })
})

describe('a bill that is read in two runs', () => {
  const unreadable: BillRow = { kind: 'unreadable', row: 1, reason: '交易时间' }

  it('keeps what the first run found when it is downloaded again', async () => {
    const bench = await billsBench()
    const { bills } = bench.store
    const first = comparing(await claimed(bench, NOW))
    await bills.begin(first)
    const compared = await bills.savePage(first, compareRows(first, [unreadable], new Map(), OURS))
    if (compared === undefined) throw new Error('the lease was lost')
    await bills.save(compared, NOW)

    const second = await bills.claimDay(FIRST, later(NOW, MINUTE))
    if (second === undefined) throw new Error('the lease was not released')
    expect(second.counts.rows).toBe(1)
    expect(await bills.begin(second)).toBe(false)

    expect((await bills.differences(FIRST, 10)).some).toMatchObject([
      { kind: 'row_unreadable', subject: '1' },
    ])
  })
})

describe('a day that is reconciled', () => {
  const difference = (day: BeijingDay, subject: string): Difference => ({
    day,
    kind: 'payment_not_in_bill',
    subject,
    ordercode: undefined,
    bill: undefined,
    books: undefined,
    outcome: undefined,
    tries: 0,
  })

  it('closes the reviews of differences that are gone, and no others', async () => {
    const bench = await billsBench()
    const { store, exec, read } = bench
    const bill = await claimed(bench, NOW)
    await exec(
      `INSERT INTO bill_differences (day, kind, subject, outcome) VALUES
         ('${FIRST}', 'payment_not_in_bill', '42', 'review'),
         ('${FIRST}', 'refund_not_in_bill', 'r1', 'collected')`,
    )
    const remaining: readonly Review[] = [
      differenceReview(difference(FIRST, '42')),
      collectedReview(FIRST, 'refund_not_in_bill', 100),
      differenceReview(difference(SECOND, '43')),
      { kind: 'amount_mismatch', subject: `${FIRST}.1`, ordercode: undefined, evidence: {} },
    ]
    const gone = differenceReview(difference(FIRST, '44'))
    for (const review of [...remaining, gone]) await store.reviews.open(review, NOW)

    await store.bills.save(asReconciled(bill, NOW), NOW)

    const open = await read('SELECT id FROM reviews WHERE resolved_at IS NULL ORDER BY id')
    expect(open.map(({ id }) => id)).toEqual(remaining.map(reviewId).toSorted())
  })
})
