import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { BillPlan } from './bill-plan.ts'
import type { HistoryEntry } from './history.ts'
import type { Ledger } from './ledger.ts'
import type { Merchant } from './merchant.ts'
import type { PlatformSettings } from './platform-settings.ts'
import type { RefundLedger } from './refund-ledger.ts'
import type { Strictness } from './strictness.ts'
import type { Users } from './users.ts'

/** The state of the simulated WeChat. Every endpoint and every facet of `WeChatSimulator` works on it. */
export type World = {
  readonly merchant: Merchant
  readonly strict: Strictness
  readonly clock: Clock
  readonly random: Random
  readonly ledger: Ledger
  readonly refunds: RefundLedger
  readonly billPlan: BillPlan
  readonly platform: PlatformSettings
  readonly users: Users
  /** Adds an entry to the history. `at` defaults to now on the simulator's clock. */
  readonly record: (event: Omit<HistoryEntry, 'at'> & { readonly at?: number }) => void
}
