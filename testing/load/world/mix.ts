/** What happens in a minute, in proportion to the rate of abandoned cashiers. */
export type Mix = Readonly<{
  /** Orders with an attempt that is never paid. */
  abandoned: number
  /** Orders that no payer ever looks at. */
  untouched: number
  /** Paid orders whose notice arrives. Their payers poll `/result`. */
  paid: number
  /** Paid orders whose notices are all lost, and whose payers have left. */
  lost: number
  /** The share of the paid orders that are refunded. */
  refundRate: number
  /** The share of the tries that the shop's receiver fails. */
  webhookFailureRate: number
  /** How long an order can be paid, in seconds. */
  expiresInS: number
}>

/** @param rate Abandoned cashiers a minute. */
export const mixOf = (rate: number): Mix => ({
  abandoned: rate,
  untouched: rate / 8,
  paid: rate / 8,
  lost: rate / 40,
  refundRate: 0.05,
  webhookFailureRate: 0.02,
  expiresInS: 7_200,
})
