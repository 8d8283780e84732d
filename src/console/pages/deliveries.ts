/** `/console/deliveries`: the webhooks to the shop, and their tries. */
import type { DeliveryState, ListedDelivery } from '../../ports/delivery-store.ts'
import { listDeliveries } from '../../service/webhook/deliveries.ts'
import type { PageHandler, Visit } from '../http/visit.ts'
import { lastAnswer } from '../story/terms.ts'
import { deliveryBadge } from '../view/badges.ts'
import { timeOf, timeText } from '../view/format.ts'
import { heading } from '../view/heading.ts'
import { empty, pageOf, pager, spanOf, tabOf, tabs } from '../view/lists.ts'
import { markup, type Markup } from '../view/markup.ts'
import { note } from '../view/note.ts'
import { orderPath } from '../view/paths.ts'
import { table } from '../view/table.ts'
import { doneNote } from '../parts/done.ts'
import { resendAllForm } from '../parts/resend-all.ts'
import { resendForm } from '../parts/resend-form.ts'
import { triesFold } from '../parts/tries.ts'

const TABS = ['all', 'waiting', 'given_up'] as const
const STATE: Readonly<Record<(typeof TABS)[number], DeliveryState | undefined>> = {
  all: undefined,
  waiting: 'pending',
  given_up: 'given_up',
}

export const showDeliveries: PageHandler = async (visit) => {
  const { url, words, deps, now } = visit
  const { deliveries, frame } = words
  const tab = tabOf(url, TABS)
  const { rows, next } = await listDeliveries(deps, STATE[tab], pageOf(url))
  const columns = [
    { head: deliveries.type, css: 's-a' },
    { head: frame.order, css: 's-e main-cell' },
    { head: frame.state, css: 's-c' },
    { head: deliveries.tries, css: 'num wide' },
    { head: deliveries.lastAnswer, css: 'wide' },
    { head: deliveries.next, css: 'num dim wide' },
    { head: deliveries.createdAt, css: 'num dim s-d' },
    { head: deliveries.resend, css: 'num s-b' },
  ]
  const body =
    rows.length === 0
      ? tab === 'all'
        ? empty(deliveries.none, deliveries.noneHow)
        : empty(deliveries.noneHere, next === undefined ? deliveries.noneHow : words.orders.scanned)
      : table(
          columns,
          rows.map((delivery) => [
            markup`<span class="mono">${delivery.type}</span>`,
            markup`${about(delivery)}${triesFold(visit, delivery)}`,
            deliveryBadge(words, delivery.state),
            delivery.tries,
            delivery.tries > 0 && lastAnswer(words, delivery),
            delivery.dueAt !== undefined && timeText(delivery.dueAt, now),
            timeOf(delivery.createdAt, now),
            resendForm(visit, delivery),
          ]),
        )
  const span = spanOf(rows, ({ createdAt }) => timeText(createdAt, now))
  return {
    section: 'deliveries',
    title: deliveries.title,
    note: doneNote(visit),
    main: markup`${heading(deliveries.title)}${targetNote(visit)}<section class="card" aria-label="${deliveries.title}">${tabs(url, deliveries.tabsLabel, deliveries.tabs, tab)}${tab === 'given_up' && resendAllForm(visit, rows.length)}${body}${pager(words, url, next, span)}</section>`,
  }
}

const about = ({ ordercode, subject }: ListedDelivery): Markup =>
  ordercode === undefined
    ? markup`<span class="mono faint wrap">${subject}</span>`
    : markup`<a class="mono" href="${orderPath(ordercode)}">${ordercode}</a>`

function targetNote({ words, deps }: Visit): Markup | false {
  const { webhookTarget } = deps.config
  if (webhookTarget === 'set') return false
  const { noTarget, malformed } = words.deliveries
  return note({ tone: 'bad', text: webhookTarget === 'unset' ? noTarget : malformed })
}
