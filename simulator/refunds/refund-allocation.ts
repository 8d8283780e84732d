import { couponSum } from '../state/coupons.ts'
import type { Capture, Coupon } from '../state/ledger.ts'
import { isLiveRefund, type SimulatedRefund } from '../state/refund.ts'

/** How a refund is divided: what the payer gets in cash, what the merchant pays, what falls to each coupon. In fen. */
export type RefundAllocation = Pick<
  SimulatedRefund,
  'cashRefundFee' | 'settlementRefundFee' | 'coupons'
>

/** The fen of the payment that are neither refunded nor in a refund under way. */
export function refundableFen(capture: Capture, refunds: readonly SimulatedRefund[]): number {
  return refunds
    .filter(isLiveRefund)
    .reduce((left, { refundFee }) => left - refundFee, capture.totalFee)
}

/**
 * Divides a refund between the payer's cash and the coupons, in proportion to what is left of each. The protocol only documents
 * that coupons are refunded, not how much of them. Here no part exceeds what is left of it, and the last refund takes the rest.
 */
export function allocateRefund(
  refundFee: number,
  capture: Capture,
  refunds: readonly SimulatedRefund[],
): RefundAllocation {
  const live = refunds.filter(isLiveRefund)
  const left = [
    live.reduce((sum, { cashRefundFee }) => sum - cashRefundFee, capture.cashFee),
    ...capture.coupons.map(({ fee }, n) =>
      live.reduce((sum, { coupons }) => sum - (coupons[n]?.fee ?? 0), fee),
    ),
  ]
  const [cashRefundFee = 0, ...couponFees] = inProportion(refundFee, left)
  const coupons = capture.coupons.map((coupon, n): Coupon => ({
    ...coupon,
    fee: couponFees[n] ?? 0,
  }))
  return { cashRefundFee, settlementRefundFee: refundFee - couponSum(coupons, 'NO_CASH'), coupons }
}

/** Rounds down to whole fen, and gives the remaining fen one by one to the first parts that have room. */
function inProportion(fee: number, left: readonly number[]): number[] {
  const all = left.reduce((sum, each) => sum + each, 0)
  // BigInt: the product of two amounts can exceed the largest safe integer.
  const parts = left.map((each) => Number((BigInt(each) * BigInt(fee)) / BigInt(all)))
  let rest = parts.reduce((sum, each) => sum - each, fee)
  return parts.map((part, n) => {
    if (rest === 0 || part === left[n]) return part
    rest -= 1
    return part + 1
  })
}
