import type { BillOffice } from '../bills/bill.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { HistoryEntry } from './history.ts'
import type { Ledger } from './ledger.ts'
import type { Merchant } from './merchant.ts'
import type { RefundBook } from './refund-ledger.ts'
import type { Strictness } from './strictness.ts'
import type { People } from './users.ts'

/** What every endpoint works on. */
export type World = {
  readonly merchant: Merchant
  readonly strict: Strictness
  readonly clock: Clock
  readonly random: Random
  readonly ledger: Ledger
  readonly refunds: RefundBook
  readonly bills: BillOffice
  readonly people: People
  /** Adds to the history, with the time. */
  readonly record: (event: Omit<HistoryEntry, 'at'>) => void
}
