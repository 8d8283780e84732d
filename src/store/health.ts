/** Reads what tells whether the installation works: the oldest due work, and what waits for a person. */
import type { OldestDue } from '../core/due.ts'
import type { HealthFacts } from '../core/health.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { RefundLimits } from '../ports/refund-store.ts'
import { optionalText, optionalTime } from './d1/columns.ts'
import type { Database, Row, Statement } from './d1/database.ts'
import { statement } from './d1/sql.ts'
import { IS_NEWS } from './deliveries.ts'
import { heldGuard } from './order/held-refunds.ts'

/** The due time of the work that is due the longest, by class. Every subquery reads the first entry of an index. */
export async function oldestDue(
  db: Database,
  now: UnixSeconds,
  limits: RefundLimits,
): Promise<OldestDue> {
  const [outcome] = await db.batch([oldestDueStatement(now, limits)])
  return oldestDueFrom(outcome?.rows[0] ?? {})
}

function oldestDueStatement(now: UnixSeconds, limits: RefundLimits): Statement {
  const held = heldGuard(limits, now)
  const webhook = (isNews: 0 | 1): string =>
    `SELECT min(due_at) FROM deliveries WHERE ${IS_NEWS} = ${isNews} AND is_queued = 1 AND due_at <= ?`
  return {
    sql: `SELECT (SELECT min(due_at) FROM attempts WHERE due_at <= ?) AS payments,
        (${webhook(0)}) AS webhooks,
        (SELECT due_at FROM refunds WHERE due_at <= ? AND NOT (${held.sql}) ORDER BY due_at LIMIT 1) AS refunds,
        (SELECT min(due_at) FROM orders WHERE due_at <= ?) AS closing,
        (${webhook(1)}) AS news,
        (SELECT min(due_at) FROM bills WHERE due_at <= ? AND coalesce(leased_until, 0) <= ?) AS bills`,
    params: [now, now, now, ...held.params, now, now, now, now],
  }
}

function oldestDueFrom(row: Row): OldestDue {
  const at = (name: string): UnixSeconds | undefined => optionalTime(row, name)
  const [webhooks, refunds] = [at('webhooks'), at('refunds')]
  const isRefund = webhooks === undefined || (refunds !== undefined && refunds < webhooks)
  return {
    payments: at('payments'),
    money: isRefund ? refunds : webhooks,
    closing: at('closing'),
    news: at('news'),
    bills: at('bills'),
  }
}

/** Kinds of reviews that are not about money. */
const NOT_MONEY = `('webhook_given_up', 'other_merchant')`
/** How many of the last runs are looked at: a run that asked WeChat nothing says nothing about the key. */
const RUNS_LOOKED_AT = 60

/** Reads what tells whether the installation works, in one round trip. */
export async function readHealth(
  db: Database,
  now: UnixSeconds,
  limits: RefundLimits,
): Promise<Omit<HealthFacts, 'bytesMax'>> {
  const [facts, due] = await db.batch([
    statement(
      `WITH latest AS (SELECT * FROM runs ORDER BY id DESC LIMIT ${RUNS_LOOKED_AT})
       SELECT
         (SELECT started_at FROM latest WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1) AS last_cron_at,
         (SELECT reduced_until FROM latest WHERE finished_at IS NOT NULL ORDER BY id DESC LIMIT 1) AS reduced_until,
         (SELECT report ->> 'key' FROM latest WHERE report ->> 'key' IS NOT NULL ORDER BY id DESC LIMIT 1) AS key,
         EXISTS (SELECT 1 FROM reviews WHERE kind = 'refund_waiting' AND resolved_at IS NULL) AS waiting,
         (SELECT opened_at FROM reviews WHERE resolved_at IS NULL AND kind NOT IN ${NOT_MONEY}
          ORDER BY opened_at LIMIT 1) AS money_review_at,
         EXISTS (SELECT 1 FROM reviews WHERE resolved_at IS NULL AND kind = 'webhook_given_up') AS given_up`,
    ),
    oldestDueStatement(now, limits),
  ])
  const row = facts?.rows[0] ?? {}
  const key = optionalText(row, 'key')
  return {
    lastCronAt: optionalTime(row, 'last_cron_at'),
    reducedUntil: optionalTime(row, 'reduced_until'),
    key: key === 'accepted' || key === 'refused' ? key : undefined,
    oldestDue: oldestDueFrom(due?.rows[0] ?? {}),
    hasWaitingRefunds: row['waiting'] === 1,
    oldestMoneyReviewAt: optionalTime(row, 'money_review_at'),
    hasGivenUpWebhooks: row['given_up'] === 1,
    bytes: db.size(),
  }
}
