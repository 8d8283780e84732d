import { formatBeijingTime } from './clock.ts'
import {
  drawAlphanumerics,
  drawDigits,
  drawHex,
  drawUrlSafe,
  happens,
  type Random,
} from './random.ts'

// Identifiers in the shapes of WeChat's real ones, and as long. A backend must treat all of them as opaque text: these lengths
// expose the common mistake of parsing a transaction_id as a number.

/** Makes a transaction_id of 28 digits: a fixed prefix, the Beijing day, ten random digits. */
export function makeTransactionId(random: Random, now: number): string {
  return `4200000540${formatBeijingTime(now).slice(0, 8)}${drawDigits(random, 10)}`
}

/** Makes a refund_id of 29 digits, as long as WeChat's real ones, with the Beijing day in the middle. */
export function makeRefundId(random: Random, now: number): string {
  return `5000040550${formatBeijingTime(now).slice(0, 8)}${drawDigits(random, 11)}`
}

/** Makes an out_refund_no as the merchant platform does for a refund that is made there: `REF` and 28 digits. */
export function makePlatformRefundNo(random: Random, now: number): string {
  return `REF${makeTransactionId(random, now)}`
}

/** Makes a prepay_id of 36 characters: `wx`, the day of the month and the time of day in Beijing, then digits and hex. */
export function makePrepayId(random: Random, now: number): string {
  return `wx${formatBeijingTime(now).slice(6)}${drawDigits(random, 6)}${drawHex(random, 18)}00`
}

/** Makes an openid of 28 characters that begins with `o`. */
export function makeOpenid(random: Random): string {
  return `o${drawUrlSafe(random, 27)}`
}

/** Makes the code of 32 characters that wx.login gives to the mini program. */
export function makeLoginCode(random: Random): string {
  return `0${drawAlphanumerics(random, 31)}`
}

/** Makes a session_key: 16 bytes in Base64, which are 24 characters. */
export function makeSessionKey(random: Random): string {
  return btoa(String.fromCharCode(...random(16)))
}

/** Makes the request id that jscode2session appends to errmsg. */
export function makeRid(random: Random): string {
  return [drawHex(random, 8), drawHex(random, 8), drawHex(random, 8)].join('-')
}

/** Makes the nonce_str of an answer: 16 letters and digits. */
export function makeReplyNonce(random: Random): string {
  return drawAlphanumerics(random, 16)
}

/** Makes the nonce_str of a notice: the time in milliseconds, or 32 hex digits. WeChat's real notices use both forms. */
export function makeNoticeNonce(random: Random, now: number): string {
  return happens(random, 0.5) ? String(now) : drawHex(random, 32)
}

/** Makes the value of a notice's `Request-ID` header. */
export function makeRequestId(random: Random): string {
  return `08${drawHex(random, 30).toUpperCase()}-0`
}

/** Makes a coupon_id of eight digits, for a coupon to which the test gives no id. */
export function makeCouponId(random: Random): string {
  return `1${drawDigits(random, 7)}`
}
