/** All mutants. Each is a bug that a developer could write tomorrow, and that a test must notice. */
import { BILL_MUTANTS } from './bills.ts'
import { ALERT_MUTANTS, CONSOLE_MUTANTS, DOCTOR_MUTANTS } from './console.ts'
import { MERCHANT_MUTANTS } from './merchants.ts'
import type { Mutant } from './mutant.ts'
import { NOTICE_MUTANTS } from './notices.ts'
import { ORDER_MUTANTS } from './orders.ts'
import { PAYING_MUTANTS } from './paying.ts'
import { QUEUE_MUTANTS } from './queue.ts'
import { REFUND_MUTANTS } from './refunds.ts'
import { STORE_MUTANTS } from './store.ts'
import { WEBHOOK_MUTANTS } from './webhooks.ts'
import { WECHAT_MUTANTS } from './wechat.ts'

/** The list of `npm run mutants`, grouped by subject. */
export const MUTANTS: readonly Mutant[] = [
  ...NOTICE_MUTANTS,
  ...ORDER_MUTANTS,
  ...STORE_MUTANTS,
  ...PAYING_MUTANTS,
  ...WECHAT_MUTANTS,
  ...WEBHOOK_MUTANTS,
  ...QUEUE_MUTANTS,
  ...REFUND_MUTANTS,
  ...BILL_MUTANTS,
  ...MERCHANT_MUTANTS,
  ...CONSOLE_MUTANTS,
  ...ALERT_MUTANTS,
  ...DOCTOR_MUTANTS,
]
