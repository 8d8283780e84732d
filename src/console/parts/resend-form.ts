import type { ListedDelivery } from '../../ports/delivery-store.ts'
import type { Visit } from '../http/visit.ts'
import { markup, type Markup } from '../view/markup.ts'
import { csrfField } from './order-actions.ts'

/** The button that sends a webhook again. Where there is no target, or for a viewer, there is no button. */
export function resendForm(visit: Visit, { id, ordercode }: ListedDelivery): Markup | false {
  const { deps, mayAct, words, url } = visit
  if (deps.config.webhookTarget !== 'set' || !mayAct) return false
  const isOrderPage = url.pathname.startsWith('/console/orders/') && ordercode !== undefined
  const back = isOrderPage && markup`<input type="hidden" name="back" value="${ordercode}">`
  return markup`<form method="post" action="/console/deliveries/${encodeURIComponent(id)}/resend">${csrfField(visit)}${back}<button class="btn small">${words.deliveries.resend}</button></form>`
}
