/** The life of a refund as the events of its order tell it. */
import type { SqlRow } from '../d1/sqlite.ts'
import type { Evidence } from './evidence.ts'
import { rows } from './rows.ts'

export type RefundStep = Readonly<{ state: string; revision: unknown }>

export type RefundHistory = Readonly<{
  steps: readonly RefundStep[]
  /** What could not follow what was before. */
  contradictions: readonly string[]
}>

/** From which states each event may lead on; `none` is before there was anything. */
const MAY_FOLLOW: Readonly<Record<string, readonly string[]>> = {
  // By our own rules it begins with its payment.
  payment_booked: ['none'],
  second_payment_recorded: ['none'],
  refund_requested: ['none'],
  // Who lost a race for the discovery tells the next step under the same name.
  refund_discovered: ['none', 'requested', 'refused', 'processing', 'abnormal', 'closed'],
  refund_started: ['requested'],
  refund_refused: ['requested'],
  refund_accepted: ['requested', 'refused'],
  refund_succeeded: ['requested', 'refused', 'processing', 'abnormal', 'closed'],
  refund_closed: ['requested', 'refused', 'processing', 'abnormal'],
  refund_abnormal: ['requested', 'refused', 'processing'],
}

const STATE_AFTER: Readonly<Record<string, string>> = {
  payment_booked: 'requested',
  second_payment_recorded: 'requested',
  refund_requested: 'requested',
  refund_started: 'requested',
  refund_refused: 'refused',
  refund_accepted: 'processing',
  refund_succeeded: 'succeeded',
  refund_closed: 'closed',
  refund_abnormal: 'abnormal',
}

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
    if (MAY_FOLLOW[type]?.includes(state) !== true)
      contradictions.push(`${type} when it was ${state}`)
    const after = STATE_AFTER[type] ?? String(data['status'])
    if (after !== state) steps.push({ state: after, revision: row['revision'] })
    state = after
  }
  if (state !== refund['state']) contradictions.push(`in the end ${state}`)
  return { steps, contradictions: contradictions }
}

const dataOf = (row: SqlRow): Readonly<Record<string, unknown>> =>
  JSON.parse(String(row['data'])) as Record<string, unknown>
