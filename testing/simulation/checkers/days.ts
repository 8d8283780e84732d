/** Checks of what the cron does for many webhooks at once: the sums per day, and the queue. */
import type { SqlRow } from '../d1/sqlite.ts'
import { dayOf } from '../run/days.ts'
import type { Evidence } from './evidence.ts'
import { type Check, rows } from './rows.ts'

/** The time until which the cron has taken up webhooks. */
const takenUp = (evidence: Evidence): number =>
  Number(rows(evidence, 'walks').find(({ name }) => name === 'deliveries.taken_up')?.['position'])

const total = (all: readonly SqlRow[], fee: string): string =>
  `${all.length} of ${all.reduce((sum, row) => sum + Number(row[fee]), 0)} fen`

/** The sums of each day are those of its payments and refunds, without the payments that the cron has not taken up. */
const daysAddUp: Check = (evidence) => {
  const position = takenUp(evidence)
  const payments = rows(evidence, 'payments').filter(
    ({ returned, sum_at: sumAt }) => returned === 0 && Number(sumAt ?? 0) <= position,
  )
  const refunds = rows(evidence, 'refunds').filter(({ state }) => state === 'succeeded')
  const on = (day: string, all: readonly SqlRow[], at: string): readonly SqlRow[] =>
    all.filter((row) => dayOf(Number(row[at]) * 1_000) === day)
  const stored = new Map(rows(evidence, 'days').map((row) => [String(row['day']), row]))
  const days = new Set([
    ...stored.keys(),
    ...payments.map((row) => dayOf(Number(row['paid_at']) * 1_000)),
    ...refunds.map((row) => dayOf(Number(row['ended_at']) * 1_000)),
  ])
  return [...days].flatMap((day) => {
    const sums = stored.get(day)
    const are = [
      `${sums?.['payments'] ?? 0} of ${sums?.['paid_fee'] ?? 0} fen`,
      `${sums?.['refunds'] ?? 0} of ${sums?.['refunded_fee'] ?? 0} fen`,
    ]
    const expected = [
      total(on(day, payments, 'paid_at'), 'total_fee'),
      total(on(day, refunds, 'ended_at'), 'refund_fee'),
    ]
    return are.join() === expected.join()
      ? []
      : [`${day} has payments and refunds ${are.join()}, not ${expected.join()}`]
  })
}

/** No pending webhook that the cron has passed is outside its queue, where it would never be sent again. */
const pendingIsQueued: Check = (evidence) =>
  rows(evidence, 'deliveries')
    .filter((row) => row['due_at'] !== null && row['is_queued'] !== 1)
    .filter((row) => Number(row['created_at']) <= takenUp(evidence))
    .map(({ id }) => `webhook ${id} is pending and not in the queue`)

/** All checks of what the cron takes up, by name. */
export const DAY_CHECKS = { daysAddUp, pendingIsQueued }
