/**
 * SQL for refunds that must not be sent now: all of them while refunds are paused, and automatic ones above the
 * limit of their day. Automatic refunds are never refused, because no caller would request them again.
 */
import { type BeijingDay, dayOf, startOf } from '../../core/day.ts'
import { type Held, heldSubject } from '../../core/order/reviews.ts'
import { DAY_S, later, type UnixSeconds } from '../../core/time.ts'
import type { RefundLimits } from '../../ports/refund-store.ts'
import { integer } from '../d1/columns.ts'
import type { Outcome, Statement, Value } from '../d1/database.ts'
import { endReviews } from '../d1/outbox.ts'
import type { Guard } from '../d1/sql.ts'

/**
 * SQL for the refunds that count against the limit of a day: requested on this day, here, and not released
 * since. Its two parameters are the begin and the end of the day.
 */
export const OF_DAY = `requested_at >= ? AND requested_at < ? AND source <> 'merchant_platform'
  AND state NOT IN ('refused', 'closed')`

/** The parameters of {@link OF_DAY} for the Beijing day of `now`. */
export function dayParams(now: UnixSeconds): readonly [from: Value, to: Value] {
  const from = startOf(dayOf(now))
  return [from, later(from, DAY_S)]
}

/** The condition under which a row of `refunds` must not be sent for the first time, or again. */
export function heldGuard({ paused, perDay }: RefundLimits, now: UnixSeconds): Guard {
  if (paused) return { sql: `state = 'requested'`, params: [] }
  if (perDay === undefined) return { sql: '0', params: [] }
  // Which refunds fit into the limit is decided in the order of the requests. A refund that was sent already may
  // have reached WeChat, so it goes on.
  const sql = `out_refund_no IN (
    SELECT out_refund_no FROM (
      SELECT out_refund_no, source, state, started_at,
        sum(refund_fee) OVER (ORDER BY requested_at, out_refund_no) AS running
      FROM refunds WHERE ${OF_DAY})
    WHERE running > ? AND source = 'automatic' AND state = 'requested' AND started_at IS NULL)`
  return { sql, params: [...dayParams(now), perDay] }
}

/** Reads how many refunds are due and held back, for {@link heldFrom}. Nothing to read without a limit. */
export function heldStatements(limits: RefundLimits, now: UnixSeconds): readonly Statement[] {
  if (!limits.paused && limits.perDay === undefined) return []
  const held = heldGuard(limits, now)
  return [
    {
      sql: `SELECT count(*) AS refunds, coalesce(sum(refund_fee), 0) AS fee FROM refunds
            WHERE state = 'requested' AND due_at <= ? AND ${held.sql}`,
      params: [now, ...held.params],
    },
  ]
}

/** Converts the outcome of {@link heldStatements}. @returns undefined when no refund is held back. */
export function heldFrom(
  limits: RefundLimits,
  now: UnixSeconds,
  outcome: Outcome | undefined,
): Held | undefined {
  const row = outcome?.rows[0]
  const count = row === undefined ? 0 : integer(row, 'refunds')
  if (row === undefined || count === 0) return undefined
  return { ...reasonOf(limits, now), count, refundFee: integer(row, 'fee') }
}

/**
 * Resolves the open review about refunds that were held back, unless they still are. The review of a pause stays
 * open until refunds are resumed.
 */
export function endHeldReviews(limits: RefundLimits, now: UnixSeconds): Statement {
  const held = heldGuard(limits, now)
  const stillHeld = limits.paused ? '1' : `EXISTS (SELECT 1 FROM refunds WHERE ${held.sql})`
  return endReviews(
    {
      sql: `kind = 'refund_waiting' AND subject >= 'refunds.' AND subject < 'refunds/'
        AND NOT (subject = ? AND ${stillHeld})`,
      params: [heldSubject(reasonOf(limits, now)), ...(limits.paused ? [] : held.params)],
    },
    now,
    ENDED_NOTE,
  )
}

/** The note of a review that is resolved because no refund is held back any more. */
const ENDED_NOTE = 'resolved automatically: no refund is held back any more'

const reasonOf = (
  { paused }: RefundLimits,
  now: UnixSeconds,
): Readonly<{ reason: Held['reason']; day: BeijingDay }> => ({
  reason: paused ? 'paused' : 'limit',
  day: dayOf(now),
})
