/**
 * The states of an order, and the events that change them. Pure: no clock, no store, no WeChat.
 *
 *     created ──attempt_opened──▶ paying ──payment_booked──▶ paid
 *        │                          │
 *        └──────order_closed────────┴──▶ closed ──payment_booked──▶ paid
 *
 * A closed order can become paid: WeChat's signed report that money moved overrules our record that nothing
 * can be paid any more. A payment that goes back leaves the order as it is. No event leads out of `paid`. Every change goes through {@link transition}; the store
 * writes the outcome with a compare-and-set on `revision`, and the event in the same batch.
 */
import type { Result } from '../../lib/result.ts'
import type { OutTradeNo } from '../ids.ts'
import type { UnixSeconds } from '../time.ts'
import { type Attempt, hasLivePrepay, isInFlight, mayBeOurs, sentAgain } from './attempt.ts'
import { changed, illegal, type Step, unchanged, withAttempt } from './change.ts'
import {
  type AttemptEnd,
  expiryUnder,
  findAttempt,
  isOver,
  liveAttempt,
  nextOutTradeNo,
  type OrderEvent,
  type OrderView,
  sameTerms,
  type Terms,
} from './order.ts'
import { paymentTransition } from './payment-transition.ts'
import { refundTransition } from './refund-transition.ts'
import type { Rejection } from './rejection.ts'

/** Decides what an event does to an order. It stores nothing: the caller writes the outcome. */
export function transition(
  before: OrderView,
  event: OrderEvent,
  now: UnixSeconds,
): Result<Step, Rejection> {
  switch (event.type) {
    case 'order_changed':
      return onOrderChanged(before, event.terms)
    case 'attempt_opened':
      return onAttemptOpened(before, event.attempt)
    case 'attempt_resent':
      return onAttemptResent(before, event, now)
    case 'attempt_closing':
      return onAttemptClosing(before, event.outTradeNo, now)
    case 'attempt_closed':
      return attemptClosed(before, event, now)
    case 'payment_booked':
    case 'second_payment_recorded':
    case 'payment_accepted':
    case 'payment_restored':
      return paymentTransition(before, event, now)
    case 'order_closed':
      return onOrderClosed(before, event, now)
    default:
      return refundTransition(before, event, now)
  }
}

type Of<T extends OrderEvent['type']> = Extract<OrderEvent, { type: T }>

function onOrderChanged(before: OrderView, terms: Terms): Result<Step, Rejection> {
  const { order } = before
  if (sameTerms(order.terms, terms)) return unchanged
  // The payer could still pay a live attempt at the old price. So if an attempt is live, the terms change only if
  // it is taken down first.
  if (isOver(before) || liveAttempt(before) !== undefined) return illegal
  return changed(before, {}, { terms, expiresAt: expiryUnder(order, terms) })
}

function onAttemptOpened(before: OrderView, attempt: Attempt): Result<Step, Rejection> {
  if (isOver(before) || liveAttempt(before) !== undefined) return illegal
  if (attempt.outTradeNo !== nextOutTradeNo(before)) return illegal
  const extended = attempt.terms.timeExpire > before.order.expiresAt
  if (extended && before.order.extended) return illegal
  return changed(
    before,
    { attempts: [...before.attempts, attempt] },
    {
      state: 'paying',
      ...(extended ? { expiresAt: attempt.terms.timeExpire, extended } : {}),
    },
  )
}

function onAttemptResent(
  before: OrderView,
  { outTradeNo, codeHash }: Of<'attempt_resent'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  const attempt = findAttempt(before, outTradeNo)
  if (attempt?.state !== 'open' || before.order.state !== 'paying') return illegal
  return changed(before, { attempts: withAttempt(before, sentAgain(attempt, codeHash, now)) })
}

function onAttemptClosing(
  before: OrderView,
  outTradeNo: OutTradeNo,
  now: UnixSeconds,
): Result<Step, Rejection> {
  const attempt = findAttempt(before, outTradeNo)
  if (attempt?.state === 'closing') return unchanged
  if (attempt?.state !== 'open' || isInFlight(attempt, now)) return illegal
  return changed(before, { attempts: withAttempt(before, { ...attempt, state: 'closing' }) })
}

function attemptClosed(
  before: OrderView,
  { outTradeNo, reason }: Readonly<{ outTradeNo: OutTradeNo; reason: AttemptEnd }>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  const attempt = findAttempt(before, outTradeNo)
  if (attempt === undefined || attempt.state === 'paid') return illegal
  if (attempt.state === 'closed') return unchanged
  // WeChat's "no such order" proves nothing while unifiedorder may be on its way, or while a prepay_id that
  // WeChat itself issued is valid: a query at WeChat may lag behind the order that WeChat created.
  const mayExist = isInFlight(attempt, now) || hasLivePrepay(attempt, now)
  if (reason === 'absent_at_wechat' && mayExist) return illegal
  if (reason === 'number_used' && mayBeOurs(attempt)) return illegal
  const after: Attempt = { ...attempt, state: 'closed', closedAt: now }
  return changed(before, { attempts: withAttempt(before, after) })
}

function onOrderClosed(
  before: OrderView,
  { attempt }: Of<'order_closed'>,
  now: UnixSeconds,
): Result<Step, Rejection> {
  switch (before.order.state) {
    case 'closed':
      return unchanged
    case 'paid':
      return illegal
    case 'created':
    case 'paying':
      break
  }
  const ended = attempt === undefined ? unchanged : attemptClosed(before, attempt, now)
  if (!ended.ok) return ended
  const { attempts } = ended.value.kind === 'changed' ? ended.value.after : before
  if (liveAttempt({ ...before, attempts }) !== undefined) return illegal
  return changed(before, { attempts }, { state: 'closed', closedAt: now }, [
    { type: 'order.closed', subject: before.order.ordercode },
  ])
}
