/** The pages of the console and the forms on them, by path. */
import type { ActionHandler, PageHandler } from './http/visit.ts'
import { askWeChat, closeOrder } from './actions/order.ts'
import { showClose } from './pages/close.ts'
import { showOrder } from './pages/order.ts'
import { showOrders } from './pages/orders.ts'
import { showOverview } from './pages/overview.ts'

/** What a GET shows. */
export const PAGES: readonly (readonly [path: string, handler: PageHandler])[] = [
  ['/console', showOverview],
  ['/console/orders', showOrders],
  ['/console/orders/:ordercode', showOrder],
  ['/console/orders/:ordercode/close', showClose],
]

/** What a POST does. */
export const ACTIONS: readonly (readonly [path: string, handler: ActionHandler])[] = [
  ['/console/orders/:ordercode/query', askWeChat],
  ['/console/orders/:ordercode/close', closeOrder],
]
