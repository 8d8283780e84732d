/**
 * A refund: one `out_refund_no` at WeChat for a payment, or a part of it.
 *
 *     requested ──accepted──▶ processing ──▶ succeeded
 *         │                       ├──▶ abnormal ──▶ succeeded | closed
 *         └──▶ refused, cancelled └──▶ closed
 *
 * The refund's amount is reserved from `requested` on; only `refused`, `closed` and `cancelled` release it. If
 * WeChat reports later that money moved, the report overrules these three states.
 */
import type { Actor } from '../actor.ts'
import type { TransactionId } from '../ids.ts'
import { type Fen, toFen } from '../money.ts'
import type { UnixSeconds } from '../time.ts'

declare const outRefundNo: unique symbol
/** WeChat's `out_refund_no` of one refund, unique for the whole merchant. */
export type OutRefundNo = string & { readonly [outRefundNo]: true }

/**
 * `requested`: reserved, and not accepted by WeChat yet. `processing`: accepted. `refused`: WeChat refused
 * the refund for good, or the operator gave it up. `abnormal`: the payer's card cannot take the money.
 * `closed`: WeChat ended the refund without returning money. `cancelled`: the shop called the refund off before
 * WeChat had it. The number of a cancelled refund is spent: the refund is never sent.
 */
export type RefundState =
  'requested' | 'processing' | 'succeeded' | 'refused' | 'abnormal' | 'closed' | 'cancelled'

/** The account that pays a refund. `unsettled`, WeChat's default: payments that are not settled yet. */
export type RefundAccount = 'unsettled' | 'available'

/**
 * Who requested a refund. `automatic`: the Worker, for a late or second payment. `operator`: the operator, in
 * a review. `merchant_platform`: a person or system outside this Worker, which found the refund at WeChat.
 */
export type RefundSource = 'shop' | 'operator' | 'automatic' | 'merchant_platform'

/** A refund as stored in the table `refunds`. */
export type Refund = Readonly<{
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  /** The mini program and merchant number of the payment, under which WeChat knows the refund. */
  appid: string
  mchId: string
  state: RefundState
  refundFee: Fen
  /** The amount of the whole payment. WeChat compares it with its own record of the payment. */
  totalFee: Fen
  /** The reason that WeChat shows to the payer. */
  reason: string | undefined
  /** Where WeChat sends the refund notice. Like every parameter of a refund, it is the same on every send. */
  notifyUrl: string | undefined
  /** Undefined for a refund that was not requested here, because it is not known. */
  account: RefundAccount | undefined
  source: RefundSource
  /**
   * Who requested the refund: the shop, an operator, `system` for an automatic one, `wechat` for one that was found
   * at WeChat. Undefined until a request of the shop or of an operator is stored: the store knows who sends it.
   */
  actor: Actor | undefined
  requestedAt: UnixSeconds
  /** When the refund was first sent; undefined while it waits for other refunds of the payment. */
  startedAt: UnixSeconds | undefined
  /** When the Worker learned that WeChat accepted the refund, in Unix seconds. */
  acceptedAt: UnixSeconds | undefined
  /** When the refund became `succeeded` (by WeChat's clock), `refused`, `closed` or `cancelled`. */
  endedAt: UnixSeconds | undefined
  /** When the shop called the refund off. It stays if WeChat makes the refund nevertheless. */
  cancelledAt: UnixSeconds | undefined
  /** WeChat's own number of the refund, `refund_id`. */
  refundId: string | undefined
  /** The card or account that received the money, as WeChat names it: `招商银行信用卡0403`. */
  receivedBy: string | undefined
  /**
   * WeChat's last refusal. While the refund is `requested`,
   * this is the reason why WeChat has not accepted it yet.
   */
  errCode: string | undefined
  errCodeDes: string | undefined
}>

/** WeChat's report about one refund, from the answer to a refund call or to a query. */
export type RefundRecord = Readonly<{
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  refundId: string
  refundFee: Fen
  status: 'processing' | 'succeeded' | 'closed' | 'abnormal'
  succeededAt: UnixSeconds | undefined
  receivedBy: string | undefined
}>

/** The maximum number of refunds of one payment. WeChat sets this limit. */
export const REFUNDS_MAX = 50
/** The form of an out_refund_no. */
export const OUT_REFUND_NO = /^[0-9A-Za-z_*@|-]{1,64}$/
/** The prefix of the refund numbers that this Worker makes itself. The shop may not use it. */
const AUTOMATIC = 'auto*'

/** Reads an `out_refund_no`. @returns undefined for a text that cannot be one. */
export const parseOutRefundNo = (text: string): OutRefundNo | undefined =>
  OUT_REFUND_NO.test(text) ? (text as OutRefundNo) : undefined

/** Casts an `out_refund_no` that comes from WeChat or from the database. The text is not checked. */
export const toOutRefundNo = (text: string): OutRefundNo => text as OutRefundNo

/** Whether this Worker made the refund number, and not the shop. */
export const isAutomatic = (number: OutRefundNo): boolean => number.startsWith(AUTOMATIC)

/**
 * Makes the number of a payment's automatic refund. The number derives from the payment, so concurrent
 * requests make the same refund.
 */
export const automaticOutRefundNo = (transactionId: TransactionId): OutRefundNo =>
  `${AUTOMATIC}${transactionId}` as OutRefundNo

/** Who requests the refunds of a source; undefined for those of the shop and of operators, who sign in. */
export function actorOfSource(source: RefundSource): Actor | undefined {
  if (source === 'automatic') return 'system'
  return source === 'merchant_platform' ? 'wechat' : undefined
}

/** What a refund takes from its payment. */
type RefundedPayment = Pick<Refund, 'appid' | 'mchId' | 'transactionId' | 'totalFee'>

/** Makes a refund in its first state: its amount is reserved, and it was not sent yet. */
export const requestedRefund = (
  payment: RefundedPayment,
  request: Pick<
    Refund,
    'outRefundNo' | 'refundFee' | 'reason' | 'notifyUrl' | 'account' | 'source'
  >,
  now: UnixSeconds,
): Refund => ({
  outRefundNo: request.outRefundNo,
  transactionId: payment.transactionId,
  appid: payment.appid,
  mchId: payment.mchId,
  state: 'requested',
  refundFee: request.refundFee,
  totalFee: payment.totalFee,
  reason: request.reason,
  notifyUrl: request.notifyUrl,
  account: request.account,
  source: request.source,
  actor: actorOfSource(request.source),
  requestedAt: now,
  startedAt: undefined,
  acceptedAt: undefined,
  endedAt: undefined,
  cancelledAt: undefined,
  refundId: undefined,
  receivedBy: undefined,
  errCode: undefined,
  errCodeDes: undefined,
})

/** The automatic refund of a late or second payment, in full. The cron sends it. */
export const automaticRefund = (
  payment: RefundedPayment,
  given: Readonly<{ notifyUrl: string; reason: string }>,
  now: UnixSeconds,
): Refund => {
  const outRefundNo = automaticOutRefundNo(payment.transactionId)
  const refundFee = payment.totalFee
  const terms = { outRefundNo, refundFee, account: 'unsettled', source: 'automatic' } as const
  return requestedRefund(payment, { ...given, ...terms }, now)
}

type HasState = Pick<Refund, 'state'>

/** Whether the refund reduces what can still be refunded of its payment. */
export const isReserved = ({ state }: HasState): boolean =>
  state !== 'refused' && state !== 'closed' && state !== 'cancelled'

/**
 * Whether the refund counts against the number that WeChat allows for a payment: not if WeChat refused it or never had it.
 */
export const countsAtWeChat = ({ state }: HasState): boolean =>
  state !== 'refused' && state !== 'cancelled'

/** Whether the refund has reached a final state, so that it is not sent or queried any more. */
export const isFinal = (refund: HasState): boolean =>
  refund.state === 'succeeded' || !isReserved(refund)

type Requested = Pick<Refund, 'refundFee' | 'reason' | 'account'> &
  Readonly<{ transactionId: TransactionId | undefined }>

/**
 * Whether a request for a known refund number means that refund. Of a refund that was found at WeChat, reason and
 * account are not known: after a restore of the database, the shop must be able to repeat its request.
 */
export const sameRequest = (known: Requested & Pick<Refund, 'source'>, again: Requested): boolean =>
  known.transactionId === again.transactionId &&
  known.refundFee === again.refundFee &&
  (known.source === 'merchant_platform' ||
    (known.reason === again.reason && known.account === again.account))

/** Replaces one refund in a list by its new version. */
export const withRefund = (refunds: readonly Refund[], after: Refund): readonly Refund[] =>
  refunds.map((refund) => (refund.outRefundNo === after.outRefundNo ? after : refund))

const sum = (refunds: readonly Refund[]): Fen =>
  toFen(refunds.reduce((total, { refundFee }) => total + refundFee, 0))

/** The refunds of one of an order's payments, selected by its transaction_id. */
export const ofPayment = (
  refunds: readonly Refund[],
  transactionId: TransactionId,
): readonly Refund[] => refunds.filter((refund) => refund.transactionId === transactionId)

/** The sum in fen of all refunds that have succeeded or may still succeed. */
export const reservedFee = (refunds: readonly Refund[]): Fen => sum(refunds.filter(isReserved))

/** The sum in fen of those of the given refunds that have succeeded. */
export const refundedFee = (refunds: readonly Refund[]): Fen =>
  sum(refunds.filter(({ state }) => state === 'succeeded'))

/** The sum in fen of those of the given refunds that may still succeed. */
export const refundingFee = (refunds: readonly Refund[]): Fen =>
  toFen(reservedFee(refunds) - refundedFee(refunds))

/**
 * The amount of a payment that can still be refunded. Zero, never negative, when requested refunds and refunds
 * that were made on the merchant platform together exceed the payment.
 */
export const leftOf = (payment: Pick<Refund, 'totalFee'>, refunds: readonly Refund[]): Fen =>
  toFen(Math.max(0, payment.totalFee - reservedFee(refunds)))

/**
 * Whether a reported state is newer than the known one. WeChat reports late and repeatedly, and an older
 * report must change nothing.
 */
export function supersedes(known: RefundState, reported: RefundState): boolean {
  if (known === reported || known === 'succeeded') return false
  if (reported === 'processing') {
    return known === 'requested' || known === 'refused' || known === 'cancelled'
  }
  return known !== 'closed' || reported === 'succeeded'
}

/** What WeChat's report says about a refund. */
export function knownFrom(record: RefundRecord, now: UnixSeconds) {
  const { status: state } = record
  return {
    state,
    refundId: record.refundId,
    receivedBy: record.receivedBy,
    endedAt: isFinal({ state }) ? (record.succeededAt ?? now) : undefined,
    errCode: undefined,
    errCodeDes: undefined,
  }
}

/** Whether a payment has the money for a refund, by the refunds that WeChat has of it. */
export const fitsPayment = (refund: Refund, atWeChat: readonly RefundRecord[]): boolean =>
  atWeChat
    .filter(({ status }) => status !== 'closed')
    .reduce((sum, { refundFee }) => sum + refundFee, refund.refundFee as number) <= refund.totalFee
