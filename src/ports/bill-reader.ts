import type { Millifen } from '../core/bill/bill.ts'
import type { Fen } from '../core/money.ts'
import type { UnixSeconds } from '../core/time.ts'

export type BillLine = Readonly<{
  /** Counts the rows of the bill from 1. */
  row: number
  appid: string
  transactionId: string
  outTradeNo: string
  /** The payment's time, or when the refund was applied for. */
  at: UnixSeconds
  serviceFee: Millifen
}>
export type BillPayment = BillLine &
  Readonly<{
    /** `revoked`: paid, then taken back by the cashier's own command. Never happens to a mini program. */
    kind: 'payment' | 'revoked'
    openid: string
    tradeType: string
    feeType: string
    totalFee: Fen
    /** What is settled with the merchant: `totalFee` without WeChat's own coupons. */
    settlementTotalFee: Fen
  }>
export type BillRefund = BillLine &
  Readonly<{
    kind: 'refund'
    refundId: string
    outRefundNo: string
    /** What was applied for, as in `refund_fee`. */
    refundFee: Fen
    settlementRefundFee: Fen
    /** As of the day of the bill; WeChat does not update it later. */
    refundStatus: string
  }>
/** A row that cannot be understood. The others can; a person looks at this one. */
export type BillUnreadable = Readonly<{ kind: 'unreadable'; row: number; reason: string }>
export type BillRow = BillPayment | BillRefund | BillUnreadable
/** Sums over rows that were read, or as WeChat's last line states them. */
export type BillSums = Readonly<{
  rows: number
  payments: number
  refunds: number
  /** Undefined where an old layout does not state it. */
  totalFee: Fen | undefined
  settlementTotalFee: Fen
  refundFee: Fen | undefined
  settlementRefundFee: Fen
  serviceFee: Millifen
}>
export type BillPage = Readonly<{ rows: readonly BillRow[] }>
/** How the bill ended: only one with its last line is whole. */
export type BillEnd = Readonly<
  | {
      whole: true
      /** `payments` and `refunds` are not stated: they repeat our own counts. */
      stated: BillSums
      read: BillSums
      /** The names of the sums that differ, as in {@link BillSums}. */
      differing: readonly (keyof BillSums)[]
    }
  | { whole: false; reason: 'cut_off' | 'not_a_bill' | 'unknown_layout' }
>
/**
 * Reads a bill as WeChat sent it, plain or gzip, page by page and never as a whole. Rows up to
 * `afterRow` are counted into the sums and not returned, so that reading can go on where it stopped.
 */
export type ReadBill = (
  raw: ReadableStream<Uint8Array>,
  options: Readonly<{ pageRows: number; afterRow: number }>,
) => AsyncGenerator<BillPage, BillEnd>
