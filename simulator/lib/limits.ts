// WeChat's limits, read from the protocol and not from what a client happens to send. Units are in the names.

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** Beijing is UTC+8 all year: China has no daylight saving time. */
export const BEIJING_OFFSET_MS = 8 * HOUR_MS

/** A wx.login code lives five minutes and can be exchanged once. */
export const LOGIN_CODE_LIFE_MS = 5 * MINUTE_MS

/** jscode2session allows 100 calls per user per minute, then answers 45011. */
export const LOGINS_PER_MINUTE_MAX = 100
export const LOGIN_WINDOW_MS = MINUTE_MS

/**
 * A prepay_id is good for two hours; an order without time_expire can be paid that long.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011940985
 */
export const PREPAY_LIFE_MS = 2 * HOUR_MS

/** `time_expire时间过短，刷卡至少1分钟，其他5分钟`: JSAPI is one of the others. */
export const TIME_EXPIRE_DISTANCE_MIN_MS = 5 * MINUTE_MS

/** WeChat closes what nobody paid about seven days after its deadline (support answers, not a promise). */
export const CLOSE_ABANDONED_AFTER_MS = 7 * 24 * HOUR_MS

/** Ten million yuan, in fen; above it the gateway says `invalid total_fee` (reported, not documented). */
export const TOTAL_FEE_MAX_FEN = 1_000_000_000

/** The newer pages ask for six characters at least; the mini program page does not yet. */
export const OUT_TRADE_NO_CHARS_MIN = 6

/** A payment can be refunded for a year. */
export const REFUND_AGE_MAX_MS = 365 * 24 * HOUR_MS

/** One order has fifty refunds at most, a minute apart. */
export const REFUNDS_PER_ORDER_MAX = 50
export const REFUND_INTERVAL_MS = MINUTE_MS

/** refundquery shows that many refunds of an order at a time. */
export const REFUNDS_PER_PAGE = 10
/** The later ones are told of by their own number only. */
export const REFUNDS_BY_PAGE = 20

/** How long a refund takes here. To the purse it is said to be within 20 minutes, to a card days. */
export const REFUND_PROCESSING_MS = 3 * MINUTE_MS

/** WeChat makes the bill of a day at nine on the next, and promises it for ten. */
export const BILL_MADE_AFTER_MS = 33 * HOUR_MS
export const BILL_READY_AFTER_MS = 34 * HOUR_MS

/** A bill can be had for that long. */
export const BILL_MONTHS_BACK_MAX = 3

/** Longest request body looked at; the longest legal unifiedorder stays far below. */
export const REQUEST_BYTES_MAX = 64 * 1024

/** Elements in one message; more is not a payment message. */
export const XML_ELEMENTS_MAX = 200

/** The shop must answer a notice within five seconds, or WeChat counts the attempt as failed. */
export const NOTICE_TIMEOUT_MS = 5 * SECOND_MS

/**
 * Waiting times before each retry of a notice: 24 h 4 min in all, fifteen retries after the first attempt.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937248
 */
export const NOTICE_RETRY_INTERVALS_MS: readonly number[] = [
  15 * SECOND_MS,
  15 * SECOND_MS,
  30 * SECOND_MS,
  3 * MINUTE_MS,
  10 * MINUTE_MS,
  20 * MINUTE_MS,
  30 * MINUTE_MS,
  30 * MINUTE_MS,
  30 * MINUTE_MS,
  60 * MINUTE_MS,
  3 * HOUR_MS,
  3 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  6 * HOUR_MS,
]

/** The one reply that ends the retries, as the official page prints it. */
export const NOTICE_SUCCESS_REPLY =
  '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>'

/** The oldest events are forgotten beyond this, so that a server left running does not fill the memory. */
export const HISTORY_ENTRIES_MAX = 10_000
