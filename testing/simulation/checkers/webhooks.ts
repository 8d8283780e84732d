/** Checks of webhooks and reviews of payments: every fact has one webhook, and every odd payment has a review. */
import type { Evidence } from './evidence.ts'
import { isAccepted, isKeptSince, isUnrecorded, isWhollyReturned } from './losses.ts'
import type { SqlRow } from '../d1/sqlite.ts'
import { type Check, failures, rows } from './rows.ts'

/**
 * Every recorded payment that made its order paid, or goes back, has exactly one webhook about it, of the right type and
 * revision; and the shop received these, and no others about money.
 */
const paymentsHaveTheirWebhooks: Check = (evidence) =>
  rows(evidence, 'orders').flatMap(({ ordercode }) => {
    const booked = eventsOf(evidence, ordercode).filter((event) => isBooking(evidence, event))
    const expected = booked.map((event) => {
      const { transaction_id: id, returned } = dataOf(event)
      return { id: `${returned === 'yes' ? 'payment.returned' : 'order.paid'}.${id}`, event }
    })
    const expectedIds = expected.map(({ id }) => id).sort()
    const received = evidence.received
      .filter(({ type, data }) => MONEY.includes(type) && data.ordercode === ordercode)
      .filter(
        ({ id, firstAtMs }) => expectedIds.includes(id) || !isNoMoreTold(evidence, id, firstAtMs),
      )
      .map(({ id }) => id)
    return failures([
      ...expected.flatMap(({ id, event }) => {
        const delivery = rows(evidence, 'deliveries').find((row) => row['id'] === id)
        return [
          delivery !== undefined || `webhook ${id} is missing`,
          delivery === undefined ||
            delivery['revision'] === event['revision'] ||
            `${id} has a wrong revision`,
          delivery === undefined ||
            id.startsWith(`${delivery['type']}.`) ||
            `${id} has the type ${delivery['type']}`,
          agreesWithPayment(evidence, event) || `${id} contradicts the row of the payment`,
          isRightType(evidence, String(ordercode), event) || `${id} has the wrong type`,
        ]
      }),
      !evidence.settings.hasReceiver ||
        received.sort().join() === expectedIds.join() ||
        `the shop received "${received.join()}" about ${ordercode}, not "${expectedIds.join()}"`,
    ])
  })

/** Whether the event told of a payment. A payment that is accepted after a restore for a paid order is a second one. */
const isBooking = (evidence: Evidence, event: SqlRow): boolean => {
  if (event['type'] !== 'payment_restored') return event['type'] === 'payment_booked'
  return !rows(evidence, 'reviews').some(
    ({ id }) => id === `second_payment.${String(dataOf(event)['transaction_id'])}`,
  )
}

const MONEY = ['order.paid', 'payment.returned']

/**
 * Whether a restore lost what the webhook told, and it is not told so any more: the payment stands under a review, has gone back,
 * is the second payment of its order by now, or was accepted by a person although the lost records returned it.
 */
const isNoMoreTold = (evidence: Evidence, id: string, atMs: number): boolean => {
  const transactionId = String(id.split('.').at(-1))
  const isSecond = rows(evidence, 'reviews').some(
    (review) => review['id'] === `second_payment.${transactionId}`,
  )
  return (
    evidence.restores.hasLost(atMs) &&
    (isSecond ||
      isAccepted(evidence, transactionId) ||
      isKeptSince(evidence, transactionId) ||
      isUnrecorded(evidence, transactionId) ||
      isWhollyReturned(evidence, transactionId))
  )
}

const dataOf = (event: SqlRow): Readonly<Record<string, unknown>> =>
  JSON.parse(String(event['data'])) as Record<string, unknown>

/** Whether the event and the row say the same of the payment: that it goes back, unless the operator has kept it since. */
function agreesWithPayment(evidence: Evidence, event: SqlRow): boolean {
  const { transaction_id: id, returned } = dataOf(event)
  const isKept = eventsOf(evidence, event['ordercode']).some(
    (each) => each['type'] === 'payment_accepted' && dataOf(each)['transaction_id'] === id,
  )
  const row = rows(evidence, 'payments').find((each) => each['transaction_id'] === id)
  return row?.['returned'] === (returned === 'yes' && !isKept ? 1 : 0)
}

/** A late payment that will be refunded must not be announced as paid; a payment in time must. */
function isRightType(evidence: Evidence, ordercode: string, event: SqlRow): boolean {
  const { transaction_id: transactionId, returned } = dataOf(event)
  const isAnnouncedAsReturned = returned === 'yes'
  // For a payment that the merchant's staff refunded on the merchant platform, both types are right: the type depends on
  // whether the Worker queried WeChat before or after this refund.
  const isByHand = evidence.wechatRefunds.some(
    (each) => each.transactionId === transactionId && each.source === 'VENDOR_PLATFORM',
  )
  // If a restore lost that a payment was recorded, and it wholly went back before it was recorded again, its return is the first
  // that the Worker hears of it.
  const isLostAndReturned =
    evidence.restores.list.some(({ atMs }) => Number(event['at']) * 1_000 >= atMs - 1_000) &&
    isWhollyReturned(evidence, String(transactionId))
  const late = isLate(evidence, ordercode, transactionId)
  if (isByHand || isLostAndReturned || late === undefined) return true
  const { latePayment } = evidence.settings
  if (late && latePayment === 'either') return true
  return isAnnouncedAsReturned === (late && latePayment === 'refund')
}

/**
 * Whether the payment was late when it was recorded: its order was closed, or the shop had changed the price or the payer
 * by then.
 *
 * @returns undefined when the rows do not tell: the shop has changed the order since, and events do not name the payer.
 */
export function isLate(
  evidence: Evidence,
  ordercode: unknown,
  transactionId: unknown,
): boolean | undefined {
  const events = eventsOf(evidence, ordercode)
  const booking = events.find(
    (event) =>
      event['type'] === 'payment_booked' && dataOf(event)['transaction_id'] === transactionId,
  )
  if (isAccepted(evidence, transactionId)) return undefined
  const payment = rows(evidence, 'payments').find((row) => row['transaction_id'] === transactionId)
  const order = rows(evidence, 'orders').find((row) => row['ordercode'] === ordercode)
  const revision = Number(booking?.['revision'] ?? Infinity)
  const before = events.filter((event) => Number(event['revision']) < revision)
  if (before.some(({ type }) => type === 'order_closed')) return true
  const prices = before.filter(
    ({ type }) => type === 'order_registered' || type === 'order_changed',
  )
  if (prices.map(dataOf).at(-1)?.['total_fee'] !== payment?.['total_fee']) return true
  const isOtherPayer = order?.['openid'] !== null && order?.['openid'] !== payment?.['openid']
  const changedSince = events.some(
    (event) => event['type'] === 'order_changed' && Number(event['revision']) > revision,
  )
  return changedSince && isOtherPayer ? undefined : isOtherPayer
}

const eventsOf = (evidence: Evidence, ordercode: unknown) =>
  rows(evidence, 'events').filter((row) => row['ordercode'] === ordercode)

const typesOf = (evidence: Evidence, ordercode: unknown): string[] =>
  eventsOf(evidence, ordercode).map(({ type }) => String(type))

/** Checks that every webhook about an order agrees with WeChat's payments and the order's events. */
const webhooksAreTrue: Check = (evidence) =>
  evidence.received.flatMap(({ id, type, data, firstAtMs }) => {
    const { ordercode, state, transaction_id: transactionId } = data
    const isOf = (of: unknown): boolean =>
      evidence.captures.some((each) => each.transactionId === of)
    switch (type) {
      case 'order.paid':
        return failures([
          isOf(transactionId) || `${id}: ${ordercode} was never paid`,
          state === 'paid' || `${id}: its state is ${state}`,
        ])
      case 'payment.returned':
        return isOf(id.slice(`${type}.`.length)) ? [] : [`${id}: ${ordercode} was never paid`]
      case 'order.closed':
        return typesOf(evidence, ordercode).includes('order_closed') ||
          evidence.restores.hasLost(firstAtMs)
          ? []
          : [`${id}: ${ordercode} was never closed`]
      default:
        return []
    }
  })

/** Every closed order and every review, except those about a webhook itself, has a webhook, and all webhooks were delivered. */
const everyFactIsDelivered: Check = (evidence) => {
  const ids = rows(evidence, 'deliveries').map(({ id }) => id)
  const closed = rows(evidence, 'events')
    .filter(({ type }) => type === 'order_closed')
    .map(({ ordercode }) => `order.closed.${ordercode}`)
  const reviews = rows(evidence, 'reviews')
    .filter(({ kind }) => kind !== 'webhook_given_up')
    .map(({ id }) => `review.opened.${id}`)
  const expected = [...closed, ...reviews]
  const received = evidence.received.map(({ id }) => id)
  return [
    ...expected.filter((id) => !ids.includes(id)).map((id) => `webhook ${id} is missing`),
    ...rows(evidence, 'deliveries')
      .filter(({ state }) => state !== (evidence.settings.hasReceiver ? 'delivered' : 'no_target'))
      .map(({ id, state }) => `webhook ${id} is ${state}`),
    ...rows(evidence, 'deliveries')
      .filter(({ id, state }) => state === 'delivered' && !received.includes(String(id)))
      .map(({ id }) => `webhook ${id} is delivered, but the shop has not received it`),
  ]
}

/** Each late payment and each second payment has a review, and no other payment has. */
const oddPaymentsAreReviewed: Check = (evidence) => {
  const reviews = rows(evidence, 'reviews').map(({ id }) => String(id))
  const odd = rows(evidence, 'events').flatMap((event) => {
    const { ordercode, type } = event
    const { transaction_id: transactionId } = dataOf(event)
    if (
      type === 'second_payment_recorded' ||
      (type === 'payment_restored' && !isBooking(evidence, event))
    ) {
      return [{ id: `second_payment.${transactionId}`, isSure: true }]
    }
    if (type !== 'payment_booked') return []
    const late = isLate(evidence, ordercode, transactionId)
    return late === false ? [] : [{ id: `late_payment.${transactionId}`, isSure: late === true }]
  })
  const opened = reviews.filter((id) => /^(late|second)_payment\./.test(id))
  return [
    ...odd
      .filter(({ id, isSure }) => isSure && !reviews.includes(id))
      .map(({ id }) => `review ${id} is missing`),
    ...opened
      .filter((id) => !odd.some((each) => each.id === id))
      .map((id) => `review ${id} has no cause`),
  ]
}

/** No fact has two open reviews, however many it has had. */
const factsHaveOneOpenReview: Check = (evidence) => {
  const open = rows(evidence, 'reviews')
    .filter((row) => row['resolved_at'] === null)
    .map(({ kind, subject }) => `${kind} of ${subject}`)
  const twice = open.filter((fact, at) => open.indexOf(fact) !== at)
  return twice.map((fact) => `${fact} has two open reviews`)
}

/** All checks about webhooks, by name. */
export const WEBHOOK_CHECKS = {
  paymentsHaveTheirWebhooks,
  webhooksAreTrue,
  everyFactIsDelivered,
  oddPaymentsAreReviewed,
  factsHaveOneOpenReview,
}
