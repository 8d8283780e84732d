import { CLOSE_ORDER } from '../endpoints/close-order.ts'
import { ORDER_QUERY } from '../endpoints/order-query.ts'
import { REFUND_QUERY } from '../endpoints/refund-query.ts'
import { REFUND } from '../endpoints/refund.ts'
import { UNIFIED_ORDER } from '../endpoints/unified-order.ts'
import type { PayEndpoint } from '../protocol/endpoint.ts'

/** The path of jscode2session on api.weixin.qq.com. */
export const LOGIN_PATH = '/sns/jscode2session'

/** The path below which every endpoint requires the merchant's certificate. */
export const CERTIFICATE_ROOT = '/secapi/'

/**
 * The endpoints with signed XML, by path. The host is ignored, because api.mch.weixin.qq.com and api2.mch.weixin.qq.com serve
 * the same endpoints.
 */
export const PAY_ENDPOINTS: ReadonlyMap<string, PayEndpoint> = new Map([
  ['/pay/unifiedorder', UNIFIED_ORDER],
  ['/pay/orderquery', ORDER_QUERY],
  ['/pay/closeorder', CLOSE_ORDER],
  ['/secapi/pay/refund', REFUND],
  ['/pay/refundquery', REFUND_QUERY],
])
