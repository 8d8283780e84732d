import type { RefundLedger } from '../state/refund-ledger.ts'
import type { Deliver, DeliveryAttempt } from './notice.ts'
import type { PaymentNotifier } from './payment-notifier.ts'
import type { RefundNotifier } from './refund-notifier.ts'

type NoticeCalls = 'all' | 'xml' | 'post' | 'loseNext' | 'duplicateNext'

/** The notices that WeChat posts to the shop, and what a test can do to them. */
export class Notices {
  /** Addressed by out_trade_no. */
  readonly ofPayments: Pick<PaymentNotifier, NoticeCalls>
  /** Addressed by out_refund_no. */
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
   * Makes every delivery attempt that is due at the clock's now, for payments and for refunds, overdue retries too. Different
   * notices go in parallel.
   */
  async deliverDue(deliver: Deliver = (request) => fetch(request)): Promise<DeliveryAttempt[]> {
    this.#refundLedger.settleDue()
    const notifiers = [this.#payments, this.#refunds]
    return (await Promise.all(notifiers.map((each) => each.deliverDue(deliver)))).flat()
  }

  /**
   * Epoch milliseconds of the next delivery attempt, or `undefined` when none is planned. A PROCESSING refund counts with the
   * time at which it will settle.
   */
  nextDueAt(): number | undefined {
    const due = Math.min(
      this.#payments.nextDueAt() ?? Infinity,
      this.#refunds.nextDueAt() ?? Infinity,
    )
    return due === Infinity ? undefined : due
  }
}
