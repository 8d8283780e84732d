/** `/console/orders/{ordercode}/refund`: how much, then once more with everything before the button. */
import type { OrderView } from '../../core/order/order.ts'
import { leftOf, ofPayment } from '../../core/order/refund.ts'
import { readExplainedOrder } from '../../service/lists/orders.ts'
import type { Page, PageHandler, Visit } from '../http/visit.ts'
import { heading } from '../view/heading.ts'
import { money, shortOpenid, yuan } from '../view/format.ts'
import { markup, type Markup } from '../view/markup.ts'
import { note } from '../view/note.ts'
import { orderPath } from '../view/paths.ts'
import { card } from '../view/table.ts'
import { csrfField, whyNoRefund } from '../parts/order-actions.ts'
import { noOrder } from './order.ts'
import {
  checkRefund,
  nextNumber,
  paymentIn,
  type RefundChecked,
  type RefundErrors,
  type RefundTyped,
  typedIn,
} from '../parts/refund-input.ts'

export const showRefund: PageHandler = async (visit) => {
  const { deps, request, url, words } = visit
  const found = await readExplainedOrder(deps, request.params['ordercode'] ?? '')
  if (found === undefined) return noOrder(visit)
  const { view } = found
  const why = visit.mayAct ? whyNoRefund(visit, found) : words.frame.viewerRefused
  if (why !== undefined) return refundPage(visit, view, note({ tone: 'bad', text: why }))
  const typed = typedIn(url.searchParams)
  if (!url.searchParams.has('fee')) return refundPage(visit, view, step1(visit, view, typed, {}))
  const checked = checkRefund(view, typed, words)
  return 'payment' in checked
    ? refundPage(visit, view, step2(visit, view, checked))
    : refundForm(visit, view, typed, checked)
}

/** The form again, with what was typed and what is wrong with it. */
export const refundForm = (
  visit: Visit,
  view: OrderView,
  typed: RefundTyped,
  errors: RefundErrors,
): Page => ({ ...refundPage(visit, view, step1(visit, view, typed, errors)), status: 422 })

function refundPage({ words }: Visit, { order }: OrderView, body: Markup): Page {
  const { orders, refunds } = words
  const path = orderPath(order.ordercode)
  return {
    section: 'orders',
    title: `${refunds.form} ${order.ordercode}`,
    main: markup`<p class="crumb"><a href="/console/orders">${orders.title}</a> / <a class="mono" href="${path}">${order.ordercode}</a></p>
${heading(refunds.form, order.terms.body)}<div class="ask">${body}</div>`,
  }
}

function step1(
  { words }: Visit,
  view: OrderView,
  typed: RefundTyped,
  errors: RefundErrors,
): Markup {
  const { refunds } = words
  const payment = paymentIn(view, typed.payment)
  const paid = payment?.totalFee ?? 0
  const left =
    payment === undefined ? 0 : leftOf(payment, ofPayment(view.refunds, payment.transactionId))
  const isBad = (name: keyof RefundErrors): Markup | false =>
    errors[name] !== undefined && markup` aria-invalid="true"`
  const wrong = (name: keyof RefundErrors): Markup | false =>
    errors[name] !== undefined &&
    markup`<span class="hint mark" id="${name}-error" role="alert">${errors[name]}</span>`
  const which =
    view.payments.length > 1 &&
    markup`<fieldset class="field"><legend>${refunds.which}</legend>${view.payments.map(
      ({ transactionId, totalFee }) =>
        markup`<label class="choice"><input type="radio" name="payment" value="${transactionId}"${transactionId === payment?.transactionId && markup` checked`}> <span class="mono">${transactionId}</span>, ${money(totalFee)}</label>`,
    )}</fieldset>`
  const account = markup`<div class="field"><label for="account">${refunds.account}</label><select id="account" name="account"><option value="unsettled">${refunds.unsettled}</option><option value="available"${typed.account === 'available' && markup` selected`}>${refunds.available}</option></select></div>`
  return card(
    'step1',
    refunds.step1,
    markup`<form class="pad" method="get" action="${orderPath(view.order.ordercode, '/refund')}"><input type="hidden" name="number" value="${nextNumber(view)}">${which}
<div class="field"><label for="fee">${refunds.yuan}</label><input id="fee" name="fee" inputmode="decimal" autocomplete="off" required value="${typed.fee}" aria-describedby="fee-hint fee-error"${isBad('fee')}>${wrong('fee')}<span class="hint" id="fee-hint">${refunds.atMost(yuan(left), yuan(paid), yuan(paid - left))}</span></div>
<div class="field"><label for="reason">${refunds.reason}</label><input id="reason" name="reason" autocomplete="off" value="${typed.reason}" aria-describedby="reason-error"${isBad('reason')}>${wrong('reason')}</div>${account}
<button class="btn go">${refunds.next}</button></form>`,
  )
}

function step2(visit: Visit, view: OrderView, checked: RefundChecked): Markup {
  const { refunds } = visit.words
  const { payment, fee, left, reason, account, outRefundNo } = checked
  const { ordercode } = view.order
  const hidden = (name: string, value: string): Markup =>
    markup`<input type="hidden" name="${name}" value="${value}">`
  return card(
    'step2',
    refunds.step2,
    markup`<form class="pad" method="post" action="${orderPath(ordercode, '/refund')}">${csrfField(visit)}${hidden('fee', yuan(fee).replaceAll(',', ''))}${hidden('reason', reason ?? '')}${hidden('payment', payment.transactionId)}${hidden('account', account)}${hidden('number', outRefundNo)}
<p class="dim">${refunds.toPayer(shortOpenid(payment.openid))}</p><p class="big">${money(fee)}</p>${reason !== undefined && markup`<p class="dim wrap">${reason}</p>`}
<p class="dim">${refunds.leftAfter(yuan(Math.max(0, left - fee)))} ${refunds.noUndo}</p>
<p class="dim small wrap">${refunds.number} <span class="mono">${outRefundNo}</span></p><p class="dim small">${refunds.once}</p>
<p class="acts"><button class="btn go">${refunds.confirm(money(fee))}</button><a class="btn" href="${orderPath(ordercode)}">${refunds.no}</a></p></form>`,
  )
}
