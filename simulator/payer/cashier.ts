import { formatBeijingTime } from '../lib/clock.ts'
import { makeCouponId, makeTransactionId } from '../lib/identifiers.ts'
import { couponSum } from '../state/coupons.ts'
import {
  type Capture,
  type Coupon,
  isPaid,
  type SimulatedOrder,
  whyNotPayable,
} from '../state/ledger.ts'
import type { World } from '../state/world.ts'

/** How the payer pays at the cashier. */
export type PayOptions = {
  /**
   * The coupons that the payer uses. CASH coupons are WeChat's money, NO_CASH coupons the shop's own rebate. `fee` is in fen; a
   * missing `id` is made up.
   */
  coupons?: readonly { type: 'CASH' | 'NO_CASH'; fee: number; id?: string }[]
  /** The bank_type of the payment. Default: `OTHERS`. */
  bankType?: string
  /**
   * Takes the money although the order is closed or its deadline has passed. This happens when the payer pays while the shop
   * closes the order, and WeChat's own servers disagree for a moment.
   */
  despiteClose?: boolean
  /** The openid that WeChat records as the payer's, if it is not the one in the order. */
  openid?: string
}

/** The recorded payment, or why the cashier refuses to take the money. */
export type CaptureResult = { ok: true; capture: Capture } | { ok: false; why: string }

/**
 * Takes the payer's money for an order and records the payment. Refuses a paid order always, and a closed or expired one unless
 * `despiteClose` is set.
 */
export function capturePayment(
  outTradeNo: string,
  options: PayOptions,
  world: World,
): CaptureResult {
  const now = world.clock.now()
  const order = world.ledger.find(outTradeNo, now)
  if (order === undefined) return { ok: false, why: `no order ${outTradeNo}` }
  const why = whyNotPayable(order, now)
  if (why !== undefined && (isPaid(order) || options.despiteClose !== true)) {
    return { ok: false, why }
  }

  const coupons = (options.coupons ?? []).map(({ type, fee, id }) => ({
    id: id ?? makeCouponId(world.random),
    type,
    fee,
  }))
  const couponFee = couponSum(coupons)
  const areFen = coupons.every(({ fee }) => Number.isSafeInteger(fee) && fee > 0)
  if (!areFen || couponFee > order.totalFee) {
    return {
      ok: false,
      why: 'every coupon must be at least 1 fen, in whole fen, and their sum at most the amount',
    }
  }

  const capture = makeCapture(order, coupons, options, world)
  world.ledger.capture(order, capture)
  return { ok: true, capture }
}

function makeCapture(
  order: SimulatedOrder,
  coupons: readonly Coupon[],
  { bankType = 'OTHERS', openid = order.openid }: PayOptions,
  world: World,
): Capture {
  const now = world.clock.now()
  const { outTradeNo, appid, totalFee } = order
  let transactionId = makeTransactionId(world.random, now)
  // The ten random digits of a transaction_id can repeat on a very busy day, so they are drawn until the transaction_id is
  // unused.
  while (world.ledger.findByTransaction(transactionId, now) !== undefined) {
    transactionId = makeTransactionId(world.random, now)
  }
  const freeFee = couponSum(coupons, 'NO_CASH')
  return {
    transactionId,
    outTradeNo,
    appid,
    openid,
    totalFee,
    cashFee: totalFee - couponSum(coupons),
    ...(freeFee === 0 ? {} : { settlementTotalFee: totalFee - freeFee }),
    coupons,
    bankType,
    paidAt: now,
    timeEnd: formatBeijingTime(now),
  }
}
