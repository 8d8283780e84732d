import { later, MINUTE_S } from '../time.ts'
import type { Attempt } from './attempt.ts'
import type { Payment, Source } from './payment.ts'
import type { PaymentRejection } from './rejection.ts'

/** A payment may appear this much older than its attempt, because our clock and WeChat's differ. */
export const CLOCK_SKEW_S = 5 * MINUTE_S

/**
 * Checks whether a payment fits its attempt. The order's state plays no part, so the same check serves the
 * first report of a payment, a late one and a repeated one.
 *
 * @returns what does not fit; undefined when everything does.
 */
export function checkPayment(
  attempt: Attempt,
  payment: Payment,
  source: Source,
): PaymentRejection | undefined {
  const { terms } = attempt
  if (payment.feeType !== 'CNY') return { reason: 'currency_mismatch', got: payment.feeType }
  if (payment.totalFee !== terms.totalFee) {
    return { reason: 'amount_mismatch', expected: terms.totalFee, got: payment.totalFee }
  }
  if (source === 'operator') return undefined // the operator has decided about the rest
  if (payment.openid !== terms.openid) return { reason: 'foreign_payment', mismatch: 'openid' }
  if (payment.tradeType !== 'JSAPI') return { reason: 'foreign_payment', mismatch: 'trade_type' }
  if (later(payment.paidAt, CLOCK_SKEW_S) < terms.timeStart) {
    return { reason: 'foreign_payment', mismatch: 'time_end' }
  }
  return undefined
}

/**
 * Whether the store's fast path covers a payment: its guard compares neither currency nor trade type, and an
 * operator's word skips the checks that the guard makes.
 */
export const isUsual = (payment: Payment, source: Source): boolean =>
  payment.feeType === 'CNY' && payment.tradeType === 'JSAPI' && source !== 'operator'
