/** The schemas that have a name in the document, and so in clients. */
import { Recovery as RecoveryInput } from '../../src/routes/operator/recover.ts'
import { PayInput } from '../../src/routes/payer/pay.ts'
import { TermsInput } from '../../src/routes/shop/orders.ts'
import { RefundInput } from '../../src/routes/shop/refunds.ts'
import { Resolution } from '../../src/routes/shop/reviews.ts'
import { Bill, Difference } from './bill.ts'
import { Delivery, Doctor, Health, Recovery, Run } from './operation.ts'
import { Attempt, Order, OrderEvent, Payment, QueriedOrder, Refund, Review } from './order.ts'
import { PayParameters, PayResult } from './pay.ts'
import { Problem } from './problem.ts'
import { Alert, RefundNews } from './webhook.ts'

export const NAMED = {
  // What is sent to the Worker. These schemas check it.
  PayRequest: PayInput,
  OrderTerms: TermsInput,
  RefundRequest: RefundInput,
  Resolution,
  RecoveryRequest: RecoveryInput,
  // What the Worker answers.
  PayParameters,
  PayResult,
  Order,
  QueriedOrder,
  OrderEvent,
  Attempt,
  Payment,
  Refund,
  RefundNews,
  Review,
  Bill,
  Difference,
  Delivery,
  Run,
  Recovery,
  Health,
  Doctor,
  Alert,
  Problem,
} as const

/** What the fields of inputs mean. The Worker does not need to know, so its schemas do not say. */
export const MEANINGS = {
  PayRequest: { code: 'from wx.login' },
  OrderTerms: {
    total_fee: 'fen',
    body: 'what the payer sees at the cashier',
    attach: 'for the shop; WeChat shows it in the bill',
    openid: 'the only payer who may pay; without it each may',
    expires_in: 'seconds from the registration',
  },
  RefundRequest: {
    refund_fee: 'fen',
    reason: 'WeChat shows it to the payer',
    refund_account: 'unsettled is the default',
    transaction_id: 'the payment; by default the one that made the order paid',
  },
  Resolution: { action: 'accept records the payment, refund returns it' },
  RecoveryRequest: { since: 'the time to which the database was restored' },
} as const satisfies Partial<Record<keyof typeof NAMED, Readonly<Record<string, string>>>>
