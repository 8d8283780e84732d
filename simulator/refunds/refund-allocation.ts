import { couponSum } from '../state/coupons.ts'
import type { Capture, Coupon } from '../state/ledger.ts'
import { isLiveRefund, type SimulatedRefund } from '../state/refund.ts'

/** How a refund is divided, in fen: what the payer gets in cash, what the merchant pays, and what goes to each coupon. */
export type RefundAllocation = Pick<
  SimulatedRefund,
  'cashRefundFee' | 'settlementRefundFee' | 'coupons'
>

/** How much of a payment can still be refunded, in fen. Refunds that are under way are deducted, too. */
export function refundableFen(capture: Capture, refunds: readonly SimulatedRefund[]): number {
  return refunds
    .filter(isLiveRefund)
    .reduce((left, { refundFee }) => left - refundFee, capture.totalFee)
}

/**
 * Divides a refund between the payer's cash and the coupons, in proportion to what is left of each. WeChat only documents that
 * coupons are refunded, not how much of them. Here no part exceeds what is left of it, and the last refund takes everything
 * that is left.
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

/**
 * Divides an amount in proportion to `left`. Each part is rounded down to whole fen; the remaining fen go one by one to the
 * first parts that are below their maximum in `left`.
 */
function inProportion(fee: number, left: readonly number[]): number[] {
  const all = left.reduce((sum, each) => sum + each, 0)
  // BigInt, because the product of two amounts can exceed the largest safe integer.
  const parts = left.map((each) => Number((BigInt(each) * BigInt(fee)) / BigInt(all)))
  let rest = parts.reduce((sum, each) => sum - each, fee)
  return parts.map((part, n) => {
    if (rest === 0 || part === left[n]) return part
    rest -= 1
    return part + 1
  })
}
