/** Replays the history of a refund from the events of its order. */
import type { SqlRow } from '../d1/sqlite.ts'
import type { Evidence } from './evidence.ts'
import { rows } from './rows.ts'

/** A change of the refund's state, and the revision of the order at which it happened. */
export type RefundStep = Readonly<{ state: string; revision: unknown }>

/** What the events of an order say about one of its refunds. */
export type RefundHistory = Readonly<{
  steps: readonly RefundStep[]
  /**
   * One sentence for each event that must not happen in the refund's state before it, and one if the state after the last
   * event is not the stored state.
   */
  contradictions: readonly string[]
}>

/** For each event, the states in which it may happen. `none` is the state before the refund exists. */
const MAY_FOLLOW: Readonly<Record<string, readonly string[]>> = {
  // An automatic refund begins with the event that records its payment.
  payment_booked: ['none'],
  second_payment_recorded: ['none'],
  refund_requested: ['none'],
  // A refund may be discovered in any state: after a concurrent request has discovered the refund first, the next change of
  // its state is recorded as `refund_discovered`, too.
  refund_discovered: [
    'none',
    'requested',
    'refused',
    'cancelled',
    'processing',
    'abnormal',
    'closed',
  ],
  refund_started: ['requested'],
  refund_refused: ['requested'],
  refund_cancelled: ['requested'],
  refund_accepted: ['requested', 'refused', 'cancelled'],
  refund_succeeded: ['requested', 'refused', 'cancelled', 'processing', 'abnormal', 'closed'],
  refund_closed: ['requested', 'refused', 'cancelled', 'processing', 'abnormal'],
  refund_abnormal: ['requested', 'refused', 'cancelled', 'processing'],
}

const STATE_AFTER: Readonly<Record<string, string>> = {
  payment_booked: 'requested',
  second_payment_recorded: 'requested',
  refund_requested: 'requested',
  refund_started: 'requested',
  refund_refused: 'refused',
  refund_cancelled: 'cancelled',
  refund_accepted: 'processing',
  refund_succeeded: 'succeeded',
  refund_closed: 'closed',
  refund_abnormal: 'abnormal',
}

/** Replays the events of a refund. @param refund A row of the table `refunds`. */
export function historyOf(evidence: Evidence, refund: SqlRow): RefundHistory {
  const events = rows(evidence, 'events')
    .filter((row) => row['ordercode'] === refund['ordercode'])
    .map((row) => ({ row, data: dataOf(row) }))
    .filter(({ data }) => data['out_refund_no'] === refund['out_refund_no'])
    .sort((a, b) => Number(a.row['revision']) - Number(b.row['revision']))
  let state = 'none'
  const steps: RefundStep[] = []
  const contradictions: string[] = []
  for (const { row, data } of events) {
    const type = String(row['type'])
    if (MAY_FOLLOW[type]?.includes(state) !== true) contradictions.push(`${type} in state ${state}`)
    const after = STATE_AFTER[type] ?? String(data['status'])
    if (after !== state) steps.push({ state: after, revision: row['revision'] })
    state = after
  }
  // A refund that was called off is stored as `closed`, too.
  const stored = state === 'cancelled' && refund['cancelled_at'] !== null ? 'closed' : state
  if (stored !== refund['state']) contradictions.push(`finally ${state}`)
  return { steps, contradictions: contradictions }
}

const dataOf = (row: SqlRow): Readonly<Record<string, unknown>> =>
  JSON.parse(String(row['data'])) as Record<string, unknown>
