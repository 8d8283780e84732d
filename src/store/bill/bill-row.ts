/** The row of a bill in D1. */
import { type Bill, type BillCounts, type BillState, NO_COUNTS } from '../../core/bill/bill.ts'
import type { BeijingDay } from '../../core/day.ts'
import {
  integer,
  optionalInteger,
  optionalText,
  optionalTime,
  orNull,
  text,
} from '../d1/columns.ts'
import type { Row, Value } from '../d1/database.ts'

/** Converts a bill to its row. `leased_until` is NULL, because writing the row ends the lease. */
export const rowFromBill = (bill: Bill): Record<string, Value> => ({
  day: bill.day,
  state: bill.state,
  due_at: orNull(bill.dueAt),
  leased_until: null,
  tries: bill.tries,
  last_error: orNull(bill.lastError),
  fetched_at: orNull(bill.fetchedAt),
  parts: bill.parts,
  bytes: bill.bytes,
  rows_done: bill.counts.rows,
  counts: JSON.stringify(bill.counts),
  reconciled_at: orNull(bill.reconciledAt),
})

/** Reads a bill from its row. */
export function billFromRow(row: Row): Bill {
  return {
    day: text(row, 'day') as BeijingDay,
    state: text(row, 'state') as BillState,
    dueAt: optionalTime(row, 'due_at'),
    leasedUntil: optionalTime(row, 'leased_until'),
    tries: integer(row, 'tries'),
    lastError: optionalText(row, 'last_error'),
    fetchedAt: optionalTime(row, 'fetched_at'),
    parts: optionalInteger(row, 'parts') ?? 0,
    bytes: integer(row, 'bytes'),
    // Counts that an earlier version stored lack fields.
    counts: { ...NO_COUNTS, ...(JSON.parse(text(row, 'counts')) as Partial<BillCounts>) },
    reconciledAt: optionalTime(row, 'reconciled_at'),
  }
}
