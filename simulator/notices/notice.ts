/**
 * Sends a request to the shop and returns the shop's response. In methods whose parameter `deliver` is optional, the default
 * is the global `fetch`.
 */
export type Deliver = (request: Request) => Promise<Response>

/** What a notice reports: the refund `outRefundNo`, or without it the payment of the order. */
export type NoticeSubject = {
  readonly outTradeNo: string
  readonly transactionId: string
  readonly outRefundNo?: string
}

/** One delivery attempt of a notice. The control interface prints it as JSON. */
export type DeliveryAttempt = NoticeSubject & {
  /** The number of the delivery attempt: 1 is the first, 16 the last. */
  readonly attempt: number
  /** When the delivery attempt was made, in epoch milliseconds on the simulator's clock. */
  readonly at: number
  readonly url: string
  /** The XML that WeChat posts in this delivery attempt of the notice. */
  readonly body: string
  /**
   * How the delivery attempt ended. A `lost` one never reached the shop, although WeChat sent it. WeChat retries after every
   * outcome but `delivered`.
   */
  readonly outcome: 'delivered' | 'refused' | 'timeout' | 'connection_error' | 'lost'
  /** The HTTP status of the shop's answer, and in `reply` its body. Absent when the shop did not answer. */
  readonly status?: number
  readonly reply?: string
  /** The error message of the outcome `timeout` or `connection_error`. */
  readonly why?: string
}

/** A notice in WeChat's retry schedule. Unlike orders and refunds, this object changes in place. */
export type SimulatedNotice = NoticeSubject & {
  readonly url: string
  /** When the first delivery attempt is due, in epoch milliseconds. */
  readonly firstDueAt: number
  /** The state of the delivery. `given_up` means that the last retry has failed. */
  state: 'waiting' | 'delivered' | 'given_up'
  /** Every delivery attempt so far, oldest first. New ones are added in place. */
  readonly attempts: DeliveryAttempt[]
  /** When the next delivery attempt is due, in epoch milliseconds; `undefined` when no attempt follows. */
  nextDueAt: number | undefined
}

/** How the shop's server reacted to one posted notice. */
export type PostResult = Pick<DeliveryAttempt, 'outcome' | 'status' | 'reply' | 'why'>

/** Describes the result of a delivery attempt in one line, for the history. */
export function describePostResult({ outcome, status, why }: PostResult): string {
  return [outcome, status === undefined ? undefined : `HTTP ${status}`, why]
    .filter((part) => part !== undefined)
    .join(', ')
}
