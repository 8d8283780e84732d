import type { Coupon } from './ledger.ts'

/** The sum in fen of all coupons, or with `type` of the coupons of this type. */
export function couponSum(coupons: readonly Coupon[], type?: Coupon['type']): number {
  return coupons
    .filter((coupon) => type === undefined || coupon.type === type)
    .reduce((sum, { fee }) => sum + fee, 0)
}
