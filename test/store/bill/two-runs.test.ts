/** A bill in two runs at the same time, and statements that D1 gets twice because its answer was lost. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { BillRow } from '../../../src/core/bill/bill-row.ts'
import { type Bill, NO_COUNTS } from '../../../src/core/bill/bill.ts'
import { compareRows } from '../../../src/core/bill/compare.ts'
import { found } from '../../../src/core/bill/difference.ts'
import type { BeijingDay } from '../../../src/core/day.ts'
import { toFen } from '../../../src/core/money.ts'
import { later, type UnixSeconds } from '../../../src/core/time.ts'
import { registered, storeBench } from '../../../testing/d1/store-bench.ts'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { at, DAY, MINUTE, ORDERCODE } from '../../../testing/samples/order-samples.ts'

const FIRST = '2024-01-02' as BeijingDay
const SECOND = '2024-01-03' as BeijingDay
const NOW = at(3 * DAY)
const LATER = later(NOW, 5 * MINUTE)
const OURS = { appid: 'wxd930ea5d5a258f4f', mchId: '10000100', isAppidShared: false }

const unreadable = (row: number): BillRow => ({ kind: 'unreadable', row, reason: '交易时间' })

async function twoBills() {
  const watched = watchDatabase(env.DB)
  const bench = storeBench({ db: watched.db })
  await registered(bench)
  await bench.store.bills.expect(SECOND, NOW)
  const { bills } = bench.store
  /** A run that holds the lease of the first bill from `now` on, and begins to compare it. */
  async function begun(now: UnixSeconds): Promise<Bill> {
    const claimed = await bills.claimDay(FIRST, now)
    if (claimed === undefined) throw new Error('the lease has not ended')
    const bill: Bill = { ...claimed, state: 'comparing', bytes: 1, counts: NO_COUNTS }
    await bills.begin(bill)
    return bill
  }
  const page = (bill: Bill, ...rows: BillRow[]) =>
    bills.savePage(bill, compareRows(bill, rows, new Map(), OURS))
  const everything = async () => ({
    bills: await bench.read('SELECT * FROM bills'),
    differences: await bench.read('SELECT * FROM bill_differences'),
    payments: await bench.read('SELECT * FROM payments'),
  })
  return { ...bench, bills, watched, begun, page, everything }
}

describe('a slow run, after another run has taken over its bill,', () => {
  it('adds nothing for its page, although the other run is at the same row', async () => {
    const { begun, page, everything } = await twoBills()
    const slow = await begun(NOW)
    await begun(LATER)
    const before = await everything()

    expect(await page(slow, unreadable(1))).toBeUndefined()
    expect(await everything()).toEqual(before)
  })

  it('adds nothing at the end of its comparison', async () => {
    const { bills, begun, page, everything, exec } = await twoBills()
    const slow = await page(await begun(NOW), unreadable(1))
    if (slow === undefined) throw new Error('the first run lost its lease')
    const fast = await page(await begun(LATER), unreadable(1))
    // A payment that no bill has is a difference.
    await exec(
      `INSERT INTO attempts (ordercode, number, state, appid, mch_id, openid, spbill_create_ip, total_fee,
         body, notify_url, sign_type, time_start, time_expire, sent_at)
       VALUES ('${ORDERCODE}', 1, 'paid', 'wx', '10000100', 'o', '::1', 100, 'x', 'x', 'MD5', 0, 0, 0);
       INSERT INTO payments (transaction_id, ordercode, number, openid, trade_type, fee_type, total_fee, paid_at)
       VALUES ('42', '${ORDERCODE}', 1, 'o', 'JSAPI', 'CNY', 100, ${at(MINUTE)})`,
    )
    const before = await everything()

    const sums = [found({ day: FIRST, kind: 'sum_differs', subject: 'rows' })]
    expect(await bills.finishComparing(slow, sums)).toBeUndefined()
    expect(await everything()).toEqual(before)

    if (fast === undefined) throw new Error('the second run lost its lease')
    expect((await bills.finishComparing(fast, sums))?.state).toBe('settling')
    expect((await bills.differences(FIRST, 10)).some.map(({ kind }) => kind)).toEqual([
      'payment_not_in_bill',
      'row_unreadable',
      'sum_differs',
    ])
  })

  it('resolves, collects and explains nothing', async () => {
    const { bills, begun, page, everything } = await twoBills()
    const slow = await page(await begun(NOW), unreadable(1))
    if (slow === undefined) throw new Error('the first run lost its lease')
    await page(await begun(LATER), unreadable(1))
    const before = await everything()
    const [difference] = await bills.openDifferences(FIRST, 1)
    if (difference === undefined) throw new Error('no difference')

    await bills.resolveDifference(slow, difference, 'review')
    await bills.collectDifferences(slow, 'row_unreadable')
    const marked = { payments: 7, paymentFee: 7, refunds: 7, refundFee: 7 }
    expect(await bills.noteUnexplained(slow, marked)).toBe(false)
    expect(await bills.unmark(slow)).toBe(true)

    expect(await everything()).toEqual(before)
  })
})

describe('a statement that D1 gets twice', () => {
  it('leases one bill, and counts one run', async () => {
    const { bills, watched, read } = await twoBills()
    watched.fail('reply_lost', { matching: /UPDATE bills SET leased_until/ })

    expect(await bills.claimDue(NOW)).toBeUndefined()

    expect(await read('SELECT day, tries, leased_until FROM bills ORDER BY day')).toEqual([
      { day: FIRST, tries: 1, leased_until: LATER },
      { day: SECOND, tries: 0, leased_until: null },
    ])
    // After the lease ends, another run claims the day.
    expect((await bills.claimDue(LATER))?.tries).toBe(2)
  })

  it('leases the bill of a day, and counts one run', async () => {
    const { bills, watched, read } = await twoBills()
    watched.fail('reply_lost', { matching: /INSERT INTO bills/ })

    expect(await bills.claimDay(FIRST, NOW)).toBeUndefined()

    expect(await read(`SELECT tries FROM bills WHERE day = '${FIRST}'`)).toEqual([{ tries: 1 }])
  })

  it('stores a page once, and its repetitions once', async () => {
    const { begun, page, watched, read } = await twoBills()
    const bill = await begun(NOW)
    const twice = (row: number): BillRow => ({
      kind: 'payment',
      row,
      appid: OURS.appid,
      transactionId: '42',
      outTradeNo: ORDERCODE,
      at: at(MINUTE),
      serviceFee: 0,
      rate: '',
      feeBase: { least: toFen(0), most: toFen(0) },
      openid: '',
      tradeType: 'JSAPI',
      feeType: 'CNY',
      totalFee: toFen(100),
      settlementTotalFee: toFen(100),
    })
    watched.fail('reply_lost', { matching: /rows_done/ })

    // The run cannot tell its own page from that of another run, and stops; the next run goes on.
    expect(await page(bill, twice(1), twice(2))).toBeUndefined()

    expect(await read('SELECT rows_done FROM bills WHERE rows_done > 0')).toEqual([
      { rows_done: 2 },
    ])
    expect(await read("SELECT kind, bill ->> 'rows' AS n FROM bill_differences")).toEqual([
      { kind: 'payment_repeated', n: 1 },
    ])
  })

  it('counts one try of a difference', async () => {
    const { bills, begun, page, watched, read } = await twoBills()
    const bill = await page(await begun(NOW), unreadable(1))
    const [difference] = await bills.openDifferences(FIRST, 1)
    if (bill === undefined || difference === undefined) throw new Error('no difference')
    watched.fail('reply_lost', { matching: /UPDATE bill_differences/ })

    await bills.resolveDifference(bill, difference, undefined)

    expect(await read('SELECT tries FROM bill_differences')).toEqual([{ tries: 1 }])
  })
})
