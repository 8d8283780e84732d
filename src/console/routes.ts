/** The pages of the console and the forms on them, by path. */
import { rawBill, reconcile } from './actions/bill.ts'
import { runChecks } from './actions/checks.ts'
import { resend, resendAll } from './actions/delivery.ts'
import { askWeChat, closeOrder } from './actions/order.ts'
import { cancel, refund, sendAgain } from './actions/refund.ts'
import { resolve } from './actions/review.ts'
import type { ActionHandler, PageHandler } from './http/visit.ts'
import { showBill } from './pages/bill.ts'
import { showBills } from './pages/bills.ts'
import { showChecks } from './pages/checks.ts'
import { showClose } from './pages/close.ts'
import { showDeliveries } from './pages/deliveries.ts'
import { showOrder } from './pages/order.ts'
import { showOrders } from './pages/orders.ts'
import { showOverview } from './pages/overview.ts'
import { showRefund } from './pages/refund.ts'
import { showRefunds } from './pages/refunds.ts'
import { showReview, showReviews } from './pages/reviews.ts'
import { showRuns } from './pages/runs.ts'

/** What a GET shows. */
export const PAGES: readonly (readonly [path: string, handler: PageHandler])[] = [
  ['/console', showOverview],
  ['/console/orders', showOrders],
  ['/console/orders/:ordercode', showOrder],
  ['/console/orders/:ordercode/close', showClose],
  ['/console/orders/:ordercode/refund', showRefund],
  ['/console/refunds', showRefunds],
  ['/console/reviews', showReviews],
  ['/console/reviews/:id', showReview],
  ['/console/bills', showBills],
  ['/console/bills/:day', showBill],
  ['/console/bills/:day/raw', rawBill],
  ['/console/deliveries', showDeliveries],
  ['/console/runs', showRuns],
  ['/console/checks', showChecks],
]

/** What a POST does. */
export const ACTIONS: readonly (readonly [path: string, handler: ActionHandler])[] = [
  ['/console/orders/:ordercode/query', askWeChat],
  ['/console/orders/:ordercode/close', closeOrder],
  ['/console/orders/:ordercode/refund', refund],
  ['/console/orders/:ordercode/refunds/:number/cancel', cancel],
  ['/console/orders/:ordercode/refunds/:number/send', sendAgain],
  ['/console/reviews/:id', resolve],
  ['/console/bills/:day/reconcile', reconcile],
  ['/console/checks', runChecks],
  ['/console/deliveries/resend', resendAll],
  ['/console/deliveries/:id/resend', resend],
]
