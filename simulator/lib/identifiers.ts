import { formatBeijingTime } from './clock.ts'
import {
  drawAlphanumerics,
  drawDigits,
  drawHex,
  drawUrlSafe,
  happens,
  type Random,
} from './random.ts'

// Identifiers in the shapes of real ones. A backend must treat all of them as opaque text. The classic mistake is to parse a
// transaction_id as a number, so the identifiers here are as long as real ones.

/** transaction_id, 28 digits: a fixed head, the Beijing day, ten random digits. */
export function makeTransactionId(random: Random, now: number): string {
  return `4200000540${formatBeijingTime(now).slice(0, 8)}${drawDigits(random, 10)}`
}

/** refund_id, 29 digits, as long as live ones; the Beijing day is in the middle. */
export function makeRefundId(random: Random, now: number): string {
  return `5000040550${formatBeijingTime(now).slice(0, 8)}${drawDigits(random, 11)}`
}

/** The out_refund_no that the merchant platform gives to a refund made there: `REF` and 28 digits. */
export function makePlatformRefundNo(random: Random, now: number): string {
  return `REF${makeTransactionId(random, now)}`
}

/** prepay_id, 36 characters: `wx`, day and time of day, then digits and hex. */
export function makePrepayId(random: Random, now: number): string {
  return `wx${formatBeijingTime(now).slice(6)}${drawDigits(random, 6)}${drawHex(random, 18)}00`
}

/** openid, 28 characters beginning with `o`. */
export function makeOpenid(random: Random): string {
  return `o${drawUrlSafe(random, 27)}`
}

/** The code that wx.login gives to the mini program: 32 characters. */
export function makeLoginCode(random: Random): string {
  return `0${drawAlphanumerics(random, 31)}`
}

/** session_key: Base64 of sixteen bytes, 24 characters. */
export function makeSessionKey(random: Random): string {
  return btoa(String.fromCharCode(...random(16)))
}

/** The request id that jscode2session appends to errmsg. */
export function makeRid(random: Random): string {
  return [drawHex(random, 8), drawHex(random, 8), drawHex(random, 8)].join('-')
}

/** nonce_str of a synchronous reply: sixteen letters and digits. */
export function makeReplyNonce(random: Random): string {
  return drawAlphanumerics(random, 16)
}

/** nonce_str of a notice: the time in milliseconds, or 32 hex digits; live notices have either. */
export function makeNoticeNonce(random: Random, now: number): string {
  return happens(random, 0.5) ? String(now) : drawHex(random, 32)
}

/** The `Request-ID` header of a notice. */
export function makeRequestId(random: Random): string {
  return `08${drawHex(random, 30).toUpperCase()}-0`
}

/** coupon_id, for a test that gives none: eight digits. */
export function makeCouponId(random: Random): string {
  return `1${drawDigits(random, 7)}`
}
