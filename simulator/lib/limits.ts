// WeChat's limits, taken from the protocol and not from what a client happens to send. Units are in the names.

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** The offset of Beijing time from UTC, the same all year: China has no daylight saving time. */
export const BEIJING_OFFSET_MS = 8 * HOUR_MS

/** How long a wx.login code is valid. A code can be exchanged only once. */
export const LOGIN_CODE_LIFE_MS = 5 * MINUTE_MS

/** The maximum number of jscode2session calls per user and minute. WeChat answers every further call with errcode 45011. */
export const LOGINS_PER_MINUTE_MAX = 100
/** The window in which the calls for `LOGINS_PER_MINUTE_MAX` are counted. */
export const LOGIN_WINDOW_MS = MINUTE_MS

/**
 * How long a prepay_id is valid. An order without time_expire can be paid as long as its prepay_id is valid.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011940985
 */
export const PREPAY_LIFE_MS = 2 * HOUR_MS

/**
 * The minimum time between the start of an order and its time_expire. The source is WeChat's error text
 * `time_expire时间过短，刷卡至少1分钟，其他5分钟`, in which JSAPI belongs to 其他 (others).
 */
export const TIME_EXPIRE_DISTANCE_MIN_MS = 5 * MINUTE_MS

/**
 * How long after its deadline WeChat closes an unpaid order: about seven days, according to WeChat's support; not documented.
 */
export const CLOSE_ABANDONED_AFTER_MS = 7 * 24 * HOUR_MS

/**
 * The maximum amount of an order: ten million yuan, in fen. The gateway refuses more with `invalid total_fee` (reported, not
 * documented).
 */
export const TOTAL_FEE_MAX_FEN = 1_000_000_000

/**
 * The minimum length of an out_trade_no. WeChat's newer pages require six characters; the page for mini programs does not yet.
 */
export const OUT_TRADE_NO_CHARS_MIN = 6

/** How long after its payment an order can be refunded: one year. */
export const REFUND_AGE_MAX_MS = 365 * 24 * HOUR_MS

/** The maximum number of refunds of one order. */
export const REFUNDS_PER_ORDER_MAX = 50
/** The minimum time that the API requires between two refunds of one order. */
export const REFUND_INTERVAL_MS = MINUTE_MS

/** The maximum number of refunds of an order that refundquery lists per page. */
export const REFUNDS_PER_PAGE = 10
/**
 * The maximum number of refunds of an order that refundquery lists on all pages. Later refunds are found only by their own
 * number.
 */
export const REFUNDS_BY_PAGE = 20

/** How long a refund is PROCESSING in the simulator. WeChat documents 20 minutes to a WeChat balance, and days to a card. */
export const REFUND_PROCESSING_MS = 3 * MINUTE_MS

/** When WeChat makes the bill of a day: at nine the next morning. Counted from the midnight at which the day begins. */
export const BILL_MADE_AFTER_MS = 33 * HOUR_MS
/** When WeChat promises the bill of a day: at ten the next morning. Counted from the midnight at which the day begins. */
export const BILL_READY_AFTER_MS = 34 * HOUR_MS

/** How many months back a bill can be downloaded. */
export const BILL_MONTHS_BACK_MAX = 3

/** The maximum length of a body that the simulator reads. The longest legal unifiedorder is far shorter. */
export const REQUEST_BYTES_MAX = 64 * 1024

/**
 * The maximum number of elements in one message. WeChat's longest message is a page of refundquery: ten refunds, each with nine
 * elements, two sums of coupons and three elements per coupon. So ten coupons make more than 400 elements.
 */
export const XML_ELEMENTS_MAX = 1_000

/** How long WeChat waits for the shop's reply to a notice. Without a reply by then, WeChat counts the delivery as failed. */
export const NOTICE_TIMEOUT_MS = 5 * SECOND_MS

/**
 * The wait before each retry of a notice: fifteen retries after the first delivery attempt, 24 h 4 min in all.
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

/** The maximum number of history entries. Older entries are dropped, so that a server left running does not fill the memory. */
export const HISTORY_ENTRIES_MAX = 10_000
