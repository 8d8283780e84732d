import { haveSameIds } from '../merchant.ts'
import { later, MINUTE_S } from '../time.ts'
import type { Attempt } from './attempt.ts'
import type { Payment, Source } from './payment.ts'
import type { PaymentRejection } from './rejection.ts'

/**
 * How much earlier than the opening of its attempt a payment
 * may be, in seconds, because our clock and WeChat's differ.
 */
export const CLOCK_SKEW_S = 5 * MINUTE_S

/**
 * Checks whether a payment fits its attempt. The order's state plays no part, so the same check serves the
 * first report of a payment, a late report and a repeated one.
 *
 * @returns what does not fit; undefined when everything fits.
 */
export function checkPayment(
  attempt: Attempt,
  payment: Payment,
  source: Source,
): PaymentRejection | undefined {
  const { terms } = attempt
  // Another mini program of the merchant, or another merchant number, has orders of its own.
  if (source !== 'operator' && !haveSameIds(payment, terms)) return { reason: 'wrong_merchant' }
  if (payment.feeType !== 'CNY') return { reason: 'currency_mismatch', got: payment.feeType }
  if (payment.totalFee !== terms.totalFee) {
    return { reason: 'amount_mismatch', expected: terms.totalFee, got: payment.totalFee }
  }
  // A payment that the operator accepts or returns may have an unexpected payer, trade type or time.
  if (source === 'operator') return undefined
  if (payment.openid !== terms.openid) return { reason: 'foreign_payment', mismatch: 'openid' }
  if (payment.tradeType !== 'JSAPI') return { reason: 'foreign_payment', mismatch: 'trade_type' }
  if (later(payment.paidAt, CLOCK_SKEW_S) < terms.timeStart) {
    return { reason: 'foreign_payment', mismatch: 'time_end' }
  }
  return undefined
}

/**
 * Whether the store's fast path can record a payment. The guard of the fast path does not compare currency
 * and trade type, so both must be the usual ones. The guard does compare payer and time, which the operator
 * may accept although they differ, so a payment from a review cannot take the fast path.
 */
export const isUsual = (payment: Payment, source: Source): boolean =>
  payment.feeType === 'CNY' && payment.tradeType === 'JSAPI' && source !== 'operator'
