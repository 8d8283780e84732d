import type { Route } from '../http/routes.ts'
import { postNotify, postRefundNotify } from './notices.ts'

/**
 * The routes that WeChat calls with its notices. They need no token, because a notice itself must prove its
 * origin or is confirmed by a query.
 */
export const WECHAT_ROUTES: readonly Route[] = [
  ['POST', '/notify', postNotify],
  ['POST', '/notify/refund', postRefundNotify],
]
