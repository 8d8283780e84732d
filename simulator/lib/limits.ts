// WeChat's limits, read from the protocol and not from what a client happens to send. Units are in the names.

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** Beijing is UTC+8 all year: China has no daylight saving time. */
export const BEIJING_OFFSET_MS = 8 * HOUR_MS

/** A wx.login code is valid for five minutes and can be exchanged once. */
export const LOGIN_CODE_LIFE_MS = 5 * MINUTE_MS

/** jscode2session allows 100 calls per user per minute, then answers 45011. */
export const LOGINS_PER_MINUTE_MAX = 100
/** The window of that quota. */
export const LOGIN_WINDOW_MS = MINUTE_MS

/**
 * A prepay_id is valid for two hours; an order without time_expire can be paid that long.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011940985
 */
export const PREPAY_LIFE_MS = 2 * HOUR_MS

/** From the error text `time_expire时间过短，刷卡至少1分钟，其他5分钟`; JSAPI belongs to 其他. */
export const TIME_EXPIRE_DISTANCE_MIN_MS = 5 * MINUTE_MS

/** WeChat closes an unpaid order about seven days after its deadline (from answers of WeChat's support, not documented). */
export const CLOSE_ABANDONED_AFTER_MS = 7 * 24 * HOUR_MS

/** Ten million yuan, in fen; above it the gateway says `invalid total_fee` (reported, not documented). */
export const TOTAL_FEE_MAX_FEN = 1_000_000_000

/** The newer pages require at least six characters; the mini program page does not yet. */
export const OUT_TRADE_NO_CHARS_MIN = 6

/** A payment can be refunded for a year. */
export const REFUND_AGE_MAX_MS = 365 * 24 * HOUR_MS

/** One order can have at most fifty refunds. */
export const REFUNDS_PER_ORDER_MAX = 50
/** The API requires this time between two refunds of one order. */
export const REFUND_INTERVAL_MS = MINUTE_MS

/** refundquery lists that many refunds of an order per page. */
export const REFUNDS_PER_PAGE = 10
/** refundquery lists that many refunds of an order in all; later ones are found by their own number only. */
export const REFUNDS_BY_PAGE = 20

/** How long a refund takes here. WeChat documents 20 minutes to a WeChat balance, days to a card. */
export const REFUND_PROCESSING_MS = 3 * MINUTE_MS

/** WeChat makes the bill of a day at nine the next morning. Counted from the midnight at which the day begins. */
export const BILL_MADE_AFTER_MS = 33 * HOUR_MS
/** WeChat promises the bill of a day for ten the next morning. */
export const BILL_READY_AFTER_MS = 34 * HOUR_MS

/** How long a bill is available. */
export const BILL_MONTHS_BACK_MAX = 3

/** The longest request body that is read; the longest legal unifiedorder is far shorter. */
export const REQUEST_BYTES_MAX = 64 * 1024

/** The most elements in one message; no payment message has more. */
export const XML_ELEMENTS_MAX = 200

/** The shop must answer a notice within five seconds, or WeChat counts the delivery as failed. */
export const NOTICE_TIMEOUT_MS = 5 * SECOND_MS

/**
 * The wait before each retry of a notice: 24 h 4 min in all, fifteen retries after the first delivery attempt.
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

/** The only reply that ends the retries, as the official page prints it. */
export const NOTICE_SUCCESS_REPLY =
  '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>'

/** Beyond this the oldest entries are dropped, so that a server left running does not fill the memory. */
export const HISTORY_ENTRIES_MAX = 10_000
