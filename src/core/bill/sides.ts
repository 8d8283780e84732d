/** What a bill's row states, as the fields that are compared with our records. */
import type { BillPayment, BillRefund } from './bill-row.ts'
import type { Side } from './difference.ts'
import { expectedFee } from './service-fee.ts'

/** The field that a side has only when WeChat's fee is not what the row's own rate makes it. */
const WRONG_FEE = 'service_fee_millifen'

/** What a row states. */
export const sideOf = (row: BillPayment | BillRefund): Side =>
  row.kind === 'refund'
    ? {
        out_refund_no: row.outRefundNo,
        transaction_id: row.transactionId,
        refund_fee: row.refundFee,
      }
    : {
        transaction_id: row.transactionId,
        out_trade_no: row.outTradeNo,
        total_fee: row.totalFee,
        openid: row.openid,
        trade_type: row.tradeType,
        fee_type: row.feeType,
        paid_at: row.at,
      }

/** The fee of a row, and the fee that the row's own rate makes; nothing when the two agree. */
export function feeSides(row: BillPayment | BillRefund): Readonly<{ bill: Side; books: Side }> {
  const expected = expectedFee(row)
  return expected === undefined
    ? { bill: {}, books: {} }
    : { bill: { [WRONG_FEE]: row.serviceFee, rate: row.rate }, books: { [WRONG_FEE]: expected } }
}

/** Whether the fee that a bill's side has is wrong. */
export const hasWrongFee = (bill: Side | undefined): boolean =>
  bill !== undefined && WRONG_FEE in bill

/**
 * Whether the bill's side and ours agree in every field that both have. A field that the bill leaves empty, such
 * as the payer, is not compared.
 */
export const sidesAgree = (bill: Side, books: Side): boolean =>
  Object.entries(bill).every(
    ([name, value]) => value === '' || books[name] === undefined || books[name] === value,
  )
