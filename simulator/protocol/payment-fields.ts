import { couponSum } from '../state/coupons.ts'
import type { Capture } from '../state/ledger.ts'

/** The coupon elements that queries and notices share, numbered from 0; none when no coupon was used. */
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

/** `settlement_total_fee` exists only after a payment with free coupons. */
export function settlementFields({ settlementTotalFee }: Capture): Record<string, string> {
  return settlementTotalFee === undefined
    ? {}
    : { settlement_total_fee: String(settlementTotalFee) }
}
