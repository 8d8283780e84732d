import type { Route } from '../http/routes.ts'
import { postNotify, postRefundNotify } from './notices.ts'

/** The routes that WeChat calls with its notices. The message itself must prove its origin. */
export const WECHAT_ROUTES: readonly Route[] = [
  ['POST', '/notify', postNotify],
  ['POST', '/notify/refund', postRefundNotify],
]
