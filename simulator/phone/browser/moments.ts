/** Which moment of a lesson a message is. */
import type { Message } from '../../conversation/message.ts'
import type { Moment } from '../lessons.ts'

export function momentOf(message: Message): Moment | undefined {
  const { kind, what, lost, fields, checks } = message
  if (kind === 'note') {
    if (what === 'payer_paid') return 'paid'
    return what === 'booked' || what === 'second' ? what : undefined
  }
  if (kind === 'reply') {
    if (what === 'unifiedorder') {
      if (lost === true) return 'unifiedorder_lost'
      return fields['prepay_id'] === undefined ? undefined : 'prepared'
    }
    return what === 'result' && fields['state'] === 'paid' ? 'result_paid' : undefined
  }
  switch (what) {
    case 'pay':
      return 'pay'
    case 'requestPayment':
      return checks.every(({ ok }) => ok) ? 'cashier' : 'refused'
    case 'notice':
      return lost === true ? 'notice_lost' : 'notice'
    case 'orderquery':
      return 'query'
    case 'order.paid':
      return 'told'
    case 'order.closed':
      return 'closed'
    case 'refund':
      return 'refund'
    default:
      return undefined
  }
}
