/** The bill proves our records: whatever differs on a day, each difference is found, and the sums add up. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type Bill, NO_COUNTS } from '../../../src/core/bill/bill.ts'
import type { BeijingDay } from '../../../src/core/day.ts'
import { later, toUnixSeconds } from '../../../src/core/time.ts'
import { compareBill } from '../../../src/service/bill/compare-bill.ts'
import { readBill } from '../../../src/wechat/bill/read.ts'
import { type Plan, planOfAll, planOfSome, PROOF_DAY } from '../../../testing/bill-proof.ts'
import { bytesOf, writeBill } from '../../../testing/wire/bill-writer.ts'
import { world } from '../../../testing/world.ts'

const DAY = PROOF_DAY as BeijingDay
const NOW = toUnixSeconds(Date.parse(`${PROOF_DAY}T10:10:00+08:00`) / 1_000 + 86_400)

async function seed({ seeds }: Plan): Promise<void> {
  await env.DB.batch(seeds.map(({ sql, params }) => env.DB.prepare(sql).bind(...params)))
}

type Worker = ReturnType<ReturnType<typeof world>['worker']>

/** Compares the plan's bill with our records, in pages of `pageRows`, as a run of the cron does. */
async function compare(deps: Worker, plan: Plan, now = NOW, pageRows = 7): Promise<Bill> {
  const claimed = await deps.bills.claimDay(DAY, now)
  if (claimed === undefined) throw new Error('the lease has not ended')
  const raw = [bytesOf(writeBill({ rows: plan.rows }))]
  const bytes = raw[0]?.length ?? 0
  const bill: Bill = { ...claimed, state: 'comparing', parts: 0, bytes, counts: NO_COUNTS }
  const paged: typeof readBill = (stream, options) => readBill(stream, { ...options, pageRows })
  const fetched = { bill, raw }
  const after = await compareBill({ ...deps, readBill: paged }, bill, fetched, () => true)
  if (after?.state !== 'settling') throw new Error(`not compared: ${after?.lastError}`)
  return after
}

const column = async (sql: string): Promise<string[]> =>
  (await env.DB.prepare(sql).all<{ it: string }>()).results.map(({ it: value }) => value)

/** Each difference as `kind subject`; rows outside the day only by their kind. */
const differences = async (): Promise<string[]> =>
  (
    await column(
      `SELECT iif(kind = 'row_outside_day', kind, kind || ' ' || subject) AS it FROM bill_differences`,
    )
  ).toSorted()

async function expectFound(deps: Worker, plan: Plan, bill: Bill): Promise<void> {
  const { expected } = plan
  expect(await differences()).toEqual(expected.differences)
  expect(bill.counts).toMatchObject({
    rows: expected.rows,
    payments: expected.billPayments.count,
    paymentFee: expected.billPayments.fee,
    refunds: expected.billRefunds.count,
    refundFee: expected.billRefunds.fee,
    revoked: expected.revoked,
    others: expected.otherAppids,
    otherAppids: expected.otherAppids,
    unknownOrders: expected.unknownOrders,
    unreadable: 0,
  })
  const { rows, payments, refunds, revoked, others, unknownOrders } = bill.counts
  expect(payments + refunds + revoked + others + unknownOrders).toBe(rows)
  expect(
    await column(`SELECT transaction_id AS it FROM payments WHERE billed_on = '${DAY}' ORDER BY 1`),
  ).toEqual(expected.markedPayments.toSorted())
  expect(
    await column(`SELECT out_refund_no AS it FROM refunds WHERE billed_on = '${DAY}' ORDER BY 1`),
  ).toEqual(expected.markedRefunds.toSorted())
  // The differences explain all that the marked sums and the bill's sums differ by.
  const { marked } = await deps.bills.booksOn(DAY)
  expect(await deps.bills.noteUnexplained(bill, marked)).toBe(false)
}

describe('a day on which everything differs in every way', () => {
  it('has each difference once, and sums that add up', async () => {
    const deps = world().worker()
    const plan = planOfAll(200, 1)
    await seed(plan)

    await expectFound(deps, plan, await compare(deps, plan))
  })

  it('has the same differences, and the same outcomes, when it is compared again', async () => {
    const deps = world().worker()
    const plan = planOfAll(100, 2)
    await seed(plan)
    await compare(deps, plan)
    await env.DB.prepare("UPDATE bill_differences SET outcome = 'review', tries = 1").run()

    const again = await compare(deps, plan, later(NOW, 3_600), 11)

    await expectFound(deps, plan, again)
    const { n } = (await env.DB.prepare(
      "SELECT count(*) AS n FROM bill_differences WHERE outcome IS NOT 'review' OR tries <> 1",
    ).first<{ n: number }>()) ?? { n: -1 }
    // Only a repetition counts its rows page by page, so it may look new.
    expect(n).toBeLessThanOrEqual(await repeatedMoreThanOnce())
  })

  const repeatedMoreThanOnce = async (): Promise<number> =>
    (await column(`SELECT subject AS it FROM bill_differences WHERE bill ->> 'rows' > 1`)).length
})

describe('a day on which some things differ', () => {
  it('has each difference once, and sums that add up, in any pages', async () => {
    for (let seedOfDay = 10; seedOfDay < 40; seedOfDay++) {
      const deps = world().worker()
      const plan = planOfSome(1 + (seedOfDay % 12), seedOfDay)
      for (const table of [
        'bill_differences',
        'bills',
        'refunds',
        'payments',
        'attempts',
        'orders',
      ])
        await env.DB.prepare(`DELETE FROM ${table}`).run()
      await seed(plan)

      await expectFound(deps, plan, await compare(deps, plan, NOW, 1 + (seedOfDay % 5)))
    }
  })
})

describe('a comparison that has missed a difference', () => {
  const wrongs: Readonly<Record<string, readonly [sql: string, subject: string]>> = {
    'marks a payment that the bill does not contain': [
      `UPDATE payments SET billed_on = '${DAY}' WHERE transaction_id = (
         SELECT max(transaction_id) FROM payments WHERE billed_on IS NULL)`,
      'payments',
    ],
    'marks a payment of the bill no more': [
      `UPDATE payments SET billed_on = NULL WHERE transaction_id = (
         SELECT max(transaction_id) FROM payments WHERE billed_on = '${DAY}')`,
      'payments',
    ],
    'marks a payment that differs no more': [
      `UPDATE payments SET billed_on = NULL WHERE transaction_id = (
         SELECT max(subject) FROM bill_differences WHERE kind = 'payment_differs')`,
      'payments',
    ],
    'marks a payment whose amount is wrong': [
      `UPDATE payments SET total_fee = total_fee + 1 WHERE transaction_id = (
         SELECT max(transaction_id) FROM payments WHERE billed_on = '${DAY}'
           AND transaction_id NOT IN (SELECT subject FROM bill_differences))`,
      'payments',
    ],
    'marks a refund of the bill no more': [
      `UPDATE refunds SET billed_on = NULL WHERE out_refund_no = (
         SELECT max(out_refund_no) FROM refunds WHERE billed_on = '${DAY}')`,
      'refunds',
    ],
    'marks a refund whose amount is wrong': [
      `UPDATE refunds SET refund_fee = refund_fee - 1 WHERE out_refund_no = (
         SELECT max(out_refund_no) FROM refunds WHERE billed_on = '${DAY}'
           AND out_refund_no NOT IN (SELECT subject FROM bill_differences))`,
      'refunds',
    ],
    'loses the difference of a repeated payment': [
      `DELETE FROM bill_differences WHERE subject = (
         SELECT max(subject) FROM bill_differences WHERE kind = 'payment_repeated')
         AND kind = 'payment_repeated'`,
      'payments',
    ],
    'loses the difference of a refund that is not here': [
      `DELETE FROM bill_differences WHERE subject = (
         SELECT max(subject) FROM bill_differences WHERE kind = 'refund_not_here')`,
      'refunds',
    ],
  }

  it.each(Object.entries(wrongs))('is found when it %s', async (_, [sql, subject]) => {
    const deps = world().worker()
    const plan = planOfAll(20, 3)
    await seed(plan)
    const bill = await compare(deps, plan)
    // A trigger may write further rows: the sums of the day.
    expect((await env.DB.prepare(sql).run()).meta.changes).toBeGreaterThan(0)

    const { marked } = await deps.bills.booksOn(DAY)
    expect(await deps.bills.noteUnexplained(bill, marked)).toBe(true)

    expect(
      await column("SELECT subject AS it FROM bill_differences WHERE kind = 'sum_differs'"),
    ).toEqual([subject])
    // It is told once.
    expect(await deps.bills.noteUnexplained(bill, marked)).toBe(false)
  })
})
