/** What happened to an order, newest first, below what will happen next. */
import { liveAttempt } from '../../core/order/order.ts'
import { isFinal, ofPayment } from '../../core/order/refund.ts'
import { refundDueAt } from '../../core/order/refund-schedule.ts'
import { attemptDueAt } from '../../core/order/schedule.ts'
import type { StoredReview } from '../../core/review.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { ListedDelivery } from '../../ports/delivery-store.ts'
import type { StoredEvent } from '../../ports/order-store.ts'
import type { ExplainedOrder } from '../../service/lists/orders.ts'
import { money, timeText } from '../view/format.ts'
import type { Words } from '../words/words.ts'
import { reviewLine } from './review-line.ts'
import { actorWord, lastAnswer, numberOf } from './terms.ts'

/** One line. `key`: money or the shop's word; `ok`: a good end; `next`: it will happen. */
export type Entry = Readonly<{
  at: UnixSeconds
  who: string
  mark: 'key' | 'ok' | 'next' | ''
  what: string
  more: string
}>

/** A refund that WeChat accepts this soon after it was sent has no line for the sending. */
const FOLDED_S = 5

/** The lines, newest first. */
export function timeline(found: ExplainedOrder, words: Words, now: UnixSeconds): readonly Entry[] {
  const past = [
    ...found.deliveries.flatMap((delivery) => ofDelivery(delivery, words)),
    ...found.reviews.flatMap((review) => ofReview(review, words)),
    ...found.events
      .filter((event) => !isFolded(event, found.events))
      .map((event) => ofEvent(event, words)),
  ]
  // Within a second the order stays: a webhook or a review follows from an event, and events are newest first.
  return [...ahead(found, words, now), ...past.toSorted((a, b) => b.at - a.at)]
}

/** What will happen next of its own accord. */
function ahead({ view, deliveries }: ExplainedOrder, words: Words, now: UnixSeconds): Entry[] {
  const { event } = words.story
  const { order, refunds } = view
  const live = liveAttempt(view)
  const asked = live === undefined ? undefined : attemptDueAt(live, now)
  const isOpen = order.state === 'created' || order.state === 'paying'
  const next = (at: UnixSeconds | undefined, what: string): Entry[] =>
    at === undefined ? [] : [{ at, who: words.states.actor.system, mark: 'next', what, more: '' }]
  const ahead = [
    ...next(isOpen ? order.expiresAt : undefined, event.willExpire),
    ...next(isOpen ? asked : undefined, event.willAsk),
    ...refunds
      .filter((refund) => !isFinal(refund) && refund.state !== 'abnormal')
      .flatMap((refund) =>
        next(refundDueAt(refund, ofPayment(refunds, refund.transactionId), now), event.willRefund),
      ),
    ...deliveries
      .filter(({ state, tries }) => state === 'pending' && tries > 0)
      .flatMap(({ dueAt, type }) => next(dueAt, event.willSend(type))),
  ]
  return ahead.toSorted((a, b) => b.at - a.at)
}

const isFolded = (event: StoredEvent, all: readonly StoredEvent[]): boolean =>
  event.type === 'refund_started' &&
  all.some(
    ({ type, at, data }) =>
      type === 'refund_accepted' &&
      data['out_refund_no'] === event.data['out_refund_no'] &&
      at - event.at < FOLDED_S,
  )

/** Whose word an event is. WeChat's word about money stays WeChat's, also when another one asked for it. */
const WECHAT_SAYS: readonly string[] = [
  'payment_booked',
  'second_payment_recorded',
  'refund_accepted',
  'refund_succeeded',
  'refund_abnormal',
  'refund_closed',
  'refund_refused',
  'refund_discovered',
]

function ofEvent(event: StoredEvent, words: Words): Entry {
  const { type, actor, at, data } = event
  const [mark, what] = lineOf(event, words.story.event)
  const who = WECHAT_SAYS.includes(type) ? words.states.actor.wechat : actorWord(words, actor)
  return { at, who, mark, what, more: moreOf(data, type, words) }
}

type Line = readonly [mark: Entry['mark'], what: string]

function lineOf({ type, data }: StoredEvent, event: Words['story']['event']): Line {
  const fee = (name: string): string => (typeof data[name] === 'number' ? money(data[name]) : '')
  const number = numberOf(data['out_trade_no'])
  const lines: Readonly<Record<string, () => Line>> = {
    order_registered: () => ['key', event.registered(fee('total_fee'))],
    order_changed: () => ['key', event.changed(fee('total_fee'))],
    order_restated: () => ['', event.restated],
    attempt_opened: () => ['', event.opened(number)],
    attempt_resent: () => ['', event.resent(number)],
    attempt_closing: () => ['', event.closing(number)],
    attempt_closed: () => ['', event.attemptClosed(number)],
    payment_booked: () => ['ok', event.booked(fee('total_fee'))],
    second_payment_recorded: () => ['key', event.second(fee('total_fee'))],
    payment_accepted: () => ['ok', event.accepted],
    payment_restored: () => ['ok', event.restored(fee('total_fee'))],
    order_closed: () => [
      'key',
      data['reason'] === 'expired' ? event.closedExpired : event.closedShop,
    ],
    refund_requested: () => ['key', event.refundRequested(fee('refund_fee'))],
    refund_started: () => ['', event.refundStarted],
    refund_accepted: () => ['', event.refundAccepted],
    refund_succeeded: () => ['ok', event.refundSucceeded(fee('refund_fee'))],
    refund_refused: () => ['key', event.refundRefused],
    refund_given_up: () => ['key', event.refundGivenUp],
    refund_cancelled: () => ['key', event.refundCancelled],
    refund_closed: () => ['key', event.refundClosed],
    refund_abnormal: () => ['key', event.refundAbnormal],
    refund_discovered: () => ['key', event.refundFound(fee('refund_fee'))],
  }
  return lines[type]?.() ?? ['', type]
}

/** Numbers and reasons of an event, below its line. */
function moreOf(data: StoredEvent['data'], type: string, words: Words): string {
  const { more } = words.story
  const reasons: Readonly<Record<string, string>> = more.reason
  const sources: Readonly<Record<string, string>> = more.source
  const text = (name: string): string => {
    const value = data[name]
    return typeof value === 'string' ? value : ''
  }
  const all = [
    type.startsWith('refund_') ? '' : (sources[text('source')] ?? ''),
    text('transaction_id') === '' ? text('out_trade_no') : text('transaction_id'),
    text('out_refund_no'),
    text('refund_id'),
    reasons[text('attempt_reason') === '' ? text('reason') : text('attempt_reason')] ?? '',
    text('err_code'),
    text('err_code_des'),
  ]
  return all.filter((each) => each !== '').join(words.frame.comma)
}

/** A webhook that the shop took, or never took. One that waits is not yet anything that happened. */
function ofDelivery(delivery: ListedDelivery, words: Words): Entry[] {
  const { event, more } = words.story
  const { type, state, triedAt, deliveredAt, tries } = delivery
  const at = deliveredAt ?? triedAt
  if (at === undefined || (state !== 'delivered' && state !== 'given_up')) return []
  const isTaken = state === 'delivered'
  return [
    {
      at,
      who: words.states.actor.shop,
      mark: isTaken ? 'ok' : 'key',
      what: isTaken ? event.webhook(type) : event.webhookGivenUp(type),
      more: more.http(lastAnswer(words, delivery), tries),
    },
  ]
}

function ofReview(review: StoredReview, words: Words): Entry[] {
  const { event } = words.story
  const line = reviewLine(words, review)
  const opened: Entry = {
    at: review.openedAt,
    who: words.states.actor.system,
    mark: 'key',
    what: event.reviewOpened(words.states.review[review.kind]),
    more: line,
  }
  if (review.resolvedAt === undefined) return [opened]
  const who = actorWord(words, review.actor)
  const what = event.reviewResolved(words.states.review[review.kind])
  return [{ at: review.resolvedAt, who, mark: 'ok', what, more: review.note ?? '' }, opened]
}

/** The time of a line: of the day only, where the day stands above it. */
export const entryTime = (entry: Entry, now: UnixSeconds): string => timeText(entry.at, now)
