/** Why an order is in its state, in three sentences. Pure: it reads what the page has loaded. */
import { attemptDueAt, nextQueryAfterCloseAt } from '../../core/order/schedule.ts'
import { liveAttempt } from '../../core/order/order.ts'
import type { Attempt } from '../../core/order/attempt.ts'
import { isFinal, ofPayment, refundedFee, refundingFee } from '../../core/order/refund.ts'
import type { Refund } from '../../core/order/refund.ts'
import { refundDueAt } from '../../core/order/refund-schedule.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { ListedDelivery } from '../../ports/delivery-store.ts'
import type { StoredEvent } from '../../ports/order-store.ts'
import type { ExplainedOrder } from '../../service/lists/orders.ts'
import { money, shortOpenid, timeText } from '../view/format.ts'
import type { Words } from '../words/words.ts'
import { actorWord, lastAnswer, numberOf } from './terms.ts'

/** What the three sentences say. `bad`: a person is needed; `wait`: something is under way. */
export type Explanation = Readonly<{
  tone: 'ok' | 'wait' | 'bad'
  now: string
  because: readonly string[]
  next: readonly string[]
}>

/** Explains the state of an order. */
export function explain(found: ExplainedOrder, words: Words, now: UnixSeconds): Explanation {
  const { state } = found.view.order
  const part =
    state === 'paid'
      ? explainPaid(found, words, now)
      : state === 'closed'
        ? explainClosed(found, words, now)
        : explainUnpaid(found, words, now)
  const { reviews, deliveries } = found
  const { because, next } = words.story
  const isOpen = reviews.some(({ resolvedAt }) => resolvedAt === undefined)
  const refunds = explainRefunds(found, words, now)
  const webhooks = explainWebhooks(deliveries, words, now)
  const isBad = isOpen || refunds.isBad || webhooks.isBad
  const steps = [
    ...part.next,
    ...refunds.next,
    ...webhooks.next,
    ...(isOpen ? [next.person] : isBad ? [] : [next.nothing]),
  ]
  return {
    tone: isBad
      ? 'bad'
      : part.next.length + refunds.next.length + webhooks.next.length > 0
        ? 'wait'
        : 'ok',
    now: part.now,
    because: [
      ...part.because,
      ...refunds.because,
      ...webhooks.because,
      ...(isOpen ? [because.review] : []),
    ],
    next: steps,
  }
}

type Part = Readonly<{ now: string; because: readonly string[]; next: readonly string[] }>

function explainUnpaid({ view, events }: ExplainedOrder, words: Words, at: UnixSeconds): Part {
  const { now, because, next } = words.story
  const { order } = view
  const text = (time: UnixSeconds): string => timeText(time, at)
  const isExpired = order.expiresAt <= at
  const expires = isExpired ? next.closesSoon : next.expires(text(order.expiresAt))
  const returned = returnedSentences({ view }, words)
  const attempt = liveAttempt(view) ?? view.attempts.at(-1)
  if (attempt === undefined) {
    const registered = because.registered(text(order.createdAt))
    return { now: isExpired ? now.expired : now.created, because: [registered], next: [expires] }
  }
  const opened = events.find(
    ({ type, data }) => type === 'attempt_opened' && data['out_trade_no'] === attempt.outTradeNo,
  )
  const { number, terms, answeredAt, state } = attempt
  const isUnanswered = answeredAt === undefined && attempt.prepayId === undefined
  const asks = attemptDueAt(attempt, at)
  return {
    now:
      state === 'closing'
        ? now.closing(number)
        : isExpired
          ? now.expired
          : isUnanswered
            ? now.payingUnanswered
            : now.paying,
    because: [
      because.opened(number, text(opened?.at ?? terms.timeStart), shortOpenid(terms.openid)),
      state === 'closing' ? because.takeover : isUnanswered ? because.noAnswer : because.prepay,
      ...returned,
    ],
    next: [...(asks === undefined || isExpired ? [] : [next.asks(text(asks))]), expires],
  }
}

function explainClosed({ view, events }: ExplainedOrder, words: Words, at: UnixSeconds): Part {
  const { now, because, next } = words.story
  const text = (time: UnixSeconds): string => timeText(time, at)
  const closing = events.find(({ type }) => type === 'order_closed')
  const isExpired = closing?.data['reason'] === 'expired'
  const { order, attempts } = view
  const closed = closing?.at ?? order.closedAt ?? at
  const again = attempts
    .flatMap((attempt) => askedAgainAt(attempt, at) ?? [])
    .sort((a, b) => a - b)[0]
  return {
    now: closing === undefined ? now.closed : isExpired ? now.expiredClosed : now.shopClosed,
    because: [
      isExpired
        ? because.expired(text(order.expiresAt))
        : because.askedToClose(text(closed), actorWord(words, closing?.actor ?? 'shop')),
      attempts.length === 0 ? because.neverTried : because.attemptsOver,
      ...returnedSentences({ view }, words),
    ],
    next: again === undefined ? [] : [next.askedOnceMore(text(again))],
  }
}

const askedAgainAt = ({ state, closedAt }: Attempt, now: UnixSeconds): UnixSeconds | undefined =>
  state === 'closed' && closedAt !== undefined ? nextQueryAfterCloseAt(closedAt, now) : undefined

function explainPaid({ view, events }: ExplainedOrder, words: Words, at: UnixSeconds): Part {
  const { now, because } = words.story
  const { order, payments, refunds } = view
  const first = payments.find(({ transactionId }) => transactionId === order.transactionId)
  const booked = events.find(
    ({ type, data }) => type === 'payment_booked' && data['transaction_id'] === order.transactionId,
  )
  const others = payments.filter((each) => each !== first)
  const closed = events.find(({ type }) => type === 'order_closed')
  const paidFee = first?.totalFee ?? order.terms.totalFee
  return {
    now: nowPaid(paidFee, first === undefined ? [] : ofPayment(refunds, first.transactionId), now),
    because: [
      ...(booked === undefined ? [] : bookedSentences(booked, paidFee, words, at)),
      ...(closed === undefined || (booked !== undefined && closed.at > booked.at)
        ? []
        : [because.late(timeText(closed.at, at))]),
      ...others.map(({ transactionId, totalFee }) =>
        because.second(transactionId, money(totalFee)),
      ),
    ],
    next: [],
  }
}

function nowPaid(paid: number, refunds: readonly Refund[], now: Words['story']['now']): string {
  const stuck = refunds.find(({ state }) => state === 'abnormal')
  const waiting = refunds.find(({ state }) => state === 'requested')
  const [back, moving] = [refundedFee(refunds), refundingFee(refunds)]
  if (stuck !== undefined) return now.refundStuck(money(stuck.refundFee))
  if (waiting !== undefined) return now.refundWaits(money(waiting.refundFee))
  if (moving > 0) return now.refunding(money(moving))
  if (back >= paid) return now.full
  return back > 0 ? now.part(money(back)) : now.paid
}

/** How the payment became known, and that no notice had told it. */
function bookedSentences(
  { at: bookedAt, actor, data }: StoredEvent,
  fee: number,
  words: Words,
  now: UnixSeconds,
): readonly string[] {
  const { because, by } = words.story
  const at = timeText(bookedAt, now)
  const number = numberOf(data['out_trade_no'])
  switch (data['source']) {
    case 'notice':
      return [because.byNotice(at, money(fee), number)]
    case 'bill':
      return [because.byBill(at, money(fee))]
    case 'operator':
      return [because.byOperator(at, money(fee), actorWord(words, actor))]
    default: {
      const who = actor === 'system' || actor === 'payer' || actor === 'shop' ? actor : 'person'
      const said = because.byQuery(at, money(fee), number)
      // A notice that is confirmed by a query has come all the same.
      return actor === 'wechat' ? [said] : [said, because.noNotice(by[who])]
    }
  }
}

const returnedSentences = (
  { view }: Pick<ExplainedOrder, 'view'>,
  words: Words,
): readonly string[] =>
  view.payments
    .filter(({ returned }) => returned)
    .map(({ totalFee }) => words.story.because.returned(money(totalFee)))

type More = Readonly<{ because: readonly string[]; next: readonly string[]; isBad: boolean }>

/** What is told of the refunds: those that are moving, and the last one if it failed. */
function explainRefunds({ view }: ExplainedOrder, words: Words, at: UnixSeconds): More {
  const { because, next } = words.story
  const moving = view.refunds.filter((refund) => !isFinal(refund))
  const last = view.refunds.at(-1)
  const hasFailed = last !== undefined && (last.state === 'refused' || last.state === 'closed')
  const said = moving.map((refund) => {
    if (refund.state === 'abnormal') return because.refundStuck
    return refund.state === 'processing'
      ? because.refundAccepted(timeText(refund.acceptedAt ?? refund.requestedAt, at))
      : because.refundRequested(timeText(refund.requestedAt, at), refund.errCodeDes ?? '')
  })
  const steps = moving.flatMap((refund) => {
    if (refund.state === 'abnormal') return [next.platform]
    const due = refundDueAt(refund, ofPayment(view.refunds, refund.transactionId), at)
    if (due === undefined) return []
    const time = timeText(due, at)
    return [refund.state === 'processing' ? next.refundAsked(time) : next.refundSent(time)]
  })
  return {
    because: hasFailed
      ? [...said, because.refundFailed(money(last.refundFee), last.errCodeDes ?? '')]
      : said,
    next: steps,
    isBad: moving.some(({ state }) => state === 'abnormal'),
  }
}

/** What is told of the webhooks: only those that the shop has not taken. */
function explainWebhooks(
  deliveries: readonly ListedDelivery[],
  words: Words,
  at: UnixSeconds,
): More {
  const { because, next } = words.story
  const waiting = deliveries.find(({ state, tries }) => state === 'pending' && tries > 0)
  const isGivenUp = deliveries.some(({ state }) => state === 'given_up')
  const due = waiting?.dueAt
  return {
    because: [
      ...(waiting === undefined
        ? []
        : [because.webhookWaits(waiting.tries, lastAnswer(words, waiting))]),
      ...(isGivenUp ? [because.webhookGivenUp] : []),
    ],
    next: [
      ...(due === undefined ? [] : [next.webhook(timeText(due, at))]),
      ...(isGivenUp ? [next.resend] : []),
    ],
    isBad: isGivenUp,
  }
}
