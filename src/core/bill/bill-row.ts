import type { Fen } from '../money.ts'
import type { UnixSeconds } from '../time.ts'
import type { Millifen } from './bill.ts'

/** What every row of WeChat's bill states, whether about a payment or a refund. */
export type BillLine = Readonly<{
  /** The number of the row within the bill, from 1. */
  row: number
  appid: string
  transactionId: string
  /**
   * WeChat's `out_trade_no`. It may be any text, because
   * other systems of the merchant have numbers of their own.
   */
  outTradeNo: string
  /** When the payment was made, or when the refund was applied for. */
  at: UnixSeconds
  /** What WeChat charged for the payment; zero or negative for a refund, of which WeChat returns the fee. */
  serviceFee: Millifen
  /** The rate of the service fee as WeChat writes it (`0.60%`); empty when the bill states none. */
  rate: string
  /**
   * Between which amounts in fen the one lies of which the service fee is a percentage. Both are the settled
   * amount. Only in layouts that do not state it is `least` 0, because coupons may reduce the amount.
   */
  feeBase: Readonly<{ least: Fen; most: Fen }>
}>

/** A row about a payment. */
export type BillPayment = BillLine &
  Readonly<{
    /** `revoked`: a payment that a cashier's command reversed. Mini programs have no such command. */
    kind: 'payment' | 'revoked'
    openid: string
    tradeType: string
    feeType: string
    totalFee: Fen
    /**
     * The amount that WeChat pays out to the merchant: `totalFee`
     * without `NO_CASH` coupons (免充值), which the merchant bears.
     */
    settlementTotalFee: Fen
  }>

/** A row about a refund. */
export type BillRefund = BillLine &
  Readonly<{
    kind: 'refund'
    refundId: string
    outRefundNo: string
    /** The amount of the refund in fen that was applied for, as in `refund_fee`. */
    refundFee: Fen
    /** What WeChat takes back from the merchant: `refundFee` without `NO_CASH` coupons. */
    settlementRefundFee: Fen
    /** The status of the refund on the day of the bill; WeChat does not update it later. */
    refundStatus: string
  }>

/** A row that cannot be read. `reason` names the column, or says what is wrong with the row as a whole. */
export type BillUnreadable = Readonly<{ kind: 'unreadable'; row: number; reason: string }>

/** One row of a bill. */
export type BillRow = BillPayment | BillRefund | BillUnreadable
