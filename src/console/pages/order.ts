/** `/console/orders/{ordercode}`: why the order is in its state, what happened, and what can be done. */
import { dayOf } from '../../core/day.ts'
import { EVENTS_MAX, type ExplainedOrder, readExplainedOrder } from '../../service/lists/orders.ts'
import type { OrderView } from '../../core/order/order.ts'
import type { Page, PageHandler, Visit } from '../http/visit.ts'
import { explain } from '../story/explain.ts'
import { type Entry, timeline } from '../story/timeline.ts'
import { refundedFee, refundingFee } from '../../core/order/refund.ts'
import { orderBadges } from '../view/badges.ts'
import { copyButton } from '../view/copy.ts'
import { clockOf, money, shortDay } from '../view/format.ts'
import { heading } from '../view/heading.ts'
import { formatRfc3339 } from '../../core/time.ts'
import { empty } from '../view/lists.ts'
import { markup, type Markup } from '../view/markup.ts'
import type { NoteView } from '../view/note.ts'
import { card } from '../view/table.ts'
import { actionBar } from '../parts/order-actions.ts'
import { aside } from '../parts/order-aside.ts'
import { doneNote } from '../parts/done.ts'

/** How often the page of an order under way is asked for again, in seconds. */
const REFRESH_S = 10

export const showOrder: PageHandler = async (visit) => {
  const found = await readExplainedOrder(visit.deps, visit.request.params['ordercode'] ?? '')
  return found === undefined ? noOrder(visit) : orderPage(visit, found)
}

/** The page of an order. @param note What came of a form; otherwise the address says it. */
export function orderPage(
  visit: Visit,
  found: ExplainedOrder,
  note: NoteView | undefined = doneNote(visit),
): Page {
  const { words } = visit
  const { order } = found.view
  // Refunds of a second payment leave the order paid.
  const refunds = found.view.refunds.filter(
    ({ transactionId }) => transactionId === order.transactionId,
  )
  const badges = orderBadges(words, {
    state: order.state,
    totalFee: order.terms.totalFee,
    refundedFee: refundedFee(refunds),
    refundingFee: refundingFee(refunds),
    needsPerson: found.reviews.some(({ resolvedAt }) => resolvedAt === undefined),
  })
  return {
    section: 'orders',
    title: `${words.orders.title} ${order.ordercode}`,
    note,
    refresh: isMoving(found.view) ? REFRESH_S : undefined,
    main: markup`<p class="crumb"><a href="/console/orders">${words.orders.title}</a></p>
<div class="sum"><h1>${order.ordercode}${copyButton(words, words.frame.order, order.ordercode)}</h1>${badges}<span class="big">${money(order.terms.totalFee)}</span></div>
<p class="dim wrap">${order.terms.body}</p>
${actionBar(visit, found)}
${why(visit, found)}
<div class="cols gap">${happened(visit, found)}<div>${aside(visit, found)}</div></div>`,
  }
}

/** Whether the order changes soon without the operator. */
const isMoving = ({ order, refunds }: OrderView): boolean =>
  order.state === 'created' ||
  order.state === 'paying' ||
  refunds.some(({ state }) => state === 'requested' || state === 'processing')

/** The page for an ordercode that no order has. */
export const noOrder = ({ words }: Visit): Page => ({
  section: 'orders',
  title: words.orders.title,
  status: 404,
  main: markup`<p class="crumb"><a href="/console/orders">${words.orders.title}</a></p>${heading(words.orders.notFoundTitle)}<section class="card">${empty(words.orders.notFoundOrder, words.orders.noneHow)}</section>`,
})

function why({ words, now }: Visit, found: ExplainedOrder): Markup {
  const { orders, frame } = words
  const said = explain(found, words, now)
  const joined = (sentences: readonly string[]): string =>
    sentences.join(frame.lang === 'en' ? ' ' : '')
  return markup`<section class="card why ${said.tone === 'ok' ? '' : said.tone}" aria-labelledby="h-why"><h2 class="hidden" id="h-why">${orders.whyTitle}</h2><dl>
<dt>${orders.now}</dt><dd><b data-say>${said.now}</b></dd>
<dt>${orders.because}</dt><dd>${joined(said.because)}</dd>
<dt>${orders.next}</dt><dd>${joined(said.next)}</dd></dl></section>`
}

function happened({ words, now }: Visit, found: ExplainedOrder): Markup {
  const { orders } = words
  const entries = timeline(found, words, now)
  const today = dayOf(now)
  const lines = entries.map((entry, at) => {
    const day = dayOf(entry.at)
    const above = entries[at - 1]
    const isNewDay = above === undefined ? day !== today : dayOf(above.at) !== day
    const heading = isNewDay && markup`<li class="day"><span>${shortDay(day, today)}</span></li>`
    return markup`${heading}${line(entry)}
`
  })
  const note = markup`<span class="dim small">${orders.newestFirst}</span>`
  const more =
    found.hasEarlier && markup`<p class="pad dim small">${orders.earlier(EVENTS_MAX)}</p>`
  return card('line', orders.happened, markup`<ol class="line">${lines}</ol>${more}`, note)
}

const line = ({ at, who, mark, what, more }: Entry): Markup =>
  markup`<li class="${mark}"><time datetime="${formatRfc3339(at)}">${clockOf(at)}</time><span class="dot"></span><div><div class="what"><span class="who">${who}</span>${what}</div>${more !== '' && markup`<div class="more">${more}</div>`}</div></li>`
