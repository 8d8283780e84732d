import { invariant } from '../lib/result.ts'

declare const outTradeNo: unique symbol
/** The number of one attempt at WeChat: the ordercode itself, or `ordercode*2` … `ordercode*20`. */
export type OutTradeNo = string & { readonly [outTradeNo]: true }

declare const transactionId: unique symbol
/** WeChat's number of one payment; 28 digits today, 32 characters at most. Always text. */
export type TransactionId = string & { readonly [transactionId]: true }

/** Every order may be tried at WeChat under this many numbers. */
export const ATTEMPTS_MAX = 20

const ORDERCODE = /^[0-9A-Za-z_-]{6,28}$/
const OPENID = /^[0-9A-Za-z_-]{1,128}$/

export const isOrdercode = (text: string): boolean => ORDERCODE.test(text)
export const isOpenid = (text: string): boolean => OPENID.test(text)

/** 28 characters of ordercode and `*20` fit WeChat's 32. `number` counts from 1. */
export function formatOutTradeNo(ordercode: string, number: number): OutTradeNo {
  invariant(number >= 1 && number <= ATTEMPTS_MAX, `attempt number out of range: ${number}`)
  return (number === 1 ? ordercode : `${ordercode}*${number}`) as OutTradeNo
}

/** @returns `undefined` for a number that we cannot have made: another system of the merchant did. */
export function parseOutTradeNo(
  text: string,
): Readonly<{ ordercode: string; number: number }> | undefined {
  const [ordercode = '', suffix, ...rest] = text.split('*')
  const number = suffix === undefined ? 1 : Number(suffix)
  const ours = isOrdercode(ordercode) && rest.length === 0 && (suffix === undefined || number >= 2)
  if (!ours || !Number.isInteger(number) || number > ATTEMPTS_MAX) return undefined
  return formatOutTradeNo(ordercode, number) === text ? { ordercode, number } : undefined
}

/** For a number read from an authentic message. */
export const toOutTradeNo = (text: string): OutTradeNo => text as OutTradeNo

/** @returns `undefined` for text that cannot be WeChat's number of a payment. */
export function parseTransactionId(text: string): TransactionId | undefined {
  return /^[0-9A-Za-z]{1,32}$/.test(text) ? (text as TransactionId) : undefined
}
