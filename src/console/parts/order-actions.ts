/** The buttons of an order. One that does nothing now is disabled and says why. */
import { leftOf, ofPayment } from '../../core/order/refund.ts'
import type { ExplainedOrder } from '../../service/lists/orders.ts'
import type { Visit } from '../http/visit.ts'
import { type IconName, ICONS } from '../view/icons.ts'
import { markup, type Markup } from '../view/markup.ts'
import { orderPath } from '../view/paths.ts'

/** The hidden field without which no form is obeyed. */
export const csrfField = ({ session }: Pick<Visit, 'session'>): Markup =>
  markup`<input type="hidden" name="csrf" value="${session.csrf}">`

/** Buttons to ask WeChat, refund and close. */
export function actionBar(visit: Visit, { view }: ExplainedOrder): Markup {
  const { words, mayAct } = visit
  const { orders, frame } = words
  const { order, attempts } = view
  const path = (more: string): string => orderPath(order.ordercode, more)
  const noAsking = attempts.length === 0 ? orders.noAttempt : undefined
  const noRole = mayAct ? undefined : frame.viewerRefused
  const ask = noRole ?? noAsking
  const refund = noRole ?? whyNoRefund(visit, { view })
  const isOver = order.state === 'paid' ? orders.paidNotClosed : orders.isClosed
  const close =
    noRole ?? (order.state === 'created' || order.state === 'paying' ? undefined : isOver)
  return markup`<div class="acts">${
    ask === undefined
      ? markup`<form method="post" action="${path('/query')}">${csrfField(visit)}<button class="btn">${ICONS.again}${orders.ask}</button></form>`
      : disabled('ask', 'again', orders.ask, ask)
  }${linkOr('refund', 'refunds', orders.refund, path('/refund'), refund)}${linkOr('close', 'barred', orders.close, path('/close'), close)}</div>`
}

/** Why nothing can be refunded; undefined when something can. */
export function whyNoRefund(
  { deps, words }: Pick<Visit, 'deps' | 'words'>,
  { view }: Pick<ExplainedOrder, 'view'>,
): string | undefined {
  const { orders } = words
  if (deps.config.refundNotifyUrl === undefined) return orders.noCertificate
  if (deps.config.refundLimits.paused) return orders.paused
  const { payments, refunds } = view
  if (payments.length === 0) return orders.notPaid
  const isLeft = payments.some(
    (payment) => leftOf(payment, ofPayment(refunds, payment.transactionId)) > 0,
  )
  return isLeft ? undefined : orders.nothingLeft
}

const linkOr = (
  id: string,
  icon: IconName,
  name: string,
  address: string,
  why: string | undefined,
): Markup =>
  why === undefined
    ? markup`<a class="btn" href="${address}">${ICONS[icon]}${name}</a>`
    : disabled(id, icon, name, why)

const disabled = (id: string, icon: IconName, name: string, why: string): Markup =>
  markup`<span title="${why}"><button class="btn" disabled aria-describedby="no-${id}">${ICONS[icon]}${name}</button><span class="hidden" id="no-${id}">${why}</span></span>`
