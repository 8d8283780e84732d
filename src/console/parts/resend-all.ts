/** The form that sends the given-up webhooks again. It is folded, so that it takes two presses. */
import type { Visit } from '../http/visit.ts'
import { markup, type Markup } from '../view/markup.ts'
import { csrfField } from './order-actions.ts'

/** How many are sent again at once: each is a statement of this request. */
export const RESEND_ALL_MAX = 20

/** @param shown How many given-up webhooks the page shows. */
export function resendAllForm(visit: Visit, shown: number): Markup | false {
  const { deps, mayAct, words } = visit
  if (deps.config.webhookTarget !== 'set' || !mayAct || shown === 0) return false
  const { resendAll, resendAllWhat, resendN } = words.deliveries
  const count = Math.min(shown, RESEND_ALL_MAX)
  return markup`<details class="pad"><summary>${resendAll}</summary><form method="post" action="/console/deliveries/resend">${csrfField(visit)}<p class="dim small">${resendAllWhat(count)}</p><button class="btn go">${resendN(count)}</button></form></details>`
}
