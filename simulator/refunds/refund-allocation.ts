import { worthOf } from '../state/coupons.ts'
import type { Capture, Coupon } from '../state/ledger.ts'
import { isLiveRefund, type SimulatedRefund } from '../state/refund.ts'

export type RefundShares = Pick<
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
export function divideRefund(
  refundFee: number,
  capture: Capture,
  refunds: readonly SimulatedRefund[],
): RefundShares {
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
  return { cashRefundFee, settlementRefundFee: refundFee - worthOf(coupons, 'NO_CASH'), coupons }
}

/** Whole fen, rounded down, and what remains of the rounding one by one to the first that have room. */
function inProportion(fee: number, left: readonly number[]): number[] {
  const all = left.reduce((sum, each) => sum + each, 0)
  // Two amounts multiplied may be more than a number can hold.
  const shares = left.map((each) => Number((BigInt(each) * BigInt(fee)) / BigInt(all)))
  let rest = shares.reduce((sum, each) => sum - each, fee)
  return shares.map((share, n) => {
    if (rest === 0 || share === left[n]) return share
    rest -= 1
    return share + 1
  })
}
