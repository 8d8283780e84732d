/** Checks of who did it: every event, refund and review names its actor. */
import type { SqlRow } from '../d1/sqlite.ts'
import { OPERATOR_NAME } from '../run/world.ts'
import type { Evidence } from './evidence.ts'
import { type Check, rows } from './rows.ts'

const PEOPLE = ['shop', OPERATOR_NAME]
const EVERYONE = [...PEOPLE, 'payer', 'wechat', 'system']

/** Who can cause an event of a type. Events of other types can come from every actor. */
const CAUSED_BY: Readonly<Record<string, readonly string[]>> = {
  order_registered: ['shop'],
  order_changed: ['shop'],
  attempt_opened: ['payer'],
  attempt_resent: ['payer'],
  refund_given_up: [OPERATOR_NAME],
  refund_cancelled: PEOPLE,
}
/** Who can be behind a payment that became known in a way. A bill is reconciled by the cron or by the shop. */
const RECORDED_BY: Readonly<Record<string, readonly string[]>> = {
  notice: ['wechat'],
  operator: [OPERATOR_NAME],
}
/** Who requests the refunds of a source. */
const REQUESTED_BY: Readonly<Record<string, readonly string[]>> = {
  shop: ['shop'],
  operator: [OPERATOR_NAME],
  automatic: ['system'],
  merchant_platform: ['wechat'],
}

const sourceOf = ({ data }: SqlRow): string => {
  const { source } = JSON.parse(String(data)) as { source?: string }
  return source ?? ''
}

function suspectsOfEvent(row: SqlRow): readonly string[] {
  const type = String(row['type'])
  const byPayment = type === 'payment_booked' ? RECORDED_BY[sourceOf(row)] : undefined
  return byPayment ?? CAUSED_BY[type] ?? EVERYONE
}

/** The operator resolves reviews, except those that are resolved automatically, with a note that says so. */
const suspectsOfReview = ({ resolved_at: resolvedAt, note }: SqlRow): readonly string[] => {
  if (resolvedAt === null) return EVERYONE
  const isAutomatic = /^resolved automatically|is this merchant number again$/.test(String(note))
  return isAutomatic ? ['system'] : [OPERATOR_NAME]
}

/** Every event, refund and review names an actor who can have caused it. */
const actorsAreRight: Check = (evidence: Evidence) => {
  const wrong = (table: string, name: string, suspects: (row: SqlRow) => readonly string[]) =>
    rows(evidence, table)
      .filter((row) => !suspects(row).includes(String(row['actor'])))
      .map((row) => `${table}: ${row[name]} of ${row['ordercode']} names ${row['actor']}`)
  return [
    ...wrong('events', 'type', suspectsOfEvent),
    ...wrong('refunds', 'out_refund_no', (row) => REQUESTED_BY[String(row['source'])] ?? []),
    ...wrong('reviews', 'id', suspectsOfReview),
  ]
}

/** All checks about actors, by name. */
export const ACTOR_CHECKS = { actorsAreRight } satisfies Record<string, Check>
