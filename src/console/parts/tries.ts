/** The tries of a webhook, folded. */
import type { ListedDelivery, PastTry } from '../../ports/delivery-store.ts'
import type { Visit } from '../http/visit.ts'
import { answerOf } from '../story/terms.ts'
import { timeOf } from '../view/format.ts'
import { markup, type Markup } from '../view/markup.ts'

/** Every try that is kept, newest first, and the webhook-id. Nothing where the line beside it says it all. */
export function triesFold(
  visit: Visit,
  { id, state, tries, history }: ListedDelivery,
): Markup | false {
  const { deliveries } = visit.words
  if (history.length === 0 || (history.length === 1 && state === 'delivered')) return false
  const kept = history.length < tries && markup`<li>${deliveries.lastTries(history.length)}</li>`
  return markup`<details class="tries"><summary>${deliveries.triesTitle(tries)}</summary><ol>${history.toReversed().map((past) => line(visit, past))}${kept}<li>${deliveries.id} <span class="mono wrap">${id}</span></li></ol></details>`
}

function line({ words, now }: Visit, { at, ms, status, error, answer }: PastTry): Markup {
  const { frame, deliveries } = words
  const said =
    answer !== undefined && answer !== '' && markup`<div class="dim wrap">${answer}</div>`
  const took = ms === undefined ? '' : `${frame.comma}${deliveries.ms(ms)}`
  return markup`<li>${timeOf(at, now)} <b>${answerOf(words, status, error)}</b>${took}${said}</li>`
}
