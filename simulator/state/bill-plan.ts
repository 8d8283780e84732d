/** What bills are made of, and what a test orders to be wrong with them. */

/**
 * `old` is how ALL looked before 2018, `short` how it looks to merchants without coupons of their own. The
 * other two are new ones that a reader by position gets wrong.
 */
export const BILL_LAYOUTS = ['new', 'old', 'short', 'reversed', 'one_more'] as const
export type BillLayout = (typeof BILL_LAYOUTS)[number]

/** Values by WeChat's own column names. */
export type BillColumns = Readonly<Record<string, string>>

/** One line of a bill, before anybody decided which of its columns are printed. */
export type BillRow = {
  readonly kind: 'payment' | 'refund' | 'recharge_refund'
  /** transaction_id or out_refund_no. */
  readonly number: string
  readonly columns: BillColumns
}

/** How one day's bill differs from what happened. `number` is a transaction_id or an out_refund_no. */
export type BillChange =
  | { kind: 'drop_row'; number: string }
  /** Any columns of a row, by WeChat's names. */
  | { kind: 'set_columns'; number: string; columns: BillColumns }
  | { kind: 'other_amount'; number: string; fen: number }
  /** A payment or refund that never was; what is not given is made up, for one yuan. */
  | { kind: 'extra_row'; row: 'payment' | 'refund'; columns?: BillColumns }
  /** A refund of a payment that was, which nobody asked for. */
  | { kind: 'unasked_refund'; outTradeNo: string; fen: number }
  | { kind: 'layout'; layout: BillLayout }
  /** Every number of the last line is one too high. */
  | { kind: 'wrong_totals' }
  /** The file ends somewhere in the middle. As GZIP it is a whole stream; the fault `truncated_xml` cuts that. */
  | { kind: 'cut_off' }
  /** Nobody gets it, that many times (default until it is cleared): 20007 and 20003 are real ones. */
  | { kind: 'unavailable'; errorCode: string; returnMsg: string; times?: number }

/** What is kept of a change: rows that are made up are made up once, so that the bill says the same every time. */
export type KeptChange =
  | Exclude<
      BillChange,
      { kind: 'extra_row' } | { kind: 'unasked_refund' } | { kind: 'unavailable' }
    >
  | { kind: 'add_row'; row: BillRow }
