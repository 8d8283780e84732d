import { CLOSE_ORDER } from './close-order.ts'
import type { PayEndpoint } from './endpoint.ts'
import { ORDER_QUERY } from './order-query.ts'
import { UNIFIED_ORDER } from './unified-order.ts'

export const LOGIN_PATH = '/sns/jscode2session'

/** The payment API by path; hosts do not matter, api and api2 serve the same. */
export const PAY_ENDPOINTS: ReadonlyMap<string, PayEndpoint> = new Map([
  ['/pay/unifiedorder', UNIFIED_ORDER],
  ['/pay/orderquery', ORDER_QUERY],
  ['/pay/closeorder', CLOSE_ORDER],
])
