import { CLOSE_ORDER } from '../endpoints/close-order.ts'
import { ORDER_QUERY } from '../endpoints/order-query.ts'
import { REFUND_QUERY } from '../endpoints/refund-query.ts'
import { REFUND } from '../endpoints/refund.ts'
import { UNIFIED_ORDER } from '../endpoints/unified-order.ts'
import type { PayEndpoint } from '../protocol/endpoint.ts'

/** jscode2session, on api.weixin.qq.com. */
export const LOGIN_PATH = '/sns/jscode2session'

/** Paths below this one require the merchant's certificate. */
export const CERTIFICATE_ROOT = '/secapi/'

/** The payment API by path. The host does not matter: api and api2 serve the same. */
export const PAY_ENDPOINTS: ReadonlyMap<string, PayEndpoint> = new Map([
  ['/pay/unifiedorder', UNIFIED_ORDER],
  ['/pay/orderquery', ORDER_QUERY],
  ['/pay/closeorder', CLOSE_ORDER],
  ['/secapi/pay/refund', REFUND],
  ['/pay/refundquery', REFUND_QUERY],
])
