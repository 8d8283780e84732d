/** The table of contents of the HTTP interface. */
import { Router } from 'itty-router/Router'
import { StoreUnavailable } from '../ports/store.ts'
import { getHealth } from './health.ts'
import type { HttpDeps } from './http/deps.ts'
import { problem } from './http/problem.ts'
import type { RouteRequest } from './http/request.ts'
import { postNotify, postRefundNotify } from './notices.ts'
import { getResult } from './payer/pay-result.ts'
import { getPay, postPay } from './payer/pay.ts'
import { isMerchant } from './shop/auth.ts'
import { getBill, getBillRaw, postBillReconcile } from './shop/bills.ts'
import { getDeliveries, postDeliveryResend } from './shop/deliveries.ts'
import {
  getOrder,
  getOrderEvents,
  getOrders,
  postOrderClose,
  postOrderQuery,
  putOrder,
} from './shop/orders.ts'
import { getRefund, putRefund } from './shop/refunds.ts'
import { getReviews, postReviewResolve } from './shop/reviews.ts'
import { getRuns } from './shop/runs.ts'

type Handler = (request: RouteRequest, deps: HttpDeps) => Promise<Response>

/** For the shop: without its token there is no answer, not even 404. */
const merchant =
  (handler: Handler): Handler =>
  async (request, deps) =>
    (await isMerchant(request, deps))
      ? handler(request, deps)
      : problem('unauthorized', {}, { 'www-authenticate': 'Bearer realm="wxpay-edge"' })

const router = Router<RouteRequest, [HttpDeps]>({ catch: answerFor })

// For the mini program
router.get('/pay', getPay)
router.post('/pay', postPay)
router.get('/result', getResult)

// For WeChat
router.post('/notify', postNotify)
router.post('/notify/refund', postRefundNotify)

// For the shop
router.get('/orders', merchant(getOrders))
router.put('/orders/:ordercode', merchant(putOrder))
router.get('/orders/:ordercode', merchant(getOrder))
router.get('/orders/:ordercode/events', merchant(getOrderEvents))
router.post('/orders/:ordercode/query', merchant(postOrderQuery))
router.post('/orders/:ordercode/close', merchant(postOrderClose))

router.put('/orders/:ordercode/refunds/:out_refund_no', merchant(putRefund))
router.get('/orders/:ordercode/refunds/:out_refund_no', merchant(getRefund))

router.get('/bills/:date', merchant(getBill))
router.get('/bills/:date/raw', merchant(getBillRaw))
router.post('/bills/:date/reconcile', merchant(postBillReconcile))

router.get('/reviews', merchant(getReviews))
router.post('/reviews/:id/resolve', merchant(postReviewResolve))
router.get('/deliveries', merchant(getDeliveries))
router.post('/deliveries/:id/resend', merchant(postDeliveryResend))
router.get('/runs', merchant(getRuns))

// For everyone
router.get('/health', getHealth)

router.all('*', refuse)

/** Answers any request. Never throws. */
export const respond = (request: Request, deps: HttpDeps): Promise<Response> =>
  router.fetch(request, deps) as Promise<Response>

/** What no route took: a wrong method on a path that exists, or a path that does not. */
function refuse(request: RouteRequest): Response {
  const path = new URL(request.url).pathname
  const allowed = router.routes
    .filter(([method, pattern]) => method !== 'ALL' && pattern.test(path))
    .map(([method]) => method)
  return allowed.length === 0
    ? problem('not_found')
    : problem('method_not_allowed', {}, { allow: allowed.join(', ') })
}

/** An exception's text stays inside: itty's own `error` would send it to the client. */
function answerFor(error: unknown, request: RouteRequest, deps: HttpDeps): Response {
  const path = new URL(request.url).pathname
  if (error instanceof StoreUnavailable) {
    deps.log({ event: 'store_unavailable', path })
    return problem('store_unavailable')
  }
  const stack = error instanceof Error ? error.stack?.split('\n').slice(1, 6).join('\n') : undefined
  const reason = error instanceof Error ? error.name : 'unknown'
  deps.log({ event: 'internal_error', reason, path, stack })
  return problem('internal')
}
