import { isRetryable } from '../../core/order/rejection.ts'
import type { Payment } from '../../core/order/payment.ts'
import type { Config, Deps } from '../../ports/deps.ts'
import type { NoticeTask } from '../../ports/notices.ts'
import { failureEntry, StoreUnavailable } from '../../ports/store.ts'
import { confirmPaymentNotice } from '../order/confirm-payment-notice.ts'
import { configuredPolicy, recordPayment } from '../order/record-payment.ts'
import { confirmRefundNotice } from '../refund/confirm-refund-notice.ts'

type HandleNoticeDeps = Pick<
  Deps,
  | 'config'
  | 'deliverSoon'
  | 'log'
  | 'mayQuery'
  | 'now'
  | 'orders'
  | 'refunds'
  | 'reviews'
  | 'wechat'
>

/**
 * The outcome of a notice. `accepted`: its content is stored, now or from an earlier delivery. `refused`: the
 * Worker does not believe the notice. `unavailable` and `failed`: the Worker could not finish, so WeChat must
 * deliver the notice again; a write that was under way may be stored all the same.
 */
export type NoticeOutcome = 'accepted' | 'refused' | 'unavailable' | 'failed'

/**
 * Acts on a notice: records its payment, or first confirms the payment or refund by a query. Never throws:
 * after an exception the outcome is `unavailable` or `failed`, so that WeChat delivers the notice again.
 */
export async function handleNotice(
  deps: HandleNoticeDeps,
  task: NoticeTask,
): Promise<NoticeOutcome> {
  try {
    return await handle(deps, task)
  } catch (error) {
    const isStore = error instanceof StoreUnavailable
    const { event, ...words } = failureEntry(error)
    const reason = event === 'internal_error' ? 'internal' : event
    deps.log({ event: 'notice_failed', ...subjectOf(task), ...words, reason })
    return isStore ? 'unavailable' : 'failed'
  }
}

async function handle(deps: HandleNoticeDeps, task: NoticeTask): Promise<NoticeOutcome> {
  switch (task.kind) {
    case 'record_payment':
      return mustBeConfirmed(task.payment, deps.config)
        ? confirmNotice(deps, task.payment, true)
        : recordNotice(deps, task.payment)
    case 'confirm_payment':
      return confirmNotice(deps, task.payment, false)
    case 'confirm_refund': {
      const confirmed = await confirmRefundNotice(deps, task.refund)
      if (confirmed.ok) return 'accepted'
      const { reason } = confirmed.error
      deps.log({ ...subjectOf(task), event: 'refund_notice_refused', reason })
      return reason === 'not_confirmed' ? 'unavailable' : 'refused'
    }
  }
}

/** Whether the amount is so large that the signature of a notice is not enough. */
const mustBeConfirmed = (
  { totalFee }: Payment,
  { noticeConfirmFrom }: Pick<Config, 'noticeConfirmFrom'>,
): boolean => noticeConfirmFrom > 0 && totalFee >= noticeConfirmFrom

async function recordNotice(deps: HandleNoticeDeps, payment: Payment): Promise<NoticeOutcome> {
  const policy = configuredPolicy(deps.config)
  const recorded = await recordPayment(deps, { payment, source: 'notice', policy, refunded: false })
  // When a concurrent request changed the order first, the notice is still valid, and WeChat must deliver it again.
  if (recorded.ok) return 'accepted'
  return isRetryable(recorded.error.reason) ? 'unavailable' : 'refused'
}

/** @param isSigned Whether the notice verifies under the present key, so that a review may open about it. */
async function confirmNotice(
  deps: HandleNoticeDeps,
  payment: Payment,
  isSigned: boolean,
): Promise<NoticeOutcome> {
  const confirmed = await confirmPaymentNotice(deps, payment)
  if (confirmed.ok) return 'accepted'
  const { reason } = confirmed.error
  // No attempt can be queried. Recording the payment is refused, and opens the review `unknown_order`.
  if (reason === 'unknown_order' && isSigned) return recordNotice(deps, payment)
  return reason === 'no_answer' ? 'unavailable' : 'refused'
}

const subjectOf = (task: NoticeTask): Readonly<Record<string, string>> =>
  task.kind === 'confirm_refund'
    ? { out_refund_no: task.refund.outRefundNo }
    : { out_trade_no: task.payment.outTradeNo }
