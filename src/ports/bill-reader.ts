import type { Millifen } from '../core/bill/bill.ts'
import type { Fen } from '../core/money.ts'
import type { UnixSeconds } from '../core/time.ts'

/** What every row of a bill states. */
export type BillLine = Readonly<{
  /** The number of the row in the bill, from 1. */
  row: number
  appid: string
  transactionId: string
  /** Any text: other systems of the merchant have numbers of their own. */
  outTradeNo: string
  /** When the payment was made, or when the refund was applied for. */
  at: UnixSeconds
  serviceFee: Millifen
}>

/** A row about a payment. */
export type BillPayment = BillLine &
  Readonly<{
    /** `revoked`: paid, then reversed by a cashier's command, which mini programs do not have. */
    kind: 'payment' | 'revoked'
    openid: string
    tradeType: string
    feeType: string
    totalFee: Fen
    /** What WeChat settles: `totalFee` without `NO_CASH` coupons (免充值), which the merchant bears. */
    settlementTotalFee: Fen
  }>

/** A row about a refund. */
export type BillRefund = BillLine &
  Readonly<{
    kind: 'refund'
    refundId: string
    outRefundNo: string
    /** The amount that was applied for, as in `refund_fee`. */
    refundFee: Fen
    /** What WeChat takes back from the merchant: `refundFee` without `NO_CASH` coupons. */
    settlementRefundFee: Fen
    /** The status on the day of the bill; WeChat does not update it later. */
    refundStatus: string
  }>

/** A row that makes no sense. `reason` names the column, or what is wrong with the row as a whole. */
export type BillUnreadable = Readonly<{ kind: 'unreadable'; row: number; reason: string }>

/** One row of a bill. */
export type BillRow = BillPayment | BillRefund | BillUnreadable

/** The sums of a bill: added up from its rows, or as WeChat's last line states them. */
export type BillSums = Readonly<{
  rows: number
  payments: number
  refunds: number
  /** Undefined where an old layout of the file does not state it. */
  totalFee: Fen | undefined
  settlementTotalFee: Fen
  refundFee: Fen | undefined
  settlementRefundFee: Fen
  serviceFee: Millifen
}>

/** At most `pageRows` rows of a bill, in their order. */
export type BillPage = Readonly<{ rows: readonly BillRow[] }>

/**
 * How a bill ends. It is whole only if it has its last line, with the sums. Otherwise it breaks off
 * (`cut_off`), is some other text (`not_a_bill`), or lacks a column that we need (`unknown_layout`).
 */
export type BillEnd = Readonly<
  | {
      whole: true
      /** WeChat's last line. It does not state `payments` and `refunds`, which repeat those of `read`. */
      stated: BillSums
      /** The sums of the rows that were read. */
      read: BillSums
      /** The names of the sums that differ, as in {@link BillSums}. */
      differing: readonly (keyof BillSums)[]
    }
  | { whole: false; reason: 'cut_off' | 'not_a_bill' | 'unknown_layout' }
>

/**
 * Reads a bill as WeChat sent it, plain or gzip, page by page and never as a whole.
 *
 * `pageRows` is the size of a page. Rows up to `afterRow` are added to the sums but not returned, so that
 * reading can go on where it stopped.
 */
export type ReadBill = (
  raw: ReadableStream<Uint8Array>,
  options: Readonly<{ pageRows: number; afterRow: number }>,
) => AsyncGenerator<BillPage, BillEnd>
