import type { OrderView } from '../../core/order/order.ts'
import type { RefundRecord } from '../../core/order/refund.ts'
import type { RefundPolicy } from '../../core/order/refund-policy.ts'
import { err, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { PaidReply } from '../../ports/wechat.ts'
import type { ApplyError } from '../apply-event.ts'
import { refundsAtWeChat } from '../refund/refunds-at-wechat.ts'
import { configuredPolicy, recordPayment } from './record-payment.ts'

type RecordQueriedPaymentDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'
>

/**
 * Records a payment that WeChat reports in its answer to a query. If WeChat reports the payment as refunded, its
 * refunds are listed first, because they decide: only a payment of which all went back leaves the order as it
 * is. The next run of the cron imports the refunds.
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
  const refunds = await refundsAtWeChat(deps, payment)
  // A refundquery may lag behind the orderquery that reports a refund.
  if (refunds === undefined || refunds.length === 0) return err({ reason: 'refunds_unknown' })
  // A person who refunds a part by hand decides about the rest, too, so the Worker refunds nothing automatically.
  const policy: RefundPolicy =
    movedFee(refunds) < payment.totalFee
      ? configuredPolicy({ ...config, refundNotifyUrl: undefined })
      : { kind: 'returned' }
  return recordPayment(deps, { payment, source, policy, refunded })
}

/** The amount in fen that has gone back, or is going back, by these refunds. */
const movedFee = (refunds: readonly RefundRecord[]): number =>
  refunds.reduce((sum, { status, refundFee }) => (status === 'closed' ? sum : sum + refundFee), 0)
