/** `/console/refunds`: what is on its way, and all refunds. */
import type { RefundLine } from '../../ports/list-store.ts'
import { listRefundLines } from '../../service/lists/refunds.ts'
import type { PageHandler, Visit } from '../http/visit.ts'
import { actorWord } from '../story/terms.ts'
import { refundBadge } from '../view/badges.ts'
import { timeOf, timeText, yuan } from '../view/format.ts'
import { heading } from '../view/heading.ts'
import { empty, pageOf, pager, spanOf, tabOf, tabs } from '../view/lists.ts'
import { markup, type Markup } from '../view/markup.ts'
import { orderPath } from '../view/paths.ts'
import { table } from '../view/table.ts'
import { csrfField } from '../parts/order-actions.ts'

export const showRefunds: PageHandler = async (visit) => {
  const { url, words, deps, now } = visit
  const { refunds, frame } = words
  const tab = tabOf(url, ['moving', 'all'] as const)
  const { rows, next } = await listRefundLines(deps, tab, pageOf(url))
  const columns = [
    { head: refunds.number2, css: 'main-cell s-a' },
    { head: frame.state, css: 's-c' },
    { head: frame.amount, css: 'num amt s-b' },
    { head: refunds.source, css: 'wide' },
    { head: refunds.waits, css: 'wide' },
    { head: refunds.requestedAt, css: 'num dim s-d' },
  ]
  const body =
    rows.length === 0
      ? empty(tab === 'all' ? refunds.none : refunds.noneMoving, refunds.noneHow)
      : table(
          columns,
          rows.map((refund) => [
            markup`<a class="mono" href="${orderPath(refund.ordercode)}">${refund.outRefundNo}</a><div class="mono small faint">${frame.order} ${refund.ordercode}</div>`,
            refundBadge(words, refund.state),
            yuan(refund.refundFee),
            whoAsked(visit, refund),
            waits(visit, refund),
            timeOf(refund.requestedAt, now),
          ]),
        )
  const span = spanOf(rows, ({ requestedAt }) => timeText(requestedAt, now))
  return {
    section: 'refunds',
    title: refunds.title,
    main: markup`${heading(refunds.title)}<section class="card" aria-label="${refunds.title}">${tabs(url, refunds.tabsLabel, refunds.tabs, tab)}${body}${pager(words, url, next, span)}</section>`,
  }
}

const whoAsked = ({ words }: Visit, { source, actor }: RefundLine): string =>
  actor === undefined || source === 'automatic' || source === 'merchant_platform'
    ? words.states.source[source]
    : actorWord(words, actor)

/** What a refund waits for, and what can be done about it. */
function waits(visit: Visit, refund: RefundLine): Markup {
  const { words, now, mayAct } = visit
  const { refunds } = words
  const { state, errCode, errCodeDes, dueAt, ordercode, outRefundNo } = refund
  const isWaiting = state === 'requested'
  const said = errCode === 'NOTENOUGH' ? refunds.notEnough : (errCodeDes ?? errCode)
  const due =
    dueAt === undefined
      ? undefined
      : isWaiting
        ? refunds.sentAt(timeText(dueAt, now))
        : refunds.nextAt(timeText(dueAt, now))
  const form = (action: string, name: string): Markup =>
    markup`<form method="post" action="${orderPath(ordercode, `/refunds/${encodeURIComponent(outRefundNo)}/${action}`)}">${csrfField(visit)}<button class="btn small">${name}</button></form>`
  const buttons =
    isWaiting &&
    mayAct &&
    markup`<div class="row-acts">${form('send', refunds.sendNow)}${form('cancel', refunds.cancel)}</div>`
  return markup`${said !== undefined && markup`<div class="small wrap">${said}</div>`}${due !== undefined && markup`<div class="small dim">${due}</div>`}${buttons}`
}
