/** Refunding, sending a refund again, and calling one off. */
import { type OutRefundNo, parseOutRefundNo } from '../../core/order/refund.ts'
import { decodedParam } from '../../routes/http/input.ts'
import { readExplainedOrder } from '../../service/lists/orders.ts'
import { cancelRefund } from '../../service/refund/cancel-refund.ts'
import { type RefundError, requestRefund } from '../../service/refund/request-refund.ts'
import { redirect } from '../http/reply.ts'
import type { ActionHandler, Page, Visit } from '../http/visit.ts'
import { noOrder } from '../pages/order.ts'
import { checkRefund, typedIn } from '../parts/refund-input.ts'
import { refundForm } from '../pages/refund.ts'
import { money } from '../view/format.ts'
import { orderPath, withDone } from '../view/paths.ts'
import type { Words } from '../words/words.ts'
import { ordercodeOf, orderWith } from './order.ts'

/** `POST /console/orders/{ordercode}/refund`. */
export const refund: ActionHandler = async (visit, form) => {
  const ordercode = ordercodeOf(visit)
  const found = await readExplainedOrder(visit.deps, ordercode)
  if (found === undefined) return noOrder(visit)
  const typed = typedIn(form)
  const checked = checkRefund(found.view, typed, visit.words)
  if (!('payment' in checked)) return refundForm(visit, found.view, typed, checked)
  const { outRefundNo, fee, reason, account, payment } = checked
  const { transactionId } = payment
  const wanted = { outRefundNo, refundFee: fee, reason, account, transactionId }
  const requested = await requestRefund(visit.deps, ordercode, wanted, 'operator')
  return requested.ok
    ? redirect(withDone(orderPath(ordercode), `refund_${requested.value.refund.state}`))
    : refused(visit, ordercode, requested.error)
}

async function refused(visit: Visit, ordercode: string, error: RefundError): Promise<Page> {
  const status = error.reason === 'refund_not_configured' ? 501 : 409
  return orderWith(visit, ordercode, sentenceOf(visit.words, error), status)
}

function sentenceOf({ orders, refunds }: Words, error: RefundError): string {
  switch (error.reason) {
    case 'refund_not_configured':
      return orders.noCertificate
    case 'refunds_paused':
      return orders.paused
    case 'other_merchant':
      return orders.otherMerchant
    case 'refund_conflict':
      return refunds.raced
    case 'refund_exceeds_payment':
      return refunds.tooMuch(money(error.left))
    case 'refund_limit_reached':
      return refunds.limit(money(error.left))
    case 'too_many_refunds':
      return refunds.tooMany
    case 'order_not_found':
      return orders.notFoundOrder
    case 'order_not_paid':
    case 'payment_not_found':
      return orders.notPaid
    case 'contended':
      return refunds.busy
  }
}

/** The refund in the path, which may be percent-encoded. */
const numberOf = ({ request }: Visit): OutRefundNo | undefined =>
  parseOutRefundNo(decodedParam(request, 'number'))

/** `POST /console/orders/{ordercode}/refunds/{out_refund_no}/cancel`. */
export const cancel: ActionHandler = async (visit) => {
  const ordercode = ordercodeOf(visit)
  const { orders, refunds } = visit.words
  const cancelled = await cancelRefund(visit.deps, ordercode, numberOf(visit))
  if (cancelled.ok) return redirect(withDone(orderPath(ordercode), 'cancelled'))
  switch (cancelled.error.reason) {
    case 'order_not_found':
      return noOrder(visit)
    case 'refund_not_found':
      return orderWith(visit, ordercode, orders.notFoundOrder, 404)
    case 'wechat_unavailable':
      return orderWith(visit, ordercode, orders.unavailable, 503)
    case 'other_merchant':
      return orderWith(visit, ordercode, orders.otherMerchant, 409)
    case 'refund_under_way':
      return orderWith(visit, ordercode, refunds.underWay, 409)
  }
}

/** `POST /console/orders/{ordercode}/refunds/{out_refund_no}/send`: the same request once more. */
export const sendAgain: ActionHandler = async (visit) => {
  const ordercode = ordercodeOf(visit)
  const number = numberOf(visit)
  const found = await readExplainedOrder(visit.deps, ordercode)
  const known = found?.view.refunds.find(({ outRefundNo }) => outRefundNo === number)
  if (known === undefined) return noOrder(visit)
  const { outRefundNo, refundFee, reason, transactionId, account = 'unsettled', source } = known
  const wanted = { outRefundNo, refundFee, reason, account, transactionId }
  const requested = await requestRefund(visit.deps, ordercode, wanted, source)
  return requested.ok
    ? redirect(withDone(orderPath(ordercode), `refund_${requested.value.refund.state}`))
    : refused(visit, ordercode, requested.error)
}
