/** `/console/orders/{ordercode}/close`: asks once before an order is closed. */
import { readExplainedOrder } from '../../service/lists/orders.ts'
import type { PageHandler } from '../http/visit.ts'
import { heading } from '../view/heading.ts'
import { markup } from '../view/markup.ts'
import { orderPath } from '../view/paths.ts'
import { card } from '../view/table.ts'
import { csrfField } from '../parts/order-actions.ts'
import { noOrder } from './order.ts'

export const showClose: PageHandler = async (visit) => {
  const { words, deps, mayAct, request } = visit
  const found = await readExplainedOrder(deps, request.params['ordercode'] ?? '')
  if (found === undefined) return noOrder(visit)
  const { orders, frame } = words
  const { ordercode, terms } = found.view.order
  const path = orderPath(ordercode)
  const form = mayAct
    ? markup`<form class="pad" method="post" action="${orderPath(ordercode, '/close')}">${csrfField(visit)}<p class="dim wrap">${terms.body}</p><p>${orders.closeWhat}</p><p class="acts"><button class="btn go">${orders.closeYes}</button><a class="btn" href="${path}">${orders.closeNo}</a></p></form>`
    : markup`<p class="pad">${frame.viewerRefused}</p>`
  return {
    section: 'orders',
    title: orders.closeTitle,
    main: markup`<p class="crumb"><a href="/console/orders">${orders.title}</a> / <a class="mono" href="${path}">${ordercode}</a></p>${heading(orders.closeTitle)}<div class="ask">${card('close', ordercode, form)}</div>`,
  }
}
