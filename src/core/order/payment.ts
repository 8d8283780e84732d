import type { OutTradeNo, TransactionId } from '../ids.ts'
import type { Fen } from '../money.ts'
import type { UnixSeconds } from '../time.ts'

/** A payment as WeChat reports it, in a payment notice or in the answer to a query. */
export type Payment = Readonly<{
  /** The mini program and merchant number in WeChat's message. Only an attempt with the same ones was paid. */
  appid: string
  mchId: string
  transactionId: TransactionId
  outTradeNo: OutTradeNo
  openid: string
  tradeType: string
  /** The currency (`fee_type`); `CNY` when WeChat's message states none. */
  feeType: string
  totalFee: Fen
  /** The amount that the payer paid: less than `totalFee` when coupons paid a part. */
  cashFee: Fen | undefined
  /** WeChat's code of the payer's bank, for example `CMC`. */
  bankType: string | undefined
  /** When the payer paid, in Unix seconds: WeChat's `time_end`. */
  paidAt: UnixSeconds
}>

/** A recorded payment. */
export type BookedPayment = Payment &
  Readonly<{
    /**
     * Whether the payment goes back. A returned payment is recorded beside its order: the order does not become
     * `paid` by it, and the shop ships nothing for it.
     */
    returned: boolean
    /**
     * When WeChat's signed answer to a query confirmed the payment; undefined while only a notice reported it.
     * An attacker who has the API key can sign a notice, so no money leaves for a payment that is not confirmed.
     */
    confirmedAt: UnixSeconds | undefined
  }>

/**
 * How we learned of a payment. `bill`: from a query that was sent because a bill has the payment. `operator`:
 * from a review in which the operator accepted or returned the payment.
 */
export type Source = 'notice' | 'query' | 'bill' | 'operator'
