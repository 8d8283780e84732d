/** What one due row asks for, and when it is due again. */
import { type Attempt, isLive } from '../core/order/attempt.ts'
import type { OrderView } from '../core/order/order.ts'
import { nextRefundRung } from '../core/order/refund-schedule.ts'
import { ofPayment, reservedFee } from '../core/order/refund.ts'
import { paymentReview } from '../core/order/reviews.ts'
import {
  attemptDue,
  attemptDueAfterOrder,
  attemptDueUnanswered,
  orderDueAgain,
  owesRefunds,
} from '../core/order/schedule.ts'
import { DAY_S, later, type UnixSeconds } from '../core/time.ts'
import type { Deps } from '../ports/deps.ts'
import { openReview } from '../service/open-review.ts'
import { takeDownAttempt, type TakenDown } from '../service/order/close-attempt.ts'
import { closeOrder } from '../service/order/close-order.ts'
import { queryAttempt } from '../service/order/query-attempt.ts'
import { discoverRefunds } from '../service/refund/discover-refunds.ts'

export type ItemOutcome = Readonly<{
  result: 'booked' | 'closed' | 'waiting'
  /** What changed an order has set its next time itself; this is for the rows that did not change. */
  dueAt: UnixSeconds | undefined
}>

/** An order is due when it expires. */
export async function runOrder(deps: Deps, view: OrderView): Promise<ItemOutcome> {
  if (deps.now() < view.order.expiresAt) {
    return { result: 'waiting', dueAt: orderDueAgain(view.order, deps.now()) }
  }
  const dueAt = orderDueAgain(view.order, deps.now())
  return outcomeOf(await closeOrder(deps, view, 'expired'), dueAt)
}

/** An attempt is due on its ladder; after its order is over it is taken down or looked at once more. */
export async function runAttempt(
  deps: Deps,
  view: OrderView,
  number: number,
): Promise<ItemOutcome> {
  const attempt = view.attempts.find((each) => each.number === number)
  if (attempt === undefined) return { result: 'waiting', dueAt: undefined }
  if (attempt.state === 'paid') return askRefunds(deps, view, attempt)
  const over = view.order.state === 'paid' || view.order.state === 'closed'
  if (attempt.state === 'closing' || (over && isLive(attempt))) {
    const dueAt = attemptDueAfterOrder(attempt, deps.now())
    return outcomeOf(await takeDownAttempt(deps, view, attempt), dueAt)
  }
  return ask(deps, view, attempt)
}

/** A payment that was gone before we heard of it. */
async function askRefunds(deps: Deps, view: OrderView, attempt: Attempt): Promise<ItemOutcome> {
  const payment = view.payments.find(({ outTradeNo }) => outTradeNo === attempt.outTradeNo)
  if (payment === undefined || !owesRefunds(view, attempt)) {
    return { result: 'waiting', dueAt: undefined }
  }
  const { view: after, known } = await discoverRefunds(deps, view, payment.transactionId)
  const now = deps.now()
  if (known === undefined || known === 0) {
    const dueAt = nextRefundRung(payment.paidAt, now) ?? later(now, DAY_S)
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

async function ask(deps: Deps, view: OrderView, attempt: Attempt): Promise<ItemOutcome> {
  const standing = await queryAttempt(deps, view, attempt)
  const now = deps.now()
  switch (standing.standing) {
    case 'paid':
      return { result: 'booked', dueAt: undefined }
    case 'closed':
      return { result: 'closed', dueAt: attemptDue(attempt, now) }
    case 'unpaid':
      if (attempt.state === 'closed') {
        // Closed here and open there: a call that was lost may have arrived after all.
        await deps.wechat.closeOrder(attempt.outTradeNo)
        return { result: 'waiting', dueAt: attemptDueUnanswered(attempt, now) }
      }
      return { result: 'waiting', dueAt: attemptDue(attempt, now) }
    case 'user_paying':
    case 'absent':
    case 'rejected':
      return { result: 'waiting', dueAt: attemptDue(attempt, now) }
    case 'unknown':
      return { result: 'waiting', dueAt: attemptDueUnanswered(attempt, now) }
  }
}

function outcomeOf(taken: TakenDown, dueAt: UnixSeconds | undefined): ItemOutcome {
  switch (taken.outcome) {
    case 'paid':
      return { result: 'booked', dueAt }
    case 'closed':
      return { result: 'closed', dueAt }
    case 'busy':
    case 'unknown':
      return { result: 'waiting', dueAt }
  }
}
