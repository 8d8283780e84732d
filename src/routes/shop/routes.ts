import type { Route } from '../http/routes.ts'
import { getBill, getBillRaw, postBillReconcile } from './bills.ts'
import { getDeliveries, postDeliveryResend } from './deliveries.ts'
import {
  getOrder,
  getOrderEvents,
  getOrders,
  postOrderClose,
  postOrderQuery,
  putOrder,
} from './orders.ts'
import { deleteRefund, getRefund, putRefund } from './refunds.ts'
import { getReviews, postReviewResolve } from './reviews.ts'

/** The routes that the shop's backend calls. They need the merchant token. */
export const SHOP_ROUTES: readonly Route[] = [
  ['GET', '/orders', getOrders],
  ['PUT', '/orders/:ordercode', putOrder],
  ['GET', '/orders/:ordercode', getOrder],
  ['GET', '/orders/:ordercode/events', getOrderEvents],
  ['POST', '/orders/:ordercode/query', postOrderQuery],
  ['POST', '/orders/:ordercode/close', postOrderClose],

  ['PUT', '/orders/:ordercode/refunds/:out_refund_no', putRefund],
  ['GET', '/orders/:ordercode/refunds/:out_refund_no', getRefund],
  ['DELETE', '/orders/:ordercode/refunds/:out_refund_no', deleteRefund],

  ['GET', '/bills/:date', getBill],
  ['GET', '/bills/:date/raw', getBillRaw],
  ['POST', '/bills/:date/reconcile', postBillReconcile],

  ['GET', '/reviews', getReviews],
  ['POST', '/reviews/:id/resolve', postReviewResolve],

  ['GET', '/deliveries', getDeliveries],
  ['POST', '/deliveries/:id/resend', postDeliveryResend],
]
