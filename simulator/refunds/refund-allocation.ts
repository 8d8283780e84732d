import { couponSum } from '../state/coupons.ts'
import type { Capture, Coupon } from '../state/ledger.ts'
import { isLiveRefund, type SimulatedRefund } from '../state/refund.ts'

export type RefundAllocation = Pick<
  SimulatedRefund,
  'cashRefundFee' | 'settlementRefundFee' | 'coupons'
>

/** What of the order's amount has not been refunded, nor is on its way. */
export function refundableFen(capture: Capture, refunds: readonly SimulatedRefund[]): number {
  return refunds
    .filter(isLiveRefund)
    .reduce((left, { refundFee }) => left - refundFee, capture.totalFee)
}

/**
 * Divides a refund between the payer's cash and the coupons, in proportion to what is left of each. The protocol only says
 * that coupons are refunded, not how much of them; this way every part is within its bounds, and the last refund takes all.
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

/** Whole fen, rounded down, and what remains of the rounding one by one to the first that have room. */
function inProportion(fee: number, left: readonly number[]): number[] {
  const all = left.reduce((sum, each) => sum + each, 0)
  // Two amounts multiplied may be more than a number can hold.
  const parts = left.map((each) => Number((BigInt(each) * BigInt(fee)) / BigInt(all)))
  let rest = parts.reduce((sum, each) => sum - each, fee)
  return parts.map((part, n) => {
    if (rest === 0 || part === left[n]) return part
    rest -= 1
    return part + 1
  })
}
