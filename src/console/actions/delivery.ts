/** Sending a webhook again. */
import { decodedParam } from '../../routes/http/input.ts'
import { isOrdercode } from '../../core/ids.ts'
import { resendDelivery } from '../../service/webhook/deliveries.ts'
import { resendGivenUp } from '../../service/webhook/resend-given-up.ts'
import { redirect } from '../http/reply.ts'
import type { ActionHandler } from '../http/visit.ts'
import { showDeliveries } from '../pages/deliveries.ts'
import { RESEND_ALL_MAX } from '../parts/resend-all.ts'
import { pageOf } from '../view/lists.ts'
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

/** `POST /console/deliveries/resend`: the given-up webhooks become due again. */
export const resendAll: ActionHandler = async ({ deps, url }) => {
  const { webhookTarget } = deps.config
  // Without a target a webhook would be given up once more. The page says so, and has no button.
  if (webhookTarget === 'set') await resendGivenUp(deps, pageOf(url, RESEND_ALL_MAX))
  return redirect(withDone('/console/deliveries', webhookTarget === 'set' ? 'resent_all' : ''))
}
