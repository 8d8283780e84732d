import { formatBeijingDateTime } from '../lib/clock.ts'
import { couponSum } from '../state/coupons.ts'
import type { Coupon } from '../state/ledger.ts'
import { type SimulatedRefund, successAt } from '../state/refund.ts'

/** The coupon elements in the answer of `refund`, numbered from 0. Empty when the payment had no coupon. */
export function couponRefundFields(refund: SimulatedRefund): Record<string, string> {
  if (refund.coupons.length === 0) return {}
  const used = usedCoupons(refund)
  const fields: Record<string, string> = {
    coupon_refund_fee: String(couponSum(used)),
    coupon_refund_count: String(used.length),
  }
  for (const [n, { type, fee, id }] of used.entries()) {
    fields[`coupon_type_${n}`] = type
    fields[`coupon_refund_fee_${n}`] = String(fee)
    fields[`coupon_refund_id_${n}`] = id
  }
  return fields
}

/** The element `settlement_refund_fee`, which is present only for a payment with NO_CASH coupons. */
export function settlementRefundFields(refund: SimulatedRefund): Record<string, string> {
  return hasFreeCoupons(refund) ? { settlement_refund_fee: String(refund.settlementRefundFee) } : {}
}

/**
 * The elements of refund number `n` in the answer of refundquery. Every name is followed by `_n`, in coupon elements also by
 * the coupon's number. The misspelling `accout` is WeChat's own.
 */
export function numberedRefundFields(refund: SimulatedRefund, n: number): Record<string, string> {
  const arrivedAt = successAt(refund)
  const fields: Record<string, string> = {
    [`out_refund_no_${n}`]: refund.outRefundNo,
    [`refund_account_${n}`]: refund.account,
    [`refund_channel_${n}`]: refund.channel,
    [`refund_fee_${n}`]: String(refund.refundFee),
    [`refund_id_${n}`]: refund.refundId,
    [`refund_recv_accout_${n}`]: refund.receivedIn,
    [`refund_status_${n}`]: refund.status,
  }
  if (arrivedAt !== undefined) {
    fields[`refund_success_time_${n}`] = formatBeijingDateTime(arrivedAt)
  }
  if (hasFreeCoupons(refund)) {
    fields[`settlement_refund_fee_${n}`] = String(refund.settlementRefundFee)
  }
  if (refund.coupons.length === 0) return fields
  const used = usedCoupons(refund)
  fields[`coupon_refund_fee_${n}`] = String(couponSum(used))
  fields[`coupon_refund_count_${n}`] = String(used.length)
  for (const [m, { type, fee, id }] of used.entries()) {
    fields[`coupon_type_${n}_${m}`] = type
    fields[`coupon_refund_id_${n}_${m}`] = id
    fields[`coupon_refund_fee_${n}_${m}`] = String(fee)
  }
  return fields
}

function usedCoupons({ coupons }: SimulatedRefund): Coupon[] {
  return coupons.filter(({ fee }) => fee > 0)
}

function hasFreeCoupons({ coupons }: SimulatedRefund): boolean {
  return coupons.some(({ type }) => type === 'NO_CASH')
}
