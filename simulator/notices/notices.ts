import type { RefundLedger } from '../state/refund-ledger.ts'
import type { Deliver, DeliveryAttempt } from './notice.ts'
import type { PaymentNotifier } from './payment-notifier.ts'
import type { RefundNotifier } from './refund-notifier.ts'

type NoticeCalls = 'all' | 'xml' | 'post' | 'loseNext' | 'duplicateNext'

/** The notices that WeChat posts to the shop. Tests can also post, lose or duplicate them. */
export class Notices {
  /** The notices of payments, addressed by out_trade_no. */
  readonly ofPayments: Pick<PaymentNotifier, NoticeCalls | 'delayNext'>
  /** The notices of refunds, addressed by out_refund_no. */
  readonly ofRefunds: Pick<RefundNotifier, NoticeCalls>
  readonly #refundLedger: RefundLedger
  readonly #payments: PaymentNotifier
  readonly #refunds: RefundNotifier

  constructor(refundLedger: RefundLedger, payments: PaymentNotifier, refunds: RefundNotifier) {
    this.#refundLedger = refundLedger
    this.ofPayments = this.#payments = payments
    this.ofRefunds = this.#refunds = refunds
  }

  /**
   * Makes every delivery attempt that is due now on the simulator's clock, for payments and refunds, overdue retries included.
   * Different notices are posted in parallel.
   */
  async deliverDue(deliver: Deliver = (request) => fetch(request)): Promise<DeliveryAttempt[]> {
    this.#refundLedger.settleDue()
    const notifiers = [this.#payments, this.#refunds]
    return (await Promise.all(notifiers.map((each) => each.deliverDue(deliver)))).flat()
  }

  /**
   * When the next delivery attempt is due, in epoch milliseconds; `undefined` when no attempt is planned. The notice of a
   * PROCESSING refund counts as planned for the time at which the refund will settle.
   */
  nextDueAt(): number | undefined {
    const due = Math.min(
      this.#payments.nextDueAt() ?? Infinity,
      this.#refunds.nextDueAt() ?? Infinity,
    )
    return due === Infinity ? undefined : due
  }
}
