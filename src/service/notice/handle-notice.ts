import type { Deps } from '../../ports/deps.ts'
import type { NoticeTask } from '../../ports/notices.ts'
import { failureEntry, StoreUnavailable } from '../../ports/store.ts'
import { confirmPaymentNotice } from '../order/confirm-payment-notice.ts'
import { recordPayment } from '../order/record-payment.ts'
import { confirmRefundNotice } from '../refund/confirm-refund-notice.ts'

type HandleNoticeDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
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
    case 'record_payment': {
      const recorded = await recordPayment(deps, task.payment, 'notice')
      return recorded.ok ? 'accepted' : refusalOf(recorded.error.reason)
    }
    case 'confirm_payment': {
      const confirmed = await confirmPaymentNotice(deps, task.payment)
      return confirmed.ok ? 'accepted' : refusalOf(confirmed.error.reason)
    }
    case 'confirm_refund': {
      const confirmed = await confirmRefundNotice(deps, task.refund)
      if (confirmed.ok) return 'accepted'
      const { reason } = confirmed.error
      deps.log({ ...subjectOf(task), event: 'refund_notice_refused', reason })
      return reason === 'not_confirmed' ? 'unavailable' : 'refused'
    }
  }
}

/**
 * The outcome of a notice whose payment was not recorded. When a concurrent request changed the order first,
 * the notice is still valid, and the outcome makes WeChat deliver it again.
 */
const refusalOf = (reason: string): NoticeOutcome =>
  reason === 'contended' || reason === 'illegal_transition' ? 'unavailable' : 'refused'

const subjectOf = (task: NoticeTask): Readonly<Record<string, string>> =>
  task.kind === 'confirm_refund'
    ? { out_refund_no: task.refund.outRefundNo }
    : { out_trade_no: task.payment.outTradeNo }
