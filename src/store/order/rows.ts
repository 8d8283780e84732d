/** Converts rows to domain objects and back. No other layer sees column names or NULL. */
import {
  formatOutTradeNo,
  type OutTradeNo,
  parseOutTradeNo,
  type TransactionId,
} from '../../core/ids.ts'
import { toFen } from '../../core/money.ts'
import { type Attempt, type AttemptState, isLive, type SignType } from '../../core/order/attempt.ts'
import type { Order, OrderState, Terms } from '../../core/order/order.ts'
import type { BookedPayment } from '../../core/order/payment.ts'
import {
  type Refund,
  type RefundAccount,
  type RefundSource,
  type RefundState,
  toOutRefundNo,
} from '../../core/order/refund.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { invariant } from '../../lib/result.ts'
import {
  integer,
  optionalInteger,
  optionalText,
  optionalTime,
  orNull,
  text,
  time,
} from '../d1/columns.ts'
import type { Row, Value } from '../d1/database.ts'
import { earlierActorOfRefund } from '../d1/earlier-actors.ts'

/**
 * Splits an out_trade_no into the key of the attempt's row: the ordercode, and the number of the attempt.
 *
 * @throws when `outTradeNo` does not have our format.
 */
export function keyOf(outTradeNo: OutTradeNo): Readonly<{ ordercode: string; number: number }> {
  const key = parseOutTradeNo(outTradeNo)
  invariant(key !== undefined, 'an attempt has an out_trade_no in our format')
  return key
}

/** Reads a row of `orders`. */
export function orderFromRow(row: Row): Order {
  return {
    ordercode: text(row, 'ordercode'),
    state: text(row, 'state') as OrderState,
    revision: integer(row, 'revision'),
    terms: {
      totalFee: toFen(integer(row, 'total_fee')),
      body: text(row, 'body'),
      attach: optionalText(row, 'attach'),
      detail: optionalText(row, 'detail'),
      goodsTag: optionalText(row, 'goods_tag'),
      limitPay: optionalText(row, 'limit_pay'),
      openid: optionalText(row, 'openid'),
      expiresIn: integer(row, 'expires_in'),
    },
    createdAt: time(row, 'created_at'),
    expiresAt: time(row, 'expires_at'),
    extended: integer(row, 'extended') === 1,
    transactionId: optionalText(row, 'transaction_id') as TransactionId | undefined,
    paidAt: optionalTime(row, 'paid_at'),
    closedAt: optionalTime(row, 'closed_at'),
    recoveredAt: optionalTime(row, 'recovered_at'),
  }
}

/** Makes the row of an order. @param dueAt When the cron must next check the order; undefined for never. */
export function rowFromOrder(order: Order, dueAt: UnixSeconds | undefined): Record<string, Value> {
  const { terms } = order
  return {
    ordercode: order.ordercode,
    state: order.state,
    revision: order.revision,
    total_fee: terms.totalFee,
    body: terms.body,
    attach: orNull(terms.attach),
    detail: orNull(terms.detail),
    goods_tag: orNull(terms.goodsTag),
    limit_pay: orNull(terms.limitPay),
    openid: orNull(terms.openid),
    expires_in: terms.expiresIn,
    created_at: order.createdAt,
    expires_at: order.expiresAt,
    extended: order.extended ? 1 : 0,
    transaction_id: orNull(order.transactionId),
    paid_at: orNull(order.paidAt),
    closed_at: orNull(order.closedAt),
    due_at: orNull(dueAt),
  }
}

/**
 * The texts of an attempt that are not stored while they are those of its order: a live attempt is closed before the
 * terms of its order change.
 */
const TEXTS = ['body', 'attach', 'detail', 'goodsTag', 'limitPay'] as const

/**
 * Reads a row of `attempts`. An attempt that is over has no texts, address, notify_url and prepay_id of its own: they are
 * needed only to send it again.
 *
 * @param order The terms of its order.
 */
export function attemptFromRow(row: Row, order: Terms): Attempt {
  const number = integer(row, 'number')
  // WeChat requires a body, so that an empty one says that the order has the texts.
  const isStored = text(row, 'body') !== ''
  return {
    outTradeNo: formatOutTradeNo(text(row, 'ordercode'), number),
    number,
    state: text(row, 'state') as AttemptState,
    terms: {
      appid: text(row, 'appid'),
      mchId: text(row, 'mch_id'),
      openid: text(row, 'openid'),
      spbillCreateIp: text(row, 'spbill_create_ip'),
      totalFee: toFen(integer(row, 'total_fee')),
      body: isStored ? text(row, 'body') : order.body,
      attach: isStored ? optionalText(row, 'attach') : order.attach,
      detail: isStored ? optionalText(row, 'detail') : order.detail,
      goodsTag: isStored ? optionalText(row, 'goods_tag') : order.goodsTag,
      limitPay: isStored ? optionalText(row, 'limit_pay') : order.limitPay,
      notifyUrl: text(row, 'notify_url'),
      signType: text(row, 'sign_type') as SignType,
      timeStart: time(row, 'time_start'),
      timeExpire: time(row, 'time_expire'),
    },
    sentAt: time(row, 'sent_at'),
    answeredAt: optionalTime(row, 'answered_at'),
    unansweredAt: optionalTime(row, 'unanswered_at'),
    prepayId: optionalText(row, 'prepay_id'),
    prepayExpiresAt: optionalTime(row, 'prepay_expires_at'),
    codeHash: optionalText(row, 'code_hash'),
    codeAt: optionalTime(row, 'code_at'),
    closedAt: optionalTime(row, 'closed_at'),
  }
}

/**
 * Makes the row of an attempt.
 *
 * @param dueAt When the cron must next query WeChat about it; undefined for never.
 */
export function rowFromAttempt(
  order: Pick<Order, 'ordercode' | 'terms'>,
  attempt: Attempt,
  dueAt: UnixSeconds | undefined,
): Record<string, Value> {
  const { terms } = attempt
  const isOver = !isLive(attempt)
  const isStored = !isOver && TEXTS.some((name) => terms[name] !== order.terms[name])
  return {
    ordercode: order.ordercode,
    number: attempt.number,
    state: attempt.state,
    appid: terms.appid,
    mch_id: terms.mchId,
    openid: terms.openid,
    spbill_create_ip: isOver ? '' : terms.spbillCreateIp,
    total_fee: terms.totalFee,
    body: isStored ? terms.body : '',
    attach: isStored ? orNull(terms.attach) : null,
    detail: isStored ? orNull(terms.detail) : null,
    goods_tag: isStored ? orNull(terms.goodsTag) : null,
    limit_pay: isStored ? orNull(terms.limitPay) : null,
    notify_url: isOver ? '' : terms.notifyUrl,
    sign_type: terms.signType,
    time_start: terms.timeStart,
    time_expire: terms.timeExpire,
    sent_at: attempt.sentAt,
    answered_at: orNull(attempt.answeredAt),
    unanswered_at: orNull(attempt.unansweredAt),
    prepay_id: isOver && attempt.prepayId !== undefined ? '' : orNull(attempt.prepayId),
    prepay_expires_at: orNull(attempt.prepayExpiresAt),
    code_hash: orNull(attempt.codeHash),
    code_at: orNull(attempt.codeAt),
    closed_at: orNull(attempt.closedAt),
    due_at: orNull(dueAt),
  }
}

/** The assignments that make the row of an attempt that is over. See {@link rowFromAttempt}. */
export const WITHOUT_SENDING =
  "spbill_create_ip = '', notify_url = '', prepay_id = iif(prepay_id IS NULL, NULL, ''), " +
  "body = '', attach = NULL, detail = NULL, goods_tag = NULL, limit_pay = NULL"

/** Reads a row of `payments`. @param attempts The attempts of its order. The payment has the ids of its attempt. */
export function paymentFromRow(row: Row, attempts: readonly Attempt[]): BookedPayment {
  const cashFee = optionalInteger(row, 'cash_fee')
  const number = integer(row, 'number')
  const attempt = attempts.find((each) => each.number === number)
  invariant(attempt !== undefined, 'a payment has its attempt')
  return {
    appid: attempt.terms.appid,
    mchId: attempt.terms.mchId,
    transactionId: text(row, 'transaction_id') as TransactionId,
    outTradeNo: attempt.outTradeNo,
    openid: text(row, 'openid'),
    tradeType: text(row, 'trade_type'),
    feeType: text(row, 'fee_type'),
    totalFee: toFen(integer(row, 'total_fee')),
    cashFee: cashFee === undefined ? undefined : toFen(cashFee),
    bankType: optionalText(row, 'bank_type'),
    paidAt: time(row, 'paid_at'),
    returned: integer(row, 'returned') === 1,
    confirmedAt: optionalTime(row, 'confirmed_at'),
  }
}

/**
 * Reads the state of a refund. A cancelled refund is stored as `closed` with a `cancelled_at`, because the
 * table's CHECK has no other state for it.
 */
const refundState = (row: Row): RefundState =>
  row['state'] === 'closed' && row['cancelled_at'] !== null
    ? 'cancelled'
    : (text(row, 'state') as RefundState)

/** Reads the account of a refund. A refund that was requested here has WeChat's default if the row has none. */
const refundAccount = (row: Row): RefundAccount | undefined =>
  row['source'] === 'merchant_platform'
    ? undefined
    : ((optionalText(row, 'refund_account') ?? 'unsettled') as RefundAccount)

/** Reads a row of `refunds`. @param payments The payments of its order. The refund has the ids of its payment. */
export function refundFromRow(row: Row, payments: readonly BookedPayment[]): Refund {
  const transactionId = text(row, 'transaction_id') as TransactionId
  const payment = payments.find((each) => each.transactionId === transactionId)
  invariant(payment !== undefined, 'a refund has its payment')
  return {
    outRefundNo: toOutRefundNo(text(row, 'out_refund_no')),
    transactionId,
    appid: payment.appid,
    mchId: payment.mchId,
    state: refundState(row),
    refundFee: toFen(integer(row, 'refund_fee')),
    totalFee: toFen(integer(row, 'total_fee')),
    reason: optionalText(row, 'reason'),
    notifyUrl: optionalText(row, 'notify_url'),
    account: refundAccount(row),
    source: text(row, 'source') as RefundSource,
    actor: optionalText(row, 'actor') ?? earlierActorOfRefund(text(row, 'source') as RefundSource),
    requestedAt: time(row, 'requested_at'),
    startedAt: optionalTime(row, 'started_at'),
    acceptedAt: optionalTime(row, 'accepted_at'),
    endedAt: optionalTime(row, 'ended_at'),
    cancelledAt: optionalTime(row, 'cancelled_at'),
    refundId: optionalText(row, 'refund_id'),
    receivedBy: optionalText(row, 'received_by'),
    errCode: optionalText(row, 'err_code'),
    errCodeDes: optionalText(row, 'err_code_des'),
  }
}
