import type { Coupon } from './ledger.ts'

// What WeChat knows about refunds. Like orders they are never changed in place: whoever holds one holds a snapshot.
//
//   refund accepted ──▶ PROCESSING ──▶ SUCCESS        the money is with the payer
//                           ├──▶ CHANGE ──▶ SUCCESS   the card is gone; the merchant sends the money by hand
//                           └──▶ REFUNDCLOSE          the money stays with the merchant and can be refunded again

export type RefundStatus = 'PROCESSING' | 'SUCCESS' | 'CHANGE' | 'REFUNDCLOSE'

/** What a refund can become; PROCESSING is how it begins. */
export type SettledStatus = Exclude<RefundStatus, 'PROCESSING'>

export type StatusChange = { readonly status: RefundStatus; readonly at: number }

/** Money on its way back. All fees in fen. */
export type SimulatedRefund = {
  readonly outRefundNo: string
  readonly refundId: string
  readonly outTradeNo: string
  readonly transactionId: string
  /** The order's amount. */
  readonly totalFee: number
  /** What was asked for. */
  readonly refundFee: number
  /** What the merchant pays for it: the amount less its share of free (NO_CASH) coupons. */
  readonly settlementRefundFee: number
  /** What the payer's purse gets: the amount less the shares of all coupons. */
  readonly cashRefundFee: number
  /** The share of each coupon in this refund, by the coupon's place in the payment; 0 is possible. */
  readonly coupons: readonly Coupon[]
  readonly status: RefundStatus
  /** How it came to be what it is, oldest first. Times in epoch milliseconds. */
  readonly steps: readonly StatusChange[]
  readonly source: 'API' | 'VENDOR_PLATFORM'
  readonly account: string
  readonly channel: 'ORIGINAL' | 'OTHER_BANKCARD'
  readonly receivedIn: string
  /** The request's own notify_url, if it had one. */
  readonly notifyUrl?: string
  /** Epoch milliseconds; the bill of this Beijing day lists it. */
  readonly appliedAt: number
  /** Every parameter that a repeated request must have again; empty for a refund made on the platform. */
  readonly parameters: ReadonlyMap<string, string>
}

/** What may become of a refund. SUCCESS and REFUNDCLOSE are final. */
export const TRANSITIONS: Readonly<Record<RefundStatus, readonly SettledStatus[]>> = {
  PROCESSING: ['SUCCESS', 'CHANGE', 'REFUNDCLOSE'],
  CHANGE: ['SUCCESS'],
  SUCCESS: [],
  REFUNDCLOSE: [],
}

/** Whether its money counts against the order: all but a closed one's. */
export function isLiveRefund({ status }: SimulatedRefund): boolean {
  return status !== 'REFUNDCLOSE'
}

/** How a refund stood at that moment, whatever became of it since. */
export function statusAt({ steps }: SimulatedRefund, at: number): RefundStatus {
  return steps.findLast((step) => step.at <= at)?.status ?? 'PROCESSING'
}

/** When the money arrived, in epoch milliseconds. */
export function successAt({ steps }: SimulatedRefund): number | undefined {
  return steps.find(({ status }) => status === 'SUCCESS')?.at
}
export const UNSETTLED_FUNDS = 'REFUND_SOURCE_UNSETTLED_FUNDS'
export const RECHARGE_FUNDS = 'REFUND_SOURCE_RECHARGE_FUNDS'
