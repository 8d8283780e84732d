/** Asking WeChat about an order, and closing it. */
import { closeForShop } from '../../service/order/close-order.ts'
import { queryOrder } from '../../service/order/query-order.ts'
import { readExplainedOrder } from '../../service/lists/orders.ts'
import { redirect } from '../http/reply.ts'
import type { ActionHandler, Page, Visit } from '../http/visit.ts'
import { noOrder, orderPage } from '../pages/order.ts'
import { orderPath, withDone } from '../view/paths.ts'

/** The ordercode in the path. One that no order can have finds none. */
export const ordercodeOf = ({ request }: Visit): string => request.params['ordercode'] ?? ''

/** `POST /console/orders/{ordercode}/query`. */
export const askWeChat: ActionHandler = async (visit) => {
  const ordercode = ordercodeOf(visit)
  const { orders } = visit.words
  const queried = await queryOrder(visit.deps, ordercode)
  if (!queried.ok) {
    const { reason } = queried.error
    return reason === 'order_not_found'
      ? noOrder(visit)
      : orderWith(
          visit,
          ordercode,
          reason === 'other_merchant' ? orders.otherMerchant : orders.unavailable,
          reason === 'other_merchant' ? 409 : 503,
        )
  }
  const { view, refundsUnanswered } = queried.value
  const { state } = view.order
  const paid = refundsUnanswered.length > 0 ? 'asked_partly' : 'asked_paid'
  const done = state === 'paid' ? paid : state === 'closed' ? 'asked_closed' : 'asked_unpaid'
  return redirect(withDone(orderPath(ordercode), done))
}

/** `POST /console/orders/{ordercode}/close`. */
export const closeOrder: ActionHandler = async (visit) => {
  const ordercode = ordercodeOf(visit)
  const { orders } = visit.words
  const closed = await closeForShop(visit.deps, ordercode)
  switch (closed.kind) {
    case 'order_not_found':
      return noOrder(visit)
    case 'closed':
      return redirect(withDone(orderPath(ordercode), 'closed'))
    case 'paid':
      return redirect(withDone(orderPath(ordercode), 'close_paid'))
    case 'other_merchant':
      return orderWith(visit, ordercode, orders.otherMerchant, 409)
    case 'busy':
    case 'unknown':
      return orderWith(visit, ordercode, orders.busy, 409)
  }
}

/** The page of an order, with a sentence about what could not be done. */
export async function orderWith(
  visit: Visit,
  ordercode: string,
  text: string,
  status: number,
): Promise<Page> {
  const found = await readExplainedOrder(visit.deps, ordercode)
  if (found === undefined) return noOrder(visit)
  return { ...orderPage(visit, found, { tone: 'bad', text }), status }
}
