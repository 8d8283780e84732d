/** Sending a webhook again. */
import { decodedParam } from '../../routes/http/input.ts'
import { isOrdercode } from '../../core/ids.ts'
import { resendDelivery } from '../../service/webhook/deliveries.ts'
import { redirect } from '../http/reply.ts'
import type { ActionHandler } from '../http/visit.ts'
import { showDeliveries } from '../pages/deliveries.ts'
import { orderPath, withDone } from '../view/paths.ts'

/** `POST /console/deliveries/{id}/resend`. Leads back to the order, or to the list. */
export const resend: ActionHandler = async (visit, form) => {
  const { deps, words } = visit
  const resent = await resendDelivery(deps, decodedParam(visit.request, 'id'))
  if (resent.ok) {
    const back = form.get('back') ?? ''
    const path = isOrdercode(back) ? orderPath(back) : '/console/deliveries'
    const isTaken = resent.value.state === 'delivered'
    return redirect(withDone(path, isTaken ? 'delivered' : 'not_delivered'))
  }
  const { reason } = resent.error
  const text =
    reason === 'delivery_not_found'
      ? words.deliveries.notFound
      : reason === 'no_target'
        ? words.deliveries.noTarget
        : words.deliveries.malformed
  const page = await showDeliveries(visit)
  if (page instanceof Response) return page
  return {
    ...page,
    note: { tone: 'bad', text },
    status: reason === 'delivery_not_found' ? 404 : 409,
  }
}
