/** What WeChat calls. */
import type { Route } from '../http/routes.ts'
import { postNotify, postRefundNotify } from './notices.ts'

export const WECHAT_ROUTES: readonly Route[] = [
  ['POST', '/notify', postNotify],
  ['POST', '/notify/refund', postRefundNotify],
]
