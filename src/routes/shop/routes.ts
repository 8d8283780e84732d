import type { Route } from '../http/routes.ts'
import { getBill, getBillRaw, postBillReconcile } from './bills.ts'
import { DeliveryQuery, getDeliveries, postDeliveryResend } from './deliveries.ts'
import {
  getOrder,
  getOrderEvents,
  getOrders,
  OrderQuery,
  postOrderClose,
  postOrderQuery,
  putOrder,
  TermsInput,
} from './orders.ts'
import { deleteRefund, getRefund, putRefund, RefundInput } from './refunds.ts'
import { getReviews, postReviewResolve, Resolution, ReviewQuery } from './reviews.ts'

const ORDER = '/orders/:ordercode'
const REFUND = `${ORDER}/refunds/:out_refund_no`
const BILL = '/bills/:date'

/** The routes that the shop's backend calls. The raw bill, with payments of all systems of the merchant, is not for viewers. */
export const SHOP_ROUTES = [
  { method: 'GET', path: '/orders', access: 'viewer', handler: getOrders, query: OrderQuery },
  { method: 'PUT', path: ORDER, access: 'operator', handler: putOrder, body: TermsInput },
  { method: 'GET', path: ORDER, access: 'viewer', handler: getOrder },
  { method: 'GET', path: `${ORDER}/events`, access: 'viewer', handler: getOrderEvents },
  { method: 'POST', path: `${ORDER}/query`, access: 'operator', handler: postOrderQuery },
  { method: 'POST', path: `${ORDER}/close`, access: 'operator', handler: postOrderClose },

  { method: 'PUT', path: REFUND, access: 'operator', handler: putRefund, body: RefundInput },
  { method: 'GET', path: REFUND, access: 'viewer', handler: getRefund },
  { method: 'DELETE', path: REFUND, access: 'operator', handler: deleteRefund },

  { method: 'GET', path: BILL, access: 'viewer', handler: getBill },
  { method: 'GET', path: `${BILL}/raw`, access: 'operator', handler: getBillRaw },
  { method: 'POST', path: `${BILL}/reconcile`, access: 'operator', handler: postBillReconcile },

  { method: 'GET', path: '/reviews', access: 'viewer', handler: getReviews, query: ReviewQuery },
  {
    method: 'POST',
    path: '/reviews/:id/resolve',
    access: 'operator',
    handler: postReviewResolve,
    body: Resolution,
  },

  {
    method: 'GET',
    path: '/deliveries',
    access: 'viewer',
    handler: getDeliveries,
    query: DeliveryQuery,
  },
  {
    method: 'POST',
    path: '/deliveries/:id/resend',
    access: 'operator',
    handler: postDeliveryResend,
  },
] as const satisfies readonly Route[]
