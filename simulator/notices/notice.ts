/** Sends a request to the shop and returns the shop's response. Default everywhere: the global `fetch`. */
export type Deliver = (request: Request) => Promise<Response>

/** What a notice reports: a payment, or with `outRefundNo` a refund. */
export type NoticeSubject = {
  readonly outTradeNo: string
  readonly transactionId: string
  readonly outRefundNo?: string
}

/** One delivery attempt of a notice. The control interface prints it as JSON. */
export type DeliveryAttempt = NoticeSubject & {
  /** 1 is the first delivery attempt, 16 the last. */
  readonly attempt: number
  /** Epoch milliseconds on the simulator's clock. */
  readonly at: number
  readonly url: string
  /** The XML that was posted. */
  readonly body: string
  /** `lost` was never posted although WeChat believes so. WeChat retries after every outcome but `delivered`. */
  readonly outcome: 'delivered' | 'refused' | 'timeout' | 'connection_error' | 'lost'
  /** The shop's HTTP status and body, when the shop answered. */
  readonly status?: number
  readonly reply?: string
  /** The error message of a timeout or connection error. */
  readonly why?: string
}

/** A notice in WeChat's retry schedule. Unlike orders and refunds it changes in place. */
export type SimulatedNotice = NoticeSubject & {
  readonly url: string
  /** Epoch milliseconds of the first delivery attempt. */
  readonly firstDueAt: number
  /** `given_up` after the last retry. */
  state: 'waiting' | 'delivered' | 'given_up'
  /** Oldest first, kept up to date. */
  readonly attempts: DeliveryAttempt[]
  /** Epoch milliseconds; `undefined` when no more delivery attempts follow. */
  nextDueAt: number | undefined
}

/** How the shop reacted to one posted notice. */
export type PostResult = Pick<DeliveryAttempt, 'outcome' | 'status' | 'reply' | 'why'>

/** The result of a delivery attempt as one line for the history. */
export function describePostResult({ outcome, status, why }: PostResult): string {
  return [outcome, status === undefined ? undefined : `HTTP ${status}`, why]
    .filter((part) => part !== undefined)
    .join(', ')
}
