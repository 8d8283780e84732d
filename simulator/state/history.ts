import { HISTORY_ENTRIES_MAX } from '../lib/limits.ts'

/** The kinds of events in the history. The control interface prints these names. */
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
  | 'mini_program_bound'
  | 'api_key_changed'
  | 'bill_changed'
  | 'bill_changes_cleared'
  | 'fault_injected'
  | 'faults_cleared'

/** One event at the simulated WeChat. `at` is its time in epoch milliseconds on the simulator's clock. */
export type HistoryEntry = {
  readonly at: number
  readonly type: HistoryType
  /** The endpoint that was called, or the URL to which a notice was posted. */
  readonly endpoint?: string
  /** The order that the event is about, also when a request names the order by its transaction_id. */
  readonly outTradeNo?: string
  /** The transaction_id in the request; absent if the request has none. */
  readonly transactionId?: string
  readonly outRefundNo?: string
  /** The result of the event, for a person to read. */
  readonly outcome?: string
  /** The parameters of the call, by name; only of wx.requestPayment, which is no HTTP request. */
  readonly fields?: Readonly<Record<string, string>>
  /** The kind of the injected fault that happened to this request; absent if none did. */
  readonly fault?: string
}

/** The list of events, oldest first. Beyond `HISTORY_ENTRIES_MAX` the oldest entry is dropped. */
export class History {
  readonly #entries: HistoryEntry[] = []
  readonly #listen: ((entry: HistoryEntry) => void) | undefined

  /** @param listen Called with every history entry as it is added. */
  constructor(listen?: (entry: HistoryEntry) => void) {
    this.#listen = listen
  }

  /** Adds an entry to the history, and passes it to the listener. */
  add(entry: HistoryEntry): void {
    this.#entries.push(entry)
    if (this.#entries.length > HISTORY_ENTRIES_MAX) this.#entries.shift()
    this.#listen?.(entry)
  }

  /** A copy of all entries, oldest first. */
  entries(): HistoryEntry[] {
    return [...this.#entries]
  }
}
