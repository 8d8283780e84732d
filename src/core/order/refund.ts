/**
 * A refund: one `out_refund_no` at WeChat for a payment, or a part of it.
 *
 *     requested ──accepted──▶ processing ──▶ succeeded
 *         │                       ├──▶ abnormal ──▶ succeeded | closed
 *         └──▶ refused            └──▶ closed
 *
 * Its amount is reserved from `requested` on; only `refused` and `closed` give it free again. WeChat's
 * later word that money moved beats both.
 */
import type { TransactionId } from '../ids.ts'
import { type Fen, toFen } from '../money.ts'
import type { UnixSeconds } from '../time.ts'

declare const outRefundNo: unique symbol
/** The number of one refund, unique for the whole merchant. */
export type OutRefundNo = string & { readonly [outRefundNo]: true }

export type RefundState =
  'requested' | 'processing' | 'succeeded' | 'refused' | 'abnormal' | 'closed'

/** `automatic`: by our own rules. `merchant_platform`: by hand on WeChat's pages, and found by us. */
export type RefundSource = 'shop' | 'operator' | 'automatic' | 'merchant_platform'

export type Refund = Readonly<{
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  state: RefundState
  refundFee: Fen
  /** Of the whole payment; WeChat compares it. */
  totalFee: Fen
  /** Shown to the payer. */
  reason: string | undefined
  /** Where WeChat tells of it; frozen like all that is sent with the number. */
  notifyUrl: string | undefined
  source: RefundSource
  requestedAt: UnixSeconds
  /** When its number was first sent; undefined while it waits for its turn. */
  startedAt: UnixSeconds | undefined
  acceptedAt: UnixSeconds | undefined
  /** When it became succeeded (by WeChat's clock), refused or closed. */
  endedAt: UnixSeconds | undefined
  refundId: string | undefined
  /** Where the money went, in WeChat's words: `招商银行信用卡0403`. */
  receivedBy: string | undefined
  /** WeChat's last word against it. While it is `requested`, what keeps it waiting. */
  errCode: string | undefined
  errCodeDes: string | undefined
}>

/** What WeChat says of a refund that it knows. */
export type RefundRecord = Readonly<{
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  refundId: string
  refundFee: Fen
  status: 'processing' | 'succeeded' | 'closed' | 'abnormal'
  succeededAt: UnixSeconds | undefined
  receivedBy: string | undefined
}>

/** WeChat's own limit for one payment. */
export const REFUNDS_MAX = 50
const OUT_REFUND_NO = /^[0-9A-Za-z_*@|-]{1,64}$/
/** Numbers that we make ourselves begin so, and nobody else's do. */
const AUTOMATIC = 'auto*'

/** @returns undefined for text that cannot be the number of a refund. */
export const parseOutRefundNo = (text: string): OutRefundNo | undefined =>
  OUT_REFUND_NO.test(text) ? (text as OutRefundNo) : undefined

/** For a number read from an authentic message. */
export const toOutRefundNo = (text: string): OutRefundNo => text as OutRefundNo

export const isAutomatic = (number: OutRefundNo): boolean => number.startsWith(AUTOMATIC)

/** Derived from the payment, so that whoever asks twice refunds once. */
export const automaticOutRefundNo = (transactionId: TransactionId): OutRefundNo =>
  `${AUTOMATIC}${transactionId}` as OutRefundNo

/** As it is when it was asked for, and not sent yet. */
export const requestedRefund = (
  payment: Pick<Refund, 'transactionId' | 'totalFee'>,
  asked: Pick<Refund, 'outRefundNo' | 'refundFee' | 'reason' | 'notifyUrl' | 'source'>,
  now: UnixSeconds,
): Refund => ({
  outRefundNo: asked.outRefundNo,
  transactionId: payment.transactionId,
  state: 'requested',
  refundFee: asked.refundFee,
  totalFee: payment.totalFee,
  reason: asked.reason,
  notifyUrl: asked.notifyUrl,
  source: asked.source,
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
export const isReserved = ({ state }: HasState): boolean =>
  state !== 'refused' && state !== 'closed'
export const isFinal = (refund: HasState): boolean =>
  refund.state === 'succeeded' || !isReserved(refund)

const sum = (refunds: readonly Refund[]): Fen =>
  toFen(refunds.reduce((total, { refundFee }) => total + refundFee, 0))

export const ofPayment = (
  refunds: readonly Refund[],
  transactionId: TransactionId,
): readonly Refund[] => refunds.filter((refund) => refund.transactionId === transactionId)

/** What is on its way back, or may be. */
export const reservedFee = (refunds: readonly Refund[]): Fen => sum(refunds.filter(isReserved))
/** What is back. */
export const refundedFee = (refunds: readonly Refund[]): Fen =>
  sum(refunds.filter(({ state }) => state === 'succeeded'))

/** What is reserved, and not back yet. */
export const refundingFee = (refunds: readonly Refund[]): Fen =>
  toFen(reservedFee(refunds) - refundedFee(refunds))
