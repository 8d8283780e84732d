/** WeChat's side. SUCCESS means stored; after anything else WeChat calls again. */
import { StoreUnavailable } from '../ports/store.ts'
import { confirmHint } from '../service/order/confirm-payment-notice.ts'
import { settlePayment } from '../service/order/record-payment.ts'
import { confirmRefund } from '../service/refund/confirm-refund-notice.ts'
import type { HttpDeps } from './http/deps.ts'
import { readBody } from './http/input.ts'
import type { RouteRequest } from './http/request.ts'

/** `POST /notify` */
export async function postNotify(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const body = await readBody(request)
  if (!body.ok) return refused(deps, body.error.reason)
  const notice = await deps.notices.read(body.value)
  if (!notice.ok) return refused(deps, notice.error.reason)

  try {
    const { payment, hint } = notice.value
    const settled = hint
      ? await confirmHint(deps, payment)
      : await settlePayment(deps, payment, 'notice')
    // Which of our checks failed stays in the log: a forger learns nothing from the answer.
    if (!settled.ok) return xml(deps.notices.refused, isOurs(settled.error.reason) ? 503 : 400)
  } catch (error) {
    return failed(deps, error, { out_trade_no: notice.value.payment.outTradeNo })
  }
  return xml(deps.notices.accepted, 200)
}

/** `POST /notify/refund` */
export async function postRefundNotify(request: RouteRequest, deps: HttpDeps): Promise<Response> {
  const body = await readBody(request)
  if (!body.ok) return refused(deps, body.error.reason)
  const hint = deps.notices.readRefund(body.value)
  if (!hint.ok) return refused(deps, hint.error.reason)

  const out_refund_no = hint.value.outRefundNo
  try {
    const confirmed = await confirmRefund(deps, hint.value)
    if (confirmed.ok) return xml(deps.notices.accepted, 200)
    const { reason } = confirmed.error
    deps.log({ event: 'refund_notice_refused', reason, out_refund_no })
    return xml(deps.notices.refused, reason === 'not_confirmed' ? 503 : 400)
  } catch (error) {
    return failed(deps, error, { out_refund_no })
  }
}

/** Lost races and the like are no fault of the notice. */
const isOurs = (reason: string): boolean =>
  reason === 'contended' || reason === 'illegal_transition'

/** Ours, so 5xx. WeChat comes again, and if the writing got through, it is told that it did. */
function failed(deps: HttpDeps, error: unknown, about: Readonly<Record<string, string>>): Response {
  const reason = error instanceof StoreUnavailable ? 'store_unavailable' : 'internal'
  deps.log({ ...about, event: 'notice_failed', reason })
  return xml(deps.notices.refused, reason === 'internal' ? 500 : 503)
}

function refused(deps: HttpDeps, reason: string): Response {
  deps.log({ event: 'notice_refused', reason })
  return xml(deps.notices.refused, 400)
}

const xml = (body: string, status: number): Response =>
  new Response(body, { status, headers: { 'content-type': 'text/xml; charset=utf-8' } })
