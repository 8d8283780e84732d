/** Follows up one due order or attempt, and decides when it is due again. */
import { type Attempt, isLive, mayBeOurs } from '../../core/order/attempt.ts'
import { isOver, type Order, type OrderView } from '../../core/order/order.ts'
import type { BookedPayment } from '../../core/order/payment.ts'
import { nextRefundQueryAt } from '../../core/order/refund-schedule.ts'
import { ofPayment, reservedFee } from '../../core/order/refund.ts'
import { paymentReview } from '../../core/order/reviews.ts'
import {
  attemptDueAt,
  attemptToCloseDueAt,
  expiredOrderDueAt,
  unansweredAttemptDueAt,
} from '../../core/order/schedule.ts'
import { DAY_S, later, type UnixSeconds } from '../../core/time.ts'
import type { Deps } from '../../ports/deps.ts'
import { openReview } from '../open-review.ts'
import { confirmPayment } from '../refund/confirm-payment.ts'
import { importRefunds } from '../refund/import-refunds.ts'
import { closeAttempt, type CloseOutcome } from './close-attempt.ts'
import { closeOrder } from './close-order.ts'
import { queryAttempt } from './query-attempt.ts'

type FollowUpDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

/** The outcome of following up one due order or attempt. */
export type FollowUp = Readonly<{
  /**
   * `booked`: the payment, or the refunds of a returned
   * payment, are recorded. `waiting`: nothing changed yet. `unanswered`: WeChat gave no clear answer.
   */
  result: 'booked' | 'closed' | 'waiting' | 'unanswered'
  /**
   * When the order or attempt is due again; undefined for never. Ignored if its row has changed, because the
   * change has set the due time.
   */
  dueAt: UnixSeconds | undefined
  /** Whether WeChat gave a clear answer. */
  isAnswered: boolean
}>

const BOOKED: FollowUp = { result: 'booked', dueAt: undefined, isAnswered: true }
const NOTHING_LEFT: FollowUp = { result: 'waiting', dueAt: undefined, isAnswered: true }

/** Closes an order that has expired. An order becomes due at its expiry. */
export async function followUpOrder(deps: FollowUpDeps, view: OrderView): Promise<FollowUp> {
  const dueAt = expiredOrderDueAt(view.order, deps.now())
  if (deps.now() < view.order.expiresAt) return { result: 'waiting', dueAt, isAnswered: false }
  return afterClose(await closeOrder(deps, view, 'expired'), dueAt)
}

/**
 * Follows up an attempt that is due. A live attempt is queried, or closed if its order is paid or closed. A
 * closed attempt is queried again. For a paid attempt that is due, the refunds of its payment are imported.
 *
 * @param number The attempt's number within the order.
 */
export async function followUpAttempt(
  deps: FollowUpDeps,
  view: OrderView,
  number: number,
): Promise<FollowUp> {
  const attempt = view.attempts.find((each) => each.number === number)
  if (attempt === undefined) return NOTHING_LEFT
  if (attempt.state === 'paid') return importMissingRefunds(deps, view, attempt)
  if (attempt.state === 'closing' || (isOver(view) && isLive(attempt))) {
    const dueAt = attemptToCloseDueAt(attempt, deps.now())
    return afterClose(await closeAttempt(deps, view, attempt), dueAt)
  }
  return query(deps, view, attempt)
}

/**
 * Imports the refunds of a payment that had been refunded before the Worker first learned of it. A paid attempt
 * is due only for this. If a part of the payment is left, a review opens, so that a person decides about the rest.
 */
async function importMissingRefunds(
  deps: FollowUpDeps,
  view: OrderView,
  attempt: Attempt,
): Promise<FollowUp> {
  const payment = view.payments.find(({ outTradeNo }) => outTradeNo === attempt.outTradeNo)
  if (payment === undefined) return NOTHING_LEFT
  const { view: after, known } = await importRefunds(deps, view, payment)
  if (known === undefined || known === 0) {
    // After a recovery most payments have no refunds, and WeChat says so.
    const { kind, refunded } = await confirmPayment(deps, view.order.ordercode, payment)
    if (kind === 'confirmed' && !refunded) return BOOKED
    const now = deps.now()
    const dueAt = nextRefundQueryAt(payment.paidAt, now) ?? later(now, DAY_S)
    return { result: 'waiting', dueAt, isAnswered: false }
  }
  const refunded = reservedFee(ofPayment(after.refunds, payment.transactionId))
  if (refunded < payment.totalFee && isNews(view.order, payment)) {
    const { ordercode } = view.order
    const more = { refunded, left: payment.totalFee - refunded }
    await openReview(deps, paymentReview('partly_returned', payment, ordercode, 'query', more))
  }
  return BOOKED
}

/**
 * Whether the refunds of a payment are news to the shop. After a recovery they are not: the lost records had them, or
 * a person made them.
 */
const isNews = ({ recoveredAt }: Order, { confirmedAt }: BookedPayment): boolean =>
  recoveredAt === undefined || (confirmedAt !== undefined && confirmedAt > recoveredAt)

async function query(deps: FollowUpDeps, view: OrderView, attempt: Attempt): Promise<FollowUp> {
  const status = await queryAttempt(deps, view, attempt)
  const now = deps.now()
  switch (status.kind) {
    case 'paid':
    case 'returned':
      return BOOKED
    case 'closed':
      return { result: 'closed', dueAt: attemptDueAt(attempt, now), isAnswered: true }
    case 'unpaid':
      if (attempt.state === 'closed' && mayBeOurs(attempt)) {
        // The attempt is closed in our records but open at WeChat: a unifiedorder that seemed lost has
        // arrived at WeChat.
        await deps.wechat.closeOrder(attempt.outTradeNo, attempt.terms)
        return { result: 'waiting', dueAt: unansweredAttemptDueAt(attempt, now), isAnswered: true }
      }
      return { result: 'waiting', dueAt: attemptDueAt(attempt, now), isAnswered: true }
    case 'user_paying':
    case 'absent':
    case 'rejected':
      return { result: 'waiting', dueAt: attemptDueAt(attempt, now), isAnswered: true }
    case 'unknown':
      return {
        result: 'unanswered',
        dueAt: unansweredAttemptDueAt(attempt, now),
        isAnswered: false,
      }
  }
}

function afterClose(closed: CloseOutcome, dueAt: UnixSeconds | undefined): FollowUp {
  switch (closed.kind) {
    case 'paid':
      return { result: 'booked', dueAt, isAnswered: true }
    case 'closed':
      return { result: 'closed', dueAt, isAnswered: true }
    case 'unknown':
      return { result: 'unanswered', dueAt, isAnswered: false }
    case 'busy':
      return { result: 'waiting', dueAt, isAnswered: closed.isAnswered }
    case 'other_merchant':
      return { result: 'waiting', dueAt, isAnswered: false }
  }
}
