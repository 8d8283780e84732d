/** What stands beside the timeline of an order: money, refunds, webhooks, attempts, reviews and numbers. */
import type { BookedPayment } from '../../core/order/payment.ts'
import { leftOf, ofPayment, refundedFee, refundingFee } from '../../core/order/refund.ts'
import type { Refund } from '../../core/order/refund.ts'
import type { ListedDelivery } from '../../ports/delivery-store.ts'
import type { ExplainedOrder } from '../../service/lists/orders.ts'
import type { Visit } from '../http/visit.ts'
import { reviewLine } from '../story/review-line.ts'
import { actorWord, lastAnswer } from '../story/terms.ts'
import { attemptBadge, deliveryBadge, refundBadge, reviewBadge } from '../view/badges.ts'
import { copyButton } from '../view/copy.ts'
import { shortOpenid, timeText, yuan } from '../view/format.ts'
import { markup, type Markup } from '../view/markup.ts'
import { reviewPath } from '../view/paths.ts'
import { card, facts } from '../view/table.ts'
import { resendForm } from './resend-form.ts'
import { triesFold } from './tries.ts'

/** A longer number or text has a line for itself. */
const SHORT_CHARS = 20

/** All cards of the side, those without content left out. */
export const aside = (visit: Visit, found: ExplainedOrder): readonly (Markup | false)[] => [
  moneyCard(visit, found),
  reviewsCard(visit, found),
  refundsCard(visit, found),
  webhooksCard(visit, found),
  attemptsCard(visit, found),
  numbersCard(visit, found),
]

function moneyCard({ words }: Visit, { view }: ExplainedOrder): Markup {
  const { orders } = words
  const { order, payments, refunds } = view
  if (payments.length === 0) {
    const price = facts([[orders.price, yuan(order.terms.totalFee), 'num']])
    return card('money', orders.money, price)
  }
  const parts = payments.map((payment, at) => {
    const name =
      payments.length > 1 &&
      markup`<p class="pad dim small">${orders.ofSecond(at + 1)} <span class="mono">${payment.transactionId}</span></p>`
    return markup`${name}${paymentFacts(words, payment, ofPayment(refunds, payment.transactionId))}`
  })
  return card('money', orders.money, parts)
}

function paymentFacts(
  { orders }: Visit['words'],
  payment: BookedPayment,
  refunds: readonly Refund[],
): Markup {
  const { totalFee, cashFee, returned } = payment
  const moving = refundingFee(refunds)
  return facts([
    [orders.paidFee, yuan(totalFee), 'num'],
    ...(cashFee === undefined || cashFee === totalFee
      ? []
      : ([[orders.cashFee, yuan(cashFee), 'num']] as const)),
    ...(returned ? ([['', orders.returnedPayment]] as const) : []),
    [orders.refundedFee, yuan(refundedFee(refunds)), 'num'],
    ...(moving === 0 ? [] : ([[orders.refundingFee, yuan(0 - moving), 'num']] as const)),
    [orders.left, yuan(leftOf(payment, refunds)), 'num total'],
  ])
}

function refundsCard({ words, now }: Visit, { view }: ExplainedOrder): Markup | false {
  const { orders } = words
  if (view.refunds.length === 0) return false
  const items = view.refunds.toReversed().map((refund) => {
    const who = actorWord(words, refund.actor ?? 'shop')
    const when =
      refund.acceptedAt === undefined
        ? orders.waitsSince(timeText(refund.requestedAt, now))
        : orders.acceptedAt(timeText(refund.acceptedAt, now))
    const said = [refund.errCode, refund.errCodeDes].filter((each) => each !== undefined)
    const more = [
      refund.reason,
      refund.receivedBy === undefined ? undefined : orders.receivedBy(refund.receivedBy),
      said.length === 0 ? undefined : said.join(' '),
    ].filter((each) => each !== undefined)
    return markup`<li><div class="row"><span class="mono wrap small">${refund.outRefundNo}</span><b>${yuan(refund.refundFee)}</b></div><div class="row small dim"><span>${orders.askedBy(who)}${words.frame.comma}${when}</span>${refundBadge(words, refund.state)}</div>${more.map((each) => markup`<div class="small dim wrap">${each}</div>`)}</li>`
  })
  return card('refunds', orders.refunds, markup`<ul class="mini">${items}</ul>`)
}

function webhooksCard(visit: Visit, { deliveries }: ExplainedOrder): Markup | false {
  const { words } = visit
  if (deliveries.length === 0) return false
  const items = deliveries.map(
    (delivery) =>
      markup`<li><div class="row"><span class="mono">${delivery.type}</span>${deliveryBadge(words, delivery.state)}${resendForm(visit, delivery)}</div><div class="small dim">${triesLine(visit, delivery)}</div>${triesFold(visit, delivery)}</li>`,
  )
  return card('webhooks', words.orders.webhooks, markup`<ul class="mini">${items}</ul>`)
}

function triesLine({ words, now }: Visit, delivery: ListedDelivery): string {
  const { comma } = words.frame
  const { triedAt, tries, createdAt } = delivery
  if (triedAt === undefined) return timeText(createdAt, now)
  return [timeText(triedAt, now), words.orders.tries(tries), lastAnswer(words, delivery)].join(
    comma,
  )
}

function attemptsCard({ words, now }: Visit, { view }: ExplainedOrder): Markup | false {
  const { orders, story, frame } = words
  if (view.attempts.length === 0) return false
  const items = view.attempts.toReversed().map(({ number, state, terms, outTradeNo }) => {
    const until =
      state === 'open' &&
      markup`${frame.comma}${story.more.validUntil(timeText(terms.timeExpire, now))}`
    return markup`<li><div class="row"><span>${orders.attemptN(number)}</span>${attemptBadge(words, state)}<b>${yuan(terms.totalFee)}</b></div><div class="small dim wrap"><span class="mono">${outTradeNo}</span>${frame.comma}${shortOpenid(terms.openid)}${until}</div></li>`
  })
  return card('attempts', orders.attempts, markup`<ul class="mini">${items}</ul>`)
}

function reviewsCard({ words, now }: Visit, { reviews }: ExplainedOrder): Markup | false {
  if (reviews.length === 0) return false
  const items = reviews
    .toReversed()
    .map(
      (review) =>
        markup`<li><div class="row">${reviewBadge(words, review)}<span class="small dim">${timeText(review.openedAt, now)}</span></div><div><a href="${reviewPath(review.id)}">${reviewLine(words, review)}</a></div></li>`,
    )
  return card('reviews', words.orders.reviews, markup`<ul class="mini">${items}</ul>`)
}

function numbersCard({ words, now }: Visit, { view }: ExplainedOrder): Markup {
  const { orders } = words
  const { order, payments } = view
  const first = payments.find(({ transactionId }) => transactionId === order.transactionId)
  const { terms } = order
  const payer = first?.openid ?? terms.openid
  const optional: readonly (readonly [string, string | undefined])[] = [
    [orders.payer, payer === undefined ? undefined : shortOpenid(payer)],
    [orders.bank, first?.bankType],
    ['attach', terms.attach],
    ['detail', terms.detail],
    ['goods_tag', terms.goodsTag],
    ['limit_pay', terms.limitPay],
  ]
  return card(
    'numbers',
    orders.numbers,
    facts([
      ...(order.transactionId === undefined
        ? []
        : [
            [
              orders.transactionId,
              markup`${order.transactionId}${copyButton(words, orders.transactionId, order.transactionId)}`,
              'mono long',
            ] as const,
          ]),
      ...optional.flatMap(([name, value]) =>
        value === undefined
          ? []
          : [[name, value, value.length > SHORT_CHARS ? 'mono long' : 'mono'] as const],
      ),
      [orders.createdAt, timeText(order.createdAt, now)],
      [orders.expiresAt, timeText(order.expiresAt, now)],
    ]),
  )
}
