/** What follows from a due order or attempt, and when it is due again. */
import { type Attempt, isLive } from '../../core/order/attempt.ts'
import type { OrderView } from '../../core/order/order.ts'
import { nextRefundQueryAt } from '../../core/order/refund-schedule.ts'
import { ofPayment, reservedFee } from '../../core/order/refund.ts'
import { paymentReview } from '../../core/order/reviews.ts'
import {
  attemptDueAt,
  attemptToCloseDueAt,
  expiredOrderDueAt,
  needsRefundImport,
  unansweredAttemptDueAt,
} from '../../core/order/schedule.ts'
import { DAY_S, later, type UnixSeconds } from '../../core/time.ts'
import type { Deps } from '../../ports/deps.ts'
import { openReview } from '../open-review.ts'
import { importRefunds } from '../refund/import-refunds.ts'
import { closeAttempt, type CloseOutcome } from './close-attempt.ts'
import { closeOrder } from './close-order.ts'
import { queryAttempt } from './query-attempt.ts'

type FollowUpDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

export type FollowUp = Readonly<{
  result: 'booked' | 'closed' | 'waiting'
  /** What changed an order has set its next time itself; this is for the rows that did not change. */
  dueAt: UnixSeconds | undefined
}>

/** An order is due when it expires. */
export async function followUpOrder(deps: FollowUpDeps, view: OrderView): Promise<FollowUp> {
  if (deps.now() < view.order.expiresAt) {
    return { result: 'waiting', dueAt: expiredOrderDueAt(view.order, deps.now()) }
  }
  const dueAt = expiredOrderDueAt(view.order, deps.now())
  return afterClose(await closeOrder(deps, view, 'expired'), dueAt)
}

/** An attempt is due on its ladder; after its order is over it is taken down or looked at once more. */
export async function followUpAttempt(
  deps: FollowUpDeps,
  view: OrderView,
  number: number,
): Promise<FollowUp> {
  const attempt = view.attempts.find((each) => each.number === number)
  if (attempt === undefined) return { result: 'waiting', dueAt: undefined }
  if (attempt.state === 'paid') return importMissingRefunds(deps, view, attempt)
  const over = view.order.state === 'paid' || view.order.state === 'closed'
  if (attempt.state === 'closing' || (over && isLive(attempt))) {
    const dueAt = attemptToCloseDueAt(attempt, deps.now())
    return afterClose(await closeAttempt(deps, view, attempt), dueAt)
  }
  return query(deps, view, attempt)
}

/** A payment that was gone before we heard of it. */
async function importMissingRefunds(
  deps: FollowUpDeps,
  view: OrderView,
  attempt: Attempt,
): Promise<FollowUp> {
  const payment = view.payments.find(({ outTradeNo }) => outTradeNo === attempt.outTradeNo)
  if (payment === undefined || !needsRefundImport(view, attempt)) {
    return { result: 'waiting', dueAt: undefined }
  }
  const { view: after, known } = await importRefunds(deps, view, payment.transactionId)
  const now = deps.now()
  if (known === undefined || known === 0) {
    const dueAt = nextRefundQueryAt(payment.paidAt, now) ?? later(now, DAY_S)
    return { result: 'waiting', dueAt }
  }
  // The shop was told not to ship. If only a part went back, a person must see to the rest.
  const refunded = reservedFee(ofPayment(after.refunds, payment.transactionId))
  if (refunded < payment.totalFee) {
    const { ordercode } = view.order
    const more = { refunded, left: payment.totalFee - refunded }
    await openReview(deps, paymentReview('partly_returned', payment, ordercode, 'query', more))
  }
  return { result: 'booked', dueAt: undefined }
}

async function query(deps: FollowUpDeps, view: OrderView, attempt: Attempt): Promise<FollowUp> {
  const status = await queryAttempt(deps, view, attempt)
  const now = deps.now()
  switch (status.kind) {
    case 'paid':
      return { result: 'booked', dueAt: undefined }
    case 'closed':
      return { result: 'closed', dueAt: attemptDueAt(attempt, now) }
    case 'unpaid':
      if (attempt.state === 'closed') {
        // Closed here and open there: a call that was lost may have arrived after all.
        await deps.wechat.closeOrder(attempt.outTradeNo)
        return { result: 'waiting', dueAt: unansweredAttemptDueAt(attempt, now) }
      }
      return { result: 'waiting', dueAt: attemptDueAt(attempt, now) }
    case 'user_paying':
    case 'absent':
    case 'rejected':
      return { result: 'waiting', dueAt: attemptDueAt(attempt, now) }
    case 'unknown':
      return { result: 'waiting', dueAt: unansweredAttemptDueAt(attempt, now) }
  }
}

function afterClose(closed: CloseOutcome, dueAt: UnixSeconds | undefined): FollowUp {
  switch (closed.kind) {
    case 'paid':
      return { result: 'booked', dueAt }
    case 'closed':
      return { result: 'closed', dueAt }
    case 'busy':
    case 'unknown':
      return { result: 'waiting', dueAt }
  }
}
