import type { OutTradeNo, TransactionId } from '../ids.ts'
import type { Fen } from '../money.ts'
import type { UnixSeconds } from '../time.ts'

/** Money that WeChat says it took: what a payment notice or a query's answer tells. */
export type Payment = Readonly<{
  transactionId: TransactionId
  outTradeNo: OutTradeNo
  openid: string
  tradeType: string
  feeType: string
  totalFee: Fen
  /** Less than `totalFee` when coupons paid a part. */
  cashFee: Fen | undefined
  bankType: string | undefined
  /** WeChat's `time_end`. */
  paidAt: UnixSeconds
}>

/** A payment on the books. `returned`: it went back, or is to go back, so that nothing is shipped for it. */
export type BookedPayment = Payment & Readonly<{ returned: boolean }>

/** How we came to know. */
export type Source = 'notice' | 'query' | 'bill' | 'operator'
