/** Checks of webhooks and reviews of payments: every fact has one webhook, and every odd payment has a review. */
import type { Evidence } from './evidence.ts'
import { type Check, failures, rows } from './rows.ts'

/** Every paid order has exactly one webhook about its payment, of the right type and revision, which the shop received. */
const paidOrderHasItsWebhook: Check = (evidence) =>
  rows(evidence, 'orders')
    .filter(({ state }) => state === 'paid')
    .flatMap(({ ordercode, transaction_id: transactionId }) => {
      const deliveries = rows(evidence, 'deliveries').filter(
        ({ type, subject }) =>
          (type === 'order.paid' || type === 'payment.returned') && subject === transactionId,
      )
      const [delivery] = deliveries
      if (delivery === undefined) return [`${ordercode} is paid, but has no webhook about it`]
      const received = evidence.received.filter(
        ({ type, data }) =>
          (type === 'order.paid' || type === 'payment.returned') && data.ordercode === ordercode,
      )
      const ids = received.map(({ id }) => id).join()
      const expected = expectedType(evidence, String(ordercode), String(transactionId))
      return failures([
        deliveries.length === 1 || `it has ${deliveries.length} webhooks`,
        expected === undefined ||
          delivery['type'] === expected ||
          `its webhook is ${delivery['type']}, not ${expected}`,
        (delivery['type'] === 'payment.returned') === isReturned(evidence, transactionId) ||
          `its webhook ${delivery['type']} contradicts the payment's row`,
        delivery['revision'] === revisionOfRecording(evidence, ordercode) ||
          'its webhook has a wrong revision',
        !evidence.settings.hasReceiver ||
          ids === delivery['id'] ||
          `the shop received webhooks "${ids}"`,
      ]).map((what) => `${ordercode} is paid, but ${what}`)
    })

/** A late payment that will be refunded must not be announced as paid; a payment in time must. */
function expectedType(
  evidence: Evidence,
  ordercode: string,
  transactionId: string,
): string | undefined {
  if (isLate(evidence, ordercode, transactionId) && evidence.settings.latePayment === 'refund')
    return 'payment.returned'
  // For a payment that the merchant's staff refunded on the merchant platform, both types are right: the type depends on
  // whether the Worker queried WeChat before or after this refund.
  const isByHand = evidence.wechatRefunds.some(
    (each) => each.transactionId === transactionId && each.source === 'VENDOR_PLATFORM',
  )
  return isByHand ? undefined : 'order.paid'
}

const isReturned = (evidence: Evidence, transactionId: unknown): boolean =>
  rows(evidence, 'payments').some(
    (row) => row['transaction_id'] === transactionId && row['returned'] === 1,
  )

/** Whether the payment is late: its order was closed, or the shop had changed the price or the payer by then. */
export function isLate(evidence: Evidence, ordercode: unknown, transactionId: unknown): boolean {
  const order = rows(evidence, 'orders').find((row) => row['ordercode'] === ordercode)
  const payment = rows(evidence, 'payments').find((row) => row['transaction_id'] === transactionId)
  return (
    typesOf(evidence, ordercode).includes('order_closed') ||
    order?.['total_fee'] !== payment?.['total_fee'] ||
    (order?.['openid'] !== null && order?.['openid'] !== payment?.['openid'])
  )
}

const eventsOf = (evidence: Evidence, ordercode: unknown) =>
  rows(evidence, 'events').filter((row) => row['ordercode'] === ordercode)

const typesOf = (evidence: Evidence, ordercode: unknown): string[] =>
  eventsOf(evidence, ordercode).map(({ type }) => String(type))

const revisionOfRecording = (evidence: Evidence, ordercode: unknown): unknown =>
  eventsOf(evidence, ordercode).find(({ type }) => type === 'payment_booked')?.['revision']

/** Checks that every webhook about an order agrees with WeChat's payments and the order's events. */
const webhooksAreTrue: Check = (evidence) =>
  evidence.received.flatMap(({ id, type, data }) => {
    const { ordercode, state, transaction_id: transactionId } = data
    switch (type) {
      case 'order.paid':
      case 'payment.returned': {
        const capture = evidence.captures.find((each) => each.transactionId === transactionId)
        return failures([
          capture !== undefined || `${id}: ${ordercode} was never paid`,
          state === 'paid' || `${id}: its state is ${state}`,
        ])
      }
      case 'order.closed':
        return typesOf(evidence, ordercode).includes('order_closed')
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
  const odd = rows(evidence, 'payments').flatMap((payment) => {
    const { ordercode, transaction_id: transactionId } = payment
    if (payment['further'] === 1) return [`second_payment.${transactionId}`]
    return isLate(evidence, ordercode, transactionId) ? [`late_payment.${transactionId}`] : []
  })
  const opened = reviews.filter((id) => /^(late|second)_payment\./.test(id))
  return [
    ...odd.filter((id) => !reviews.includes(id)).map((id) => `review ${id} is missing`),
    ...opened.filter((id) => !odd.includes(id)).map((id) => `review ${id} has no cause`),
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
  paidOrderHasItsWebhook,
  webhooksAreTrue,
  everyFactIsDelivered,
  oddPaymentsAreReviewed,
  factsHaveOneOpenReview,
}
