import type { Coupon } from './ledger.ts'

// What WeChat knows about refunds. Like an order, a refund object is never changed in place, so a caller holds a snapshot.
//
//   refund accepted ──▶ PROCESSING ──▶ SUCCESS        the payer has the money
//                           ├──▶ CHANGE ──▶ SUCCESS   the payer's card no longer exists; the merchant sends the money manually
//                           └──▶ REFUNDCLOSE          the merchant keeps the money and can refund it again

/** The values of `refund_status`, as refundquery reports it. */
export type RefundStatus = 'PROCESSING' | 'SUCCESS' | 'CHANGE' | 'REFUNDCLOSE'

/** The statuses to which a refund can change: all but PROCESSING, in which a refund begins. */
export type SettledStatus = Exclude<RefundStatus, 'PROCESSING'>

/** One status of a refund. `at` is when the refund entered the status, in epoch milliseconds. */
export type StatusChange = { readonly status: RefundStatus; readonly at: number }

/** A snapshot of a refund, as WeChat stores it. All fees are in fen. The control interface prints it as JSON. */
export type SimulatedRefund = {
  readonly outRefundNo: string
  readonly refundId: string
  readonly outTradeNo: string
  readonly transactionId: string
  /** The amount of the refunded order, in fen. */
  readonly totalFee: number
  /** The amount of the refund in fen, as the shop requested it. */
  readonly refundFee: number
  /** What the merchant pays: the refund's amount less the part that goes to NO_CASH coupons. */
  readonly settlementRefundFee: number
  /** What the payer gets in cash: the refund's amount less the parts that go to coupons. */
  readonly cashRefundFee: number
  /** The part of the refund that goes to each coupon, in the order of the payment's coupons. `fee` can be 0. */
  readonly coupons: readonly Coupon[]
  readonly status: RefundStatus
  /** Every status that this refund has had, with its time, oldest first. */
  readonly steps: readonly StatusChange[]
  readonly source: 'API' | 'VENDOR_PLATFORM'
  /** The `refund_account` from which the merchant pays the refund. */
  readonly account: RefundAccount
  readonly channel: 'ORIGINAL' | 'OTHER_BANKCARD'
  readonly receivedIn: string
  /** The notify_url of the refund's request; absent if the request had none. */
  readonly notifyUrl?: string
  /** When the refund was requested, in epoch milliseconds. The bill of this Beijing day lists the refund. */
  readonly appliedAt: number
  /** Every parameter that a repeated request for this refund must repeat. Empty for a refund made on the merchant platform. */
  readonly parameters: ReadonlyMap<string, string>
}

/** Which statuses can follow each status. SUCCESS and REFUNDCLOSE are final. */
export const TRANSITIONS: Readonly<Record<RefundStatus, readonly SettledStatus[]>> = {
  PROCESSING: ['SUCCESS', 'CHANGE', 'REFUNDCLOSE'],
  CHANGE: ['SUCCESS'],
  SUCCESS: [],
  REFUNDCLOSE: [],
}

/** Whether the refund reduces what can still be refunded of the order: true for every status but REFUNDCLOSE. */
export function isLiveRefund({ status }: SimulatedRefund): boolean {
  return status !== 'REFUNDCLOSE'
}

/** The status that a refund had at the time `at`, in epoch milliseconds. */
export function statusAt({ steps }: SimulatedRefund, at: number): RefundStatus {
  return steps.findLast((step) => step.at <= at)?.status ?? 'PROCESSING'
}

/** When the payer got the money, in epoch milliseconds; `undefined` if the payer does not have it yet. */
export function successAt({ steps }: SimulatedRefund): number | undefined {
  return steps.find(({ status }) => status === 'SUCCESS')?.at
}

/**
 * The default value of `refund_account`: the merchant pays the refund from payments that WeChat has not settled with the
 * merchant yet.
 */
export const UNSETTLED_FUNDS = 'REFUND_SOURCE_UNSETTLED_FUNDS'
/** The value of `refund_account` with which the merchant pays the refund from its available balance at WeChat. */
export const RECHARGE_FUNDS = 'REFUND_SOURCE_RECHARGE_FUNDS'
/** The values of `refund_account`. */
export const REFUND_ACCOUNTS = [UNSETTLED_FUNDS, RECHARGE_FUNDS] as const
/** One of `REFUND_ACCOUNTS`: the account from which the merchant pays a refund. */
export type RefundAccount = (typeof REFUND_ACCOUNTS)[number]
