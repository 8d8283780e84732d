/** What a person has typed into the form of a refund, checked. */
import { parseTransactionId } from '../../core/ids.ts'
import { type Fen, toFen } from '../../core/money.ts'
import type { OrderView } from '../../core/order/order.ts'
import type { BookedPayment } from '../../core/order/payment.ts'
import { leftOf, ofPayment, parseOutRefundNo } from '../../core/order/refund.ts'
import type { OutRefundNo, RefundAccount } from '../../core/order/refund.ts'
import { isPlainText, utf8Length } from '../../lib/text.ts'
import { money, parseYuan } from '../view/format.ts'
import type { Words } from '../words/words.ts'

/** WeChat's limit of a reason, in bytes of UTF-8. */
const REASON_BYTES_MAX = 80

/** The fields as they were typed. */
export type RefundTyped = Readonly<{
  fee: string
  reason: string
  payment: string
  account: string
  number: string
}>

/** A refund that can be asked for, and what is left of its payment without it. */
export type RefundChecked = Readonly<{
  payment: BookedPayment
  left: Fen
  fee: Fen
  reason: string | undefined
  account: RefundAccount
  outRefundNo: OutRefundNo
}>

/** What is wrong, by field. */
export type RefundErrors = Readonly<{ fee?: string; reason?: string }>

/** Reads the fields of an address or of a form. */
export const typedIn = (fields: URLSearchParams): RefundTyped => {
  const text = (name: string): string => fields.get(name) ?? ''
  return {
    fee: text('fee').trim(),
    reason: text('reason').trim(),
    payment: text('payment'),
    account: text('account'),
    number: text('number'),
  }
}

/** The payment that is meant: the one that is named, else the first one of which something is left. */
export const paymentIn = (
  { payments, refunds }: OrderView,
  named: string,
): BookedPayment | undefined =>
  payments.find(({ transactionId }) => transactionId === parseTransactionId(named)) ??
  payments.find((each) => leftOf(each, ofPayment(refunds, each.transactionId)) > 0) ??
  payments[0]

/**
 * The number of the next refund of an order. It is in the form from the first step on: pressed twice, the form asks for
 * one refund, and of two people with different amounts the second is refused.
 */
export function nextNumber({ order, refunds }: OrderView): string {
  const used = new Set<string>(refunds.map(({ outRefundNo }) => outRefundNo))
  let n = refunds.length + 1
  while (used.has(`${order.ordercode}-${n}`)) n++
  return `${order.ordercode}-${n}`
}

/** The number that a form brings, if it is one that {@link nextNumber} makes; otherwise the next one. */
const numberIn = (view: OrderView, typed: string): string => {
  const prefix = `${view.order.ordercode}-`
  const isOurs = typed.startsWith(prefix) && /^[1-9]\d{0,3}$/.test(typed.slice(prefix.length))
  return isOurs ? typed : nextNumber(view)
}

/** Checks the fields against the order as it is now. */
export function checkRefund(
  view: OrderView,
  typed: RefundTyped,
  words: Words,
): RefundChecked | RefundErrors {
  const { refunds } = words
  const payment = paymentIn(view, typed.payment)
  if (payment === undefined) return { fee: words.orders.notPaid }
  const left = leftOf(payment, ofPayment(view.refunds, payment.transactionId))
  const fee = parseYuan(typed.fee)
  const outRefundNo = parseOutRefundNo(numberIn(view, typed.number))
  const isKnown = view.refunds.some((each) => each.outRefundNo === outRefundNo)
  const isReason = isPlainText(typed.reason) && utf8Length(typed.reason) <= REASON_BYTES_MAX
  const errors = {
    ...(fee === undefined || fee === 0 || outRefundNo === undefined
      ? { fee: refunds.invalidAmount }
      : // The service decides about a number that is known: it may be this very refund.
        fee > left && !isKnown
        ? { fee: refunds.tooMuch(money(left)) }
        : {}),
    ...(isReason ? {} : { reason: refunds.invalidReason }),
  }
  if (fee === undefined || outRefundNo === undefined || 'fee' in errors || 'reason' in errors) {
    return errors
  }
  return {
    payment,
    left,
    fee: toFen(fee),
    reason: typed.reason === '' ? undefined : typed.reason,
    account: typed.account === 'available' ? 'available' : 'unsettled',
    outRefundNo,
  }
}
