import { couponSum } from '../state/coupons.ts'
import type { Capture } from '../state/ledger.ts'

/** The coupon elements of a payment in orderquery and notices, numbered from 0. Empty when the payer used no coupon. */
export function couponFields({ coupons }: Capture): Record<string, string> {
  if (coupons.length === 0) return {}
  const fields: Record<string, string> = {
    coupon_fee: String(couponSum(coupons)),
    coupon_count: String(coupons.length),
  }
  for (const [n, { id, type, fee }] of coupons.entries()) {
    fields[`coupon_type_${n}`] = type
    fields[`coupon_id_${n}`] = id
    fields[`coupon_fee_${n}`] = String(fee)
  }
  return fields
}

/** The element `settlement_total_fee`, which is present only for a payment with NO_CASH coupons. */
export function settlementFields({ settlementTotalFee }: Capture): Record<string, string> {
  return settlementTotalFee === undefined
    ? {}
    : { settlement_total_fee: String(settlementTotalFee) }
}
