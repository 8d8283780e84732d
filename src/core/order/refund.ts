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
import { toFen, type Fen } from '../money.ts'
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from '../time.ts'

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
/** WeChat refuses refunds of one payment that begin sooner after each other. */
const PAUSE_S = MINUTE_S
/** Two deadlines, and slow networks. */
const IN_FLIGHT_S = MINUTE_S

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

/** When another refund of the same payment may begin; undefined when it may at once. */
export function nextStart(others: readonly Refund[], now: UnixSeconds): UnixSeconds | undefined {
  const free = others
    .flatMap(({ startedAt }) => (startedAt === undefined ? [] : [later(startedAt, PAUSE_S)]))
    .filter((at) => at > now)
  return free.length === 0 ? undefined : (Math.max(...free) as UnixSeconds)
}

/** A try that was not answered may still arrive, and then WeChat knows the number after all. */
export const mayBeUnderWay = (unansweredAt: UnixSeconds | undefined, now: UnixSeconds): boolean =>
  unansweredAt !== undefined && now < later(unansweredAt, IN_FLIGHT_S)

const STEPS_S = [
  MINUTE_S,
  5 * MINUTE_S,
  30 * MINUTE_S,
  2 * HOUR_S,
  ...Array.from({ length: 30 }, (_, day) => (day + 1) * DAY_S).filter((at) => at !== 2 * DAY_S),
]

/**
 * The next rung after `now`: 1, 5, 30 minutes, 2 hours, 1 day, 3 days, then daily up to 30 days.
 *
 * @returns undefined when the ladder is used up, and a person must look.
 */
export function nextRefundRung(from: UnixSeconds, now: UnixSeconds): UnixSeconds | undefined {
  const step = STEPS_S.find((seconds) => later(from, seconds) > now)
  return step === undefined ? undefined : later(from, step)
}

/** When a refund is to be sent, or asked about, next. `others` are those of the same payment. */
export function refundDue(
  refund: Refund,
  others: readonly Refund[],
  now: UnixSeconds,
): UnixSeconds | undefined {
  if (isFinal(refund)) return undefined
  if (refund.startedAt === undefined && refund.state === 'requested') {
    return nextStart(others, now) ?? now
  }
  const next = nextRefundRung(ladderOf(refund), now)
  if (refund.state !== 'requested') return next
  // What WeChat has not taken on keeps its amount reserved, so it is tried on.
  const rung = next ?? later(now, DAY_S)
  const isBusy = BUSY.includes(refund.errCode ?? '')
  return isBusy && rung > later(now, BUSY_PAUSE_S) ? later(now, BUSY_PAUSE_S) : rung
}

/** WeChat's words for "wait a minute", whatever rung it is. */
const BUSY = ['INVALID_REQ_TOO_MUCH', 'FREQUENCY_LIMITED', 'ORDER_NOT_READY']
const BUSY_PAUSE_S = 5 * MINUTE_S

/** Thirty days, and no end: a person must look. */
export const isOverdue = (refund: Refund, now: UnixSeconds): boolean =>
  !isFinal(refund) && nextRefundRung(ladderOf(refund), now) === undefined

const ladderOf = ({ acceptedAt, startedAt, requestedAt }: Refund): UnixSeconds =>
  acceptedAt ?? startedAt ?? requestedAt
