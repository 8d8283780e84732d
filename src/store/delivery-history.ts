/** The column `history` of a webhook: its last tries, each as [at, milliseconds, status, error, answer]. */
import { toUnixSeconds } from '../core/time.ts'
import { invariant } from '../lib/result.ts'
import { HISTORY_MAX, type PastTry, type StoredDelivery } from '../ports/delivery-store.ts'
import { optionalInteger, optionalText, optionalTime } from './d1/columns.ts'
import type { Row } from './d1/database.ts'

type Cells = readonly [
  at: number,
  ms: number | null,
  status: number | null,
  error: string | null,
  answer?: string | null,
]

/** SQL for the tries before: those in the column, or what the other columns say about the only one. */
const EARLIER =
  "coalesce(history, iif(tries = 0, '[]', json_array(json_array(tried_at, NULL, last_status, last_error))))"

/** SQL for the history after a failed try. @param tried An SQL expression for {@link triedCells}. */
export const historyWith = (tried: string): string =>
  `json_insert(iif(json_array_length(${EARLIER}) >= ${HISTORY_MAX}, json_remove(${EARLIER}, '$[0]'), ${EARLIER}),
     '$[#]', json(${tried}))`

/**
 * SQL for the history of a webhook that was delivered: without answers, and NULL when the first try delivered it. So the
 * many webhooks that have no trouble take no space for it.
 */
export const historyOfDelivered = (tried: string): string =>
  `iif(tries = 0, NULL, (SELECT json_group_array(json_remove(past.value, '$[4]'))
     FROM json_each(${historyWith(tried)}) AS past))`

/** The last try of a webhook, as it is appended to the column. */
export function triedCells({ history }: Pick<StoredDelivery, 'history'>): string {
  const last = history.at(-1)
  invariant(last !== undefined, 'the history of a webhook that was tried has the try')
  const { at, ms, status, error, answer } = last
  return JSON.stringify([at, ms, status, error, answer])
}

/** Reads the column. Where it is NULL, the other columns have the only try. */
export function historyFromRow(row: Row): readonly PastTry[] {
  const column = optionalText(row, 'history')
  if (column !== undefined) return (JSON.parse(column) as readonly Cells[]).map(tryFromCells)
  const at = optionalTime(row, 'tried_at')
  if (at === undefined) return []
  const [status, error] = [optionalInteger(row, 'last_status'), optionalText(row, 'last_error')]
  return [{ at, ms: undefined, status, error, answer: undefined }]
}

const tryFromCells = ([at, ms, status, error, answer]: Cells): PastTry => ({
  at: toUnixSeconds(at),
  ms: ms ?? undefined,
  status: status ?? undefined,
  error: error ?? undefined,
  answer: answer ?? undefined,
})
