import type { Route } from '../http/routes.ts'
import { postNotify, postRefundNotify } from './notices.ts'

/** The routes that WeChat calls with its notices. */
export const WECHAT_ROUTES = [
  { method: 'POST', path: '/notify', access: 'wechat', handler: postNotify },
  { method: 'POST', path: '/notify/refund', access: 'wechat', handler: postRefundNotify },
] as const satisfies readonly Route[]
