import type { OrderView } from '../../core/order/order.ts'
import type { Payment } from '../../core/order/payment.ts'
import { ofPayment, type RefundRecord, reservedFee } from '../../core/order/refund.ts'
import type { RefundPolicy } from '../../core/order/refund-policy.ts'
import { paymentReview } from '../../core/order/reviews.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { PaidReply } from '../../ports/wechat.ts'
import type { ApplyError } from '../apply-event.ts'
import { openReview } from '../open-review.ts'
import { recordRefunds } from '../refund/import-refunds.ts'
import { refundsAtWeChat } from '../refund/refunds-at-wechat.ts'
import { configuredPolicy, recordPayment } from './record-payment.ts'

type RecordQueriedPaymentDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/**
 * Records a payment that WeChat reports in its answer to a query. If WeChat reports the payment as refunded, its
 * refunds are listed first, because they decide: only a payment of which all went back leaves the order as it
 * is. The refunds are recorded after the payment; after a crash in between, the cron imports them.
 *
 * @param source Why WeChat was queried.
 * @returns `refunds_unknown` when WeChat did not list the refunds; nothing is recorded then.
 */
export async function recordQueriedPayment(
  deps: RecordQueriedPaymentDeps,
  { payment, refunded }: PaidReply,
  source: 'query' | 'bill',
): Promise<Result<OrderView, ApplyError | Readonly<{ reason: 'refunds_unknown' }>>> {
  const { config } = deps
  if (!refunded) {
    return recordPayment(deps, { payment, source, policy: configuredPolicy(config), refunded })
  }
  const refunds = await refundsAtWeChat(deps, payment.transactionId)
  // A refundquery may lag behind the orderquery that reports a refund.
  if (refunds === undefined || refunds.length === 0) return err({ reason: 'refunds_unknown' })
  // Whoever refunds the payment by hand decides about the rest, so the Worker refunds nothing automatically.
  const policy: RefundPolicy =
    movedFee(refunds) < payment.totalFee
      ? configuredPolicy({ ...config, refundNotifyUrl: undefined })
      : { kind: 'returned' }
  const recorded = await recordPayment(deps, { payment, source, policy, refunded })
  if (!recorded.ok) return recorded
  return ok(await recordFirstRefunds(deps, recorded.value, payment, refunds))
}

/** The amount in fen that has gone back, or is going back, by these refunds. */
const movedFee = (refunds: readonly RefundRecord[]): number =>
  refunds.reduce((sum, { status, refundFee }) => (status === 'closed' ? sum : sum + refundFee), 0)

/**
 * Records the refunds of a payment that WeChat had refunded before the Worker first learned of it. If a part of
 * the payment is left, a review opens, so that a person decides about the rest.
 */
export async function recordFirstRefunds(
  deps: Pick<Deps, 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'>,
  view: OrderView,
  payment: Payment,
  refunds: readonly RefundRecord[],
): Promise<OrderView> {
  const after = await recordRefunds(deps, view, refunds)
  const refunded = reservedFee(ofPayment(after.refunds, payment.transactionId))
  if (refunded < payment.totalFee) {
    const { ordercode } = view.order
    const more = { refunded, left: payment.totalFee - refunded }
    await openReview(deps, paymentReview('partly_returned', payment, ordercode, 'query', more))
  }
  return after
}
