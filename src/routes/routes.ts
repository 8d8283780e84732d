import { OPERATOR_ROUTES } from './operator/routes.ts'
import { PAYER_ROUTES } from './payer/routes.ts'
import { SHOP_ROUTES } from './shop/routes.ts'
import { WECHAT_ROUTES } from './wechat/routes.ts'

/** All routes. The router matches them in this order; `openapi.json` is made from the same table. */
export const ROUTES = [
  ...PAYER_ROUTES,
  ...WECHAT_ROUTES,
  ...SHOP_ROUTES,
  ...OPERATOR_ROUTES,
] as const
