/** `/console/orders`: a search by number, and the orders of each state. */
import { addDays, parseDay, startOf } from '../../core/day.ts'
import type { UnixSeconds } from '../../core/time.ts'
import type { OrderLine } from '../../ports/list-store.ts'
import { listOrderLines, searchOrders } from '../../service/lists/orders.ts'
import { redirect } from '../http/reply.ts'
import type { PageHandler, Visit } from '../http/visit.ts'
import { orderBadges } from '../view/badges.ts'
import { timeOf, timeText, yuan } from '../view/format.ts'
import { ICONS } from '../view/icons.ts'
import { heading } from '../view/heading.ts'
import { empty, pageOf, pager, spanOf, tabOf, tabs } from '../view/lists.ts'
import { markup, type Markup } from '../view/markup.ts'
import { orderPath } from '../view/paths.ts'
import { table } from '../view/table.ts'

const TABS = ['all', 'unpaid', 'paid', 'closed'] as const
type Tab = (typeof TABS)[number]

export const showOrders: PageHandler = async (visit) => {
  const { url, words } = visit
  const wanted = (url.searchParams.get('q') ?? '').trim()
  const { orders } = words
  if (wanted === '') return showList(visit)
  const { exact, beginning } = await searchOrders(visit.deps, wanted)
  if (exact !== undefined) return redirect(orderPath(exact))
  const found =
    beginning.length === 0
      ? notFound(visit, wanted)
      : markup`<header><h2>${orders.beginning(wanted)}</h2></header>${orderTable(visit, beginning, 'all')}`
  return {
    section: 'orders',
    title: orders.title,
    main: markup`${heading(orders.title)}${tools(visit, wanted)}<section class="card" aria-label="${orders.list}">${found}</section>`,
  }
}

const showList: PageHandler = async (visit) => {
  const { url, words, deps, now } = visit
  const { orders } = words
  const tab = tabOf(url, TABS)
  const from = dayIn(url, 'from')
  const last = dayIn(url, 'to')
  const filter = {
    tab,
    from: from && startOf(from),
    to: last && startOf(addDays(last, 1)),
  }
  const { rows, next } = await listOrderLines(deps, filter, pageOf(url))
  const isFirst = !url.searchParams.has('cursor') && tab === 'all' && !from && !last
  const body =
    rows.length > 0
      ? orderTable(visit, rows, tab)
      : isFirst
        ? empty(orders.none, orders.noneHow)
        : empty(orders.noneHere, next === undefined ? orders.noneHereHow : orders.scanned)
  const time = (order: OrderLine): UnixSeconds =>
    tab === 'unpaid' ? (order.dueAt ?? order.expiresAt) : order.createdAt
  const span = spanOf(rows, (order) => timeText(time(order), now))
  return {
    section: 'orders',
    title: orders.title,
    main: markup`${heading(orders.title)}${tools(visit, '')}
<section class="card" aria-label="${orders.list}">${tabs(url, orders.tabsLabel, orders.tabs, tab)}${body}${pager(words, url, next, span)}</section>`,
  }
}

const dayIn = (url: URL, name: string) => parseDay(url.searchParams.get(name) ?? '')

function tools({ words, url }: Visit, wanted: string): Markup {
  const { orders } = words
  const tab = url.searchParams.get('tab')
  const day = (name: string): string => dayIn(url, name) ?? ''
  return markup`<form class="tools" role="search" action="/console/orders"><div class="search">${ICONS.search}<label class="hidden" for="q">${orders.searchLabel}</label><input id="q" name="q" value="${wanted}" placeholder="${orders.searchHint}" autocomplete="off" spellcheck="false"><kbd hidden>Ctrl K</kbd></div>
${tab !== null && markup`<input type="hidden" name="tab" value="${tabOf(url, TABS)}">`}<label for="from">${orders.from}</label><input id="from" name="from" type="date" value="${day('from')}"><span class="dim">${orders.to}</span><label class="hidden" for="to">${orders.to}</label><input id="to" name="to" type="date" value="${day('to')}"><button class="btn">${orders.find}</button></form>`
}

function notFound({ words }: Visit, wanted: string): Markup {
  const { orders } = words
  return empty(
    orders.notFound(wanted),
    orders.notFoundTried,
    markup`<a href="/console/bills">${orders.notFoundBill}</a>`,
  )
}

function orderTable({ words, now }: Visit, rows: readonly OrderLine[], tab: Tab): Markup {
  const { orders, frame } = words
  const columns = [
    { head: frame.order, css: 'main-cell s-a' },
    { head: orders.goods, css: 's-e' },
    { head: frame.state, css: 's-c' },
    { head: frame.amount, css: 'num amt s-b' },
    { head: orders.refunded, css: 'num back wide' },
    { head: orders.transactionId, css: 'wide' },
    { head: tab === 'unpaid' ? orders.expiresAt : orders.createdAt, css: 'num dim s-d' },
  ]
  return table(
    columns,
    rows.map((order) => [
      markup`<a class="mono" href="${orderPath(order.ordercode)}">${order.ordercode}</a>`,
      markup`<span class="clip">${order.body}</span>`,
      orderBadges(words, order),
      yuan(order.totalFee),
      order.refundedFee > 0 && yuan(order.refundedFee),
      markup`<span class="mono faint">${order.transactionId}</span>`,
      timeOf(tab === 'unpaid' ? order.expiresAt : order.createdAt, now),
    ]),
  )
}
