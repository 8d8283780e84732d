import type { Coupon } from './ledger.ts'

// What WeChat knows about refunds. Like an order, a refund is never changed in place: a caller that holds one holds a snapshot.
//
//   refund accepted ──▶ PROCESSING ──▶ SUCCESS        the payer has the money
//                           ├──▶ CHANGE ──▶ SUCCESS   the payer's card no longer exists; the merchant sends the money manually
//                           └──▶ REFUNDCLOSE          the merchant keeps the money and can refund it again

/** `refund_status` as refundquery reports it. */
export type RefundStatus = 'PROCESSING' | 'SUCCESS' | 'CHANGE' | 'REFUNDCLOSE'

/** Every status but PROCESSING, in which a refund begins. */
export type SettledStatus = Exclude<RefundStatus, 'PROCESSING'>

/** When a refund entered a status; `at` in epoch milliseconds. */
export type StatusChange = { readonly status: RefundStatus; readonly at: number }

/** A refund as WeChat stores it: a snapshot. All fees in fen. The control interface prints it as JSON. */
export type SimulatedRefund = {
  readonly outRefundNo: string
  readonly refundId: string
  readonly outTradeNo: string
  readonly transactionId: string
  /** The order's amount. */
  readonly totalFee: number
  /** The amount that the shop requested. */
  readonly refundFee: number
  /** What the merchant pays: the amount less the part that falls to NO_CASH coupons. */
  readonly settlementRefundFee: number
  /** What the payer gets in cash: the amount less the parts that fall to coupons. */
  readonly cashRefundFee: number
  /** The part of the refund that falls to each coupon, in the order of the payment's coupons; `fee` can be 0. */
  readonly coupons: readonly Coupon[]
  readonly status: RefundStatus
  /** Every status of this refund so far, oldest first. */
  readonly steps: readonly StatusChange[]
  readonly source: 'API' | 'VENDOR_PLATFORM'
  readonly account: string
  readonly channel: 'ORIGINAL' | 'OTHER_BANKCARD'
  readonly receivedIn: string
  /** The notify_url of the request, if the request had one. */
  readonly notifyUrl?: string
  /** Epoch milliseconds; the bill of this Beijing day lists it. */
  readonly appliedAt: number
  /** Every parameter that a repeated request must repeat; empty for a refund made on the platform. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Which status can follow which. SUCCESS and REFUNDCLOSE are final. */
export const TRANSITIONS: Readonly<Record<RefundStatus, readonly SettledStatus[]>> = {
  PROCESSING: ['SUCCESS', 'CHANGE', 'REFUNDCLOSE'],
  CHANGE: ['SUCCESS'],
  SUCCESS: [],
  REFUNDCLOSE: [],
}

/** Whether the refund's amount counts against the order: true for every status but REFUNDCLOSE. */
export function isLiveRefund({ status }: SimulatedRefund): boolean {
  return status !== 'REFUNDCLOSE'
}

/** The status of the refund at that time, in epoch milliseconds. */
export function statusAt({ steps }: SimulatedRefund, at: number): RefundStatus {
  return steps.findLast((step) => step.at <= at)?.status ?? 'PROCESSING'
}

/** When the payer got the money, in epoch milliseconds. */
export function successAt({ steps }: SimulatedRefund): number | undefined {
  return steps.find(({ status }) => status === 'SUCCESS')?.at
}

/** `refund_account`: the merchant pays the refund from payments that were not settled yet. The default. */
export const UNSETTLED_FUNDS = 'REFUND_SOURCE_UNSETTLED_FUNDS'
/** `refund_account`: the merchant pays the refund from its balance. */
export const RECHARGE_FUNDS = 'REFUND_SOURCE_RECHARGE_FUNDS'
