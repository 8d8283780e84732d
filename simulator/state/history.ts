import { HISTORY_ENTRIES_MAX } from '../lib/limits.ts'

export type HistoryType =
  | 'request'
  | 'login'
  | 'order_created'
  | 'prepay_renewed'
  | 'order_closed'
  | 'trade_state_set'
  | 'cashier_opened'
  | 'cashier_refused'
  | 'cancelled'
  | 'paid'
  | 'pay_refused'
  | 'notice_sent'
  | 'refund_accepted'
  | 'refund_settled'
  | 'refunds_held'
  | 'refunds_let_go'
  | 'balance_set'
  | 'bill_changed'
  | 'bill_changes_cleared'
  | 'fault_injected'
  | 'faults_cleared'

/** One thing that happened. `at` is epoch milliseconds on the simulator's clock. */
export type HistoryEntry = {
  readonly at: number
  readonly type: HistoryType
  /** Which endpoint was called, or which address a notice was posted to. */
  readonly endpoint?: string
  readonly outTradeNo?: string
  readonly outRefundNo?: string
  /** What came of it, for a person to read. */
  readonly outcome?: string
  /** The fault that was acted out, if one was. */
  readonly fault?: string
}

/** Everything that happened, oldest first; bounded, the oldest goes first. */
export class History {
  readonly #entries: HistoryEntry[] = []
  readonly #listen: ((entry: HistoryEntry) => void) | undefined

  constructor(listen?: (entry: HistoryEntry) => void) {
    this.#listen = listen
  }

  add(entry: HistoryEntry): void {
    this.#entries.push(entry)
    if (this.#entries.length > HISTORY_ENTRIES_MAX) this.#entries.shift()
    this.#listen?.(entry)
  }

  entries(): HistoryEntry[] {
    return [...this.#entries]
  }
}
