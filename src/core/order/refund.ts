/**
 * A refund: one `out_refund_no` at WeChat for a payment, or a part of it.
 *
 *     requested ──accepted──▶ processing ──▶ succeeded
 *         │                       ├──▶ abnormal ──▶ succeeded | closed
 *         └──▶ refused            └──▶ closed
 *
 * Its amount is reserved from `requested` on; only `refused` and `closed` release it. WeChat's later report
 * that money moved overrules both. If the operator gives a refund up, it becomes `refused`, also from
 * `processing`.
 */
import type { TransactionId } from '../ids.ts'
import { type Fen, toFen } from '../money.ts'
import type { UnixSeconds } from '../time.ts'

declare const outRefundNo: unique symbol
/** WeChat's `out_refund_no` of one refund, unique for the whole merchant. */
export type OutRefundNo = string & { readonly [outRefundNo]: true }

/**
 * `requested`: reserved, and not accepted by WeChat yet. `processing`: accepted. `refused`: WeChat refused it
 * for good, or the operator gave it up. `abnormal`: the payer's card cannot take the money. `closed`: WeChat
 * ended it without returning money.
 */
export type RefundState =
  'requested' | 'processing' | 'succeeded' | 'refused' | 'abnormal' | 'closed'

/**
 * Who requested a refund. `automatic`: our own rules. `operator`: in a review. `merchant_platform`: not
 * through this Worker, which only found it at WeChat.
 */
export type RefundSource = 'shop' | 'operator' | 'automatic' | 'merchant_platform'

/** A refund as stored. */
export type Refund = Readonly<{
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  state: RefundState
  refundFee: Fen
  /** The amount of the whole payment, which WeChat compares. */
  totalFee: Fen
  /** Shown to the payer. */
  reason: string | undefined
  /** Where WeChat sends the refund notice; frozen like everything that is sent with the number. */
  notifyUrl: string | undefined
  source: RefundSource
  requestedAt: UnixSeconds
  /** When it was first sent; undefined while it waits for other refunds of the payment. */
  startedAt: UnixSeconds | undefined
  /** When we learned that WeChat accepted it. */
  acceptedAt: UnixSeconds | undefined
  /** When it became succeeded (by WeChat's clock), refused or closed. */
  endedAt: UnixSeconds | undefined
  /** WeChat's `refund_id`. */
  refundId: string | undefined
  /** Where the money went, as WeChat states it: `招商银行信用卡0403`. */
  receivedBy: string | undefined
  /** WeChat's last refusal. As long as the refund is `requested`, the reason why it waits. */
  errCode: string | undefined
  errCodeDes: string | undefined
}>

/** WeChat's report about a refund that it knows. */
export type RefundRecord = Readonly<{
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  refundId: string
  refundFee: Fen
  status: 'processing' | 'succeeded' | 'closed' | 'abnormal'
  succeededAt: UnixSeconds | undefined
  receivedBy: string | undefined
}>

/** The maximum number of refunds of one payment, which WeChat sets. */
export const REFUNDS_MAX = 50
const OUT_REFUND_NO = /^[0-9A-Za-z_*@|-]{1,64}$/
/** The prefix of the refund numbers that this Worker makes itself. The shop may not use it. */
const AUTOMATIC = 'auto*'

/** @returns undefined for a text that cannot be an `out_refund_no`. */
export const parseOutRefundNo = (text: string): OutRefundNo | undefined =>
  OUT_REFUND_NO.test(text) ? (text as OutRefundNo) : undefined

/** Casts the `out_refund_no` of an authentic message, without a check. */
export const toOutRefundNo = (text: string): OutRefundNo => text as OutRefundNo

/** Whether this Worker made the number. */
export const isAutomatic = (number: OutRefundNo): boolean => number.startsWith(AUTOMATIC)

/**
 * The number of a payment's automatic refund. It derives from the payment, so concurrent requests make one
 * refund.
 */
export const automaticOutRefundNo = (transactionId: TransactionId): OutRefundNo =>
  `${AUTOMATIC}${transactionId}` as OutRefundNo

/** A new refund in its first state: reserved, and not sent. */
export const requestedRefund = (
  payment: Pick<Refund, 'transactionId' | 'totalFee'>,
  request: Pick<Refund, 'outRefundNo' | 'refundFee' | 'reason' | 'notifyUrl' | 'source'>,
  now: UnixSeconds,
): Refund => ({
  outRefundNo: request.outRefundNo,
  transactionId: payment.transactionId,
  state: 'requested',
  refundFee: request.refundFee,
  totalFee: payment.totalFee,
  reason: request.reason,
  notifyUrl: request.notifyUrl,
  source: request.source,
  requestedAt: now,
  startedAt: undefined,
  acceptedAt: undefined,
  endedAt: undefined,
  refundId: undefined,
  receivedBy: undefined,
  errCode: undefined,
  errCodeDes: undefined,
})

type HasState = Pick<Refund, 'state'>

/** Whether the refund's amount counts against its payment. */
export const isReserved = ({ state }: HasState): boolean =>
  state !== 'refused' && state !== 'closed'

/** Whether the refund has come to an end, so that it is not sent or queried any more. */
export const isFinal = (refund: HasState): boolean =>
  refund.state === 'succeeded' || !isReserved(refund)

const sum = (refunds: readonly Refund[]): Fen =>
  toFen(refunds.reduce((total, { refundFee }) => total + refundFee, 0))

/** The refunds of one of the order's payments. */
export const ofPayment = (
  refunds: readonly Refund[],
  transactionId: TransactionId,
): readonly Refund[] => refunds.filter((refund) => refund.transactionId === transactionId)

/** The sum in fen of all refunds that went back or may still go back. */
export const reservedFee = (refunds: readonly Refund[]): Fen => sum(refunds.filter(isReserved))

/** The sum in fen of all refunds that went back. */
export const refundedFee = (refunds: readonly Refund[]): Fen =>
  sum(refunds.filter(({ state }) => state === 'succeeded'))

/** The sum in fen of all refunds that may still go back. */
export const refundingFee = (refunds: readonly Refund[]): Fen =>
  toFen(reservedFee(refunds) - refundedFee(refunds))
