import { invariant } from '../lib/result.ts'

declare const outTradeNo: unique symbol
/** WeChat's `out_trade_no` of one attempt: the ordercode itself, or `ordercode*2` … `ordercode*20`. */
export type OutTradeNo = string & { readonly [outTradeNo]: true }

declare const transactionId: unique symbol
/**
 * WeChat's `transaction_id` of one payment: 28 digits today, 32 characters at most. Always text, because a
 * JavaScript number cannot hold 28 digits.
 */
export type TransactionId = string & { readonly [transactionId]: true }

/** The maximum number of payment attempts of one order. */
export const ATTEMPTS_MAX = 20

/** The form of an ordercode: 6 to 28 of `0-9`, `A-Z`, `a-z`, `_` and `-`. */
export const ORDERCODE = /^[0-9A-Za-z_-]{6,28}$/
/** The form of a payer's openid. */
export const OPENID = /^[0-9A-Za-z_-]{1,128}$/
/** The form of a transaction_id. */
export const TRANSACTION_ID = /^[0-9A-Za-z]{1,32}$/

/** Whether a text has the form of an ordercode. */
export const isOrdercode = (text: string): boolean => ORDERCODE.test(text)
/** Whether a text has the form of a payer's openid. */
export const isOpenid = (text: string): boolean => OPENID.test(text)

/**
 * Makes the `out_trade_no` of an order's attempt. 28
 * characters of ordercode and `*20` fit WeChat's limit of 32.
 *
 * @param number The attempt's number within the order, from 1 to {@link ATTEMPTS_MAX}.
 * @throws for any other number.
 */
export function formatOutTradeNo(ordercode: string, number: number): OutTradeNo {
  invariant(number >= 1 && number <= ATTEMPTS_MAX, `attempt number out of range: ${number}`)
  return (number === 1 ? ordercode : `${ordercode}*${number}`) as OutTradeNo
}

/**
 * Splits an `out_trade_no` into the ordercode and the number of the attempt.
 *
 * @returns `undefined` for an `out_trade_no` that only another system of the merchant can have made.
 */
export function parseOutTradeNo(
  text: string,
): Readonly<{ ordercode: string; number: number }> | undefined {
  const [ordercode = '', suffix, ...rest] = text.split('*')
  const number = suffix === undefined ? 1 : Number(suffix)
  const ours = isOrdercode(ordercode) && rest.length === 0 && (suffix === undefined || number >= 2)
  if (!ours || !Number.isInteger(number) || number > ATTEMPTS_MAX) return undefined
  return formatOutTradeNo(ordercode, number) === text ? { ordercode, number } : undefined
}

/** Casts an `out_trade_no` that comes from WeChat or from the database. The text is not checked. */
export const toOutTradeNo = (text: string): OutTradeNo => text as OutTradeNo

/** Reads a `transaction_id`. @returns `undefined` for a text that cannot be one. */
export function parseTransactionId(text: string): TransactionId | undefined {
  return TRANSACTION_ID.test(text) ? (text as TransactionId) : undefined
}
