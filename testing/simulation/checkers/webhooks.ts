/** Who was told: the shop of what is paid, a person of what is odd. */
import type { Evidence } from './evidence.ts'
import { failures, type Check, rows } from './rows.ts'

/** Every payment that made an order paid reached the shop at least once, under one id, in one meaning. */
const paidOrderHasItsWebhook: Check = (evidence) =>
  rows(evidence, 'orders')
    .filter(({ state }) => state === 'paid')
    .flatMap(({ ordercode, transaction_id: transactionId }) => {
      const told = rows(evidence, 'deliveries').filter(
        ({ type, subject }) =>
          (type === 'order.paid' || type === 'payment.returned') && subject === transactionId,
      )
      const [delivery] = told
      if (delivery === undefined) return [`${ordercode} is paid, and no webhook is to say so`]
      const heard = evidence.received.filter(
        ({ type, data }) =>
          (type === 'order.paid' || type === 'payment.returned') && data.ordercode === ordercode,
      )
      const ids = heard.map(({ id }) => id).join()
      const expected = expectedType(evidence, String(ordercode), String(transactionId))
      return failures([
        told.length === 1 || `has ${told.length} webhooks`,
        expected === undefined || delivery['type'] === expected || `is told by ${delivery['type']}`,
        (delivery['type'] === 'payment.returned') === isReturned(evidence, transactionId) ||
          `is told by ${delivery['type']}, unlike the books`,
        delivery['revision'] === revisionOfBooking(evidence, ordercode) || 'with a wrong revision',
        !evidence.settings.hasReceiver || ids === delivery['id'] || `reached the shop as "${ids}"`,
      ]).map((what) => `${ordercode} is paid, and ${what}`)
    })

/** A late payment that is to go back must not be shipped; a payment in time must. */
function expectedType(
  evidence: Evidence,
  ordercode: string,
  transactionId: string,
): string | undefined {
  if (isLate(evidence, ordercode, transactionId) && evidence.settings.latePayment === 'refund')
    return 'payment.returned'
  // Given back by hand: what we were told first depends on when we asked.
  const isByHand = evidence.wechatRefunds.some(
    (each) => each.transactionId === transactionId && each.source === 'VENDOR_PLATFORM',
  )
  return isByHand ? undefined : 'order.paid'
}

const isReturned = (evidence: Evidence, transactionId: unknown): boolean =>
  rows(evidence, 'payments').some(
    (row) => row['transaction_id'] === transactionId && row['returned'] === 1,
  )

/** For an order that was closed, or that the shop had given another price or another payer by then. */
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

const revisionOfBooking = (evidence: Evidence, ordercode: unknown): unknown =>
  eventsOf(evidence, ordercode).find(({ type }) => type === 'payment_booked')?.['revision']

/** Nothing is told that is not so. */
const webhooksAreTrue: Check = (evidence) =>
  evidence.received.flatMap(({ id, type, data }) => {
    const { ordercode, state, transaction_id: transactionId } = data
    switch (type) {
      case 'order.paid':
      case 'payment.returned': {
        const capture = evidence.captures.find((each) => each.transactionId === transactionId)
        return failures([
          capture !== undefined || `${id}: nobody paid ${ordercode}`,
          state === 'paid' || `${id}: says ${state}`,
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

/** What became true was told: closed orders, and every review but the one about a webhook itself. */
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
    ...expected.filter((id) => !ids.includes(id)).map((id) => `no webhook ${id}`),
    ...rows(evidence, 'deliveries')
      .filter(({ state }) => state !== (evidence.settings.hasReceiver ? 'delivered' : 'no_target'))
      .map(({ id, state }) => `webhook ${id} is ${state}`),
    ...rows(evidence, 'deliveries')
      .filter(({ id, state }) => state === 'delivered' && !received.includes(String(id)))
      .map(({ id }) => `webhook ${id} is delivered, and nobody received it`),
  ]
}

/** A person gets to see each late and each second payment, and only those. */
const oddPaymentsAreReviewed: Check = (evidence) => {
  const reviews = rows(evidence, 'reviews').map(({ id }) => String(id))
  const odd = rows(evidence, 'payments').flatMap((payment) => {
    const { ordercode, transaction_id: transactionId } = payment
    if (payment['further'] === 1) return [`second_payment.${transactionId}`]
    return isLate(evidence, ordercode, transactionId) ? [`late_payment.${transactionId}`] : []
  })
  const opened = reviews.filter((id) => /^(late|second)_payment\./.test(id))
  return [
    ...odd.filter((id) => !reviews.includes(id)).map((id) => `no review ${id}`),
    ...opened.filter((id) => !odd.includes(id)).map((id) => `review ${id} is about nothing`),
  ]
}

export const WEBHOOK_CHECKS = {
  paidOrderHasItsWebhook,
  webhooksAreTrue,
  everyFactIsDelivered,
  oddPaymentsAreReviewed,
}
