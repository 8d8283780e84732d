import { ofPayment, reservedFee } from './refund.ts'
import type { Refund } from './refund.ts'
import type { BookedPayment } from './payment.ts'

/**
 * What happens to the money of a payment that no order waits for.
 *
 * - `configured`: the configuration decides. A late payment goes back under `LATE_PAYMENT=refund`. Of late and
 *   second payments, the Worker refunds automatically those that go back, if `refundNotifyUrl` is defined.
 * - `keep`: nothing goes back, because the operator has accepted the payment.
 * - `returned`: all of it goes back: WeChat has refunded it already, or the operator returns it.
 */
export type RefundPolicy = Readonly<
  | {
      kind: 'configured'
      latePayment: 'accept' | 'refund'
      /** Where WeChat sends the notice of an automatic refund; undefined when there must be none. */
      refundNotifyUrl: string | undefined
    }
  | { kind: 'keep' }
  | { kind: 'returned' }
>

/**
 * Whether a payment goes back, so that its order does not become `paid` by it.
 *
 * @param late Whether the payment came after its order was closed, or at a price or for a payer that the shop
 *   has changed since.
 */
export const goesBack = (policy: RefundPolicy, late: boolean): boolean =>
  policy.kind === 'returned' ||
  (policy.kind === 'configured' && late && policy.latePayment === 'refund')

/** The notify_url of the automatic refund; undefined when the Worker must not refund automatically. */
export const automaticRefundUrl = (policy: RefundPolicy): string | undefined =>
  policy.kind === 'configured' ? policy.refundNotifyUrl : undefined

/**
 * Whether the operator may accept a returned payment after all: its money is still here, and no refund of it is
 * under way.
 */
export const mayKeep = (payment: BookedPayment, refunds: readonly Refund[]): boolean =>
  payment.returned && reservedFee(ofPayment(refunds, payment.transactionId)) === 0
