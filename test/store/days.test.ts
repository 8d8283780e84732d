/** The sums per day, against sums over all payments and refunds. */
import { describe, expect, it } from 'vitest'
import { toFen } from '../../src/core/money.ts'
import { putViews } from '../../testing/d1/put-view.ts'
import { type StoreBench, storeBench } from '../../testing/d1/store-bench.ts'
import { aRefund, paidView } from '../../testing/samples/refund-samples.ts'

const DAYS = 'SELECT * FROM days WHERE payments <> 0 OR refunds <> 0 ORDER BY day'

/** The same, added up in another way: every row is read, and counted for the day in Beijing's time zone. */
async function counted({ read }: StoreBench) {
  const days = new Map<string, number[]>()
  const add = (at: unknown, place: number, fee: unknown): void => {
    const time = new Date(Number(at) * 1_000)
    const day = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(time)
    const sums = days.get(day) ?? [0, 0, 0, 0]
    sums[place] = (sums[place] ?? 0) + 1
    sums[place + 1] = (sums[place + 1] ?? 0) + Number(fee)
    days.set(day, sums)
  }
  for (const row of await read('SELECT * FROM payments WHERE returned = 0')) {
    add(row['paid_at'], 0, row['total_fee'])
  }
  for (const row of await read("SELECT * FROM refunds WHERE state = 'succeeded'")) {
    add(row['ended_at'], 2, row['refund_fee'])
  }
  return [...days.keys()].toSorted().map((day) => {
    const [payments, paid_fee, refunds, refunded_fee] = days.get(day) ?? []
    return { day, payments, paid_fee, refunds, refunded_fee }
  })
}

/** An order that was paid, and whose payment has a refund. */
async function refunded(): Promise<StoreBench> {
  const bench = storeBench()
  await bench.exec(
    "UPDATE walks SET position = char(1114111) WHERE name LIKE 'days.%'; DELETE FROM days",
  )
  await putViews(paidView([aRefund({ refundFee: toFen(30) })]))
  return bench
}

const SUCCEEDED = "UPDATE refunds SET state = 'succeeded', ended_at = requested_at + 200000"

describe('the sums of a day', () => {
  it.each([
    ['a payment', []],
    ['a payment that goes back', ['UPDATE payments SET returned = 1']],
    [
      'a payment that was accepted after all',
      ['UPDATE payments SET returned = 1', 'UPDATE payments SET returned = 0'],
    ],
    ['a refund that succeeds', [SUCCEEDED]],
    [
      'a refund that does not stay succeeded',
      [SUCCEEDED, "UPDATE refunds SET state = 'abnormal', ended_at = NULL"],
    ],
    [
      'a refund that succeeds again, on another day',
      [
        SUCCEEDED,
        "UPDATE refunds SET state = 'abnormal', ended_at = NULL",
        "UPDATE refunds SET state = 'succeeded', ended_at = requested_at + 400000",
      ],
    ],
  ])('follow %s', async (_what, changes) => {
    const bench = await refunded()
    for (const sql of changes) await bench.exec(sql)

    expect(await bench.read(DAYS)).toEqual(await counted(bench))
  })

  it('contain the rows of before, once a walk has come to them, and each row once, whatever happens meanwhile', async () => {
    const bench = await refunded()
    await bench.exec(SUCCEEDED)
    await bench.exec(
      `DELETE FROM days; UPDATE walks SET position = '' WHERE name LIKE 'days.%';
       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
       INSERT INTO payments (transaction_id, ordercode, number, further, openid, trade_type, fee_type, total_fee, paid_at)
       SELECT printf('50%04d', i), ordercode, number, 1, openid, trade_type, fee_type, i, paid_at + i * 10000
       FROM n, payments`,
    )
    const { payments, refunds } = bench.store.sweeps
    await payments(15)
    expect(await bench.read(DAYS)).not.toEqual(await counted(bench))
    // One before the walk's position and one behind it become returned, and others are added on both sides.
    await bench.exec(
      "UPDATE payments SET returned = 1 WHERE transaction_id IN ('500003', '500033')",
    )
    await bench.exec(
      `INSERT INTO payments (transaction_id, ordercode, number, further, openid, trade_type, fee_type, total_fee, paid_at)
       SELECT value, ordercode, number, 1, openid, trade_type, fee_type, 7, paid_at
       FROM json_each('["500001a", "500034a"]'), payments WHERE transaction_id = '500001'`,
    )
    for (let step = 0; step < 6; step++) {
      await payments(15)
      await refunds(15)
    }

    expect(await bench.read(DAYS)).toEqual(await counted(bench))
    const [{ rows }] = [
      { rows: await bench.read("SELECT DISTINCT position FROM walks WHERE name LIKE 'days.%'") },
    ]
    expect(rows).toEqual([{ position: '\u{10FFFF}' }])
  })
})
