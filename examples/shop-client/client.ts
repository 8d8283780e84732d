/**
 * A client of wxpay-edge for the shop's backend. Made by `npm run openapi`: do not change it here. It needs nothing but fetch.
 */

export type OrderTerms = {
  /** fen */
  total_fee: number
  /** what the payer sees at the cashier; must be 1 to 127 bytes long in UTF-8 (a Chinese character has 3); must not contain control characters or broken surrogate pairs; must not begin or end with white space */
  body: string
  /** for the shop; WeChat shows it in the bill; must be 0 to 127 bytes long in UTF-8 (a Chinese character has 3); must not contain control characters or broken surrogate pairs; must not begin or end with white space */
  attach?: string
  /** must be 0 to 6000 bytes long in UTF-8 (a Chinese character has 3); must not contain control characters or broken surrogate pairs; must not begin or end with white space */
  detail?: string
  /** must be 0 to 32 bytes long in UTF-8 (a Chinese character has 3); must not contain control characters or broken surrogate pairs; must not begin or end with white space */
  goods_tag?: string
  limit_pay?: 'no_credit'
  /** the only payer who may pay; without it each may */
  openid?: string
  /** seconds from the registration */
  expires_in?: number
}

export type RefundRequest = {
  /** fen */
  refund_fee: number
  /** WeChat shows it to the payer; must be 0 to 80 bytes long in UTF-8 (a Chinese character has 3); must not contain control characters or broken surrogate pairs; must not begin or end with white space */
  reason?: string
  /** unsettled is the default */
  refund_account?: 'unsettled' | 'available'
  /** the payment; by default the one that made the order paid */
  transaction_id?: string
}

export type Resolution = {
  /** must not contain control characters other than line feed and tab, or broken surrogate pairs */
  note: string
  /** accept records the payment, refund returns it */
  action?: 'accept' | 'refund'
}

export type RecoveryRequest = {
  /** the time to which the database was restored; must be a time such as 2026-11-23T00:00:00Z; must be a date and time that exist */
  since: string
}

export type Order = {
  ordercode: string
  /** closed: no attempt can be paid any more */
  state: 'created' | 'paying' | 'paid' | 'closed'
  /** grows with every change */
  revision: number
  total_fee: number
  body: string
  attach: string | null
  detail: string | null
  goods_tag: string | null
  limit_pay: string | null
  /** the only payer who may pay */
  openid: string | null
  /** seconds from created_at */
  expires_in: number
  created_at: string
  expires_at: string
  attempts: Attempt[]
  payments: Payment[]
  /** the payment that made it paid */
  transaction_id: string | null
  paid_at: string | null
  closed_at: string | null
  refunded_fee: number
  refunds: Refund[]
  reviews: Review[]
}

export type QueriedOrder = {
  ordercode: string
  /** closed: no attempt can be paid any more */
  state: 'created' | 'paying' | 'paid' | 'closed'
  /** grows with every change */
  revision: number
  total_fee: number
  body: string
  attach: string | null
  detail: string | null
  goods_tag: string | null
  limit_pay: string | null
  /** the only payer who may pay */
  openid: string | null
  /** seconds from created_at */
  expires_in: number
  created_at: string
  expires_at: string
  attempts: Attempt[]
  payments: Payment[]
  /** the payment that made it paid */
  transaction_id: string | null
  paid_at: string | null
  closed_at: string | null
  refunded_fee: number
  refunds: Refund[]
  reviews: Review[]
  /** payments whose refunds WeChat did not list */
  refunds_unanswered?: string[]
}

/** Further fields depend on the type */
export type OrderEvent = {
  /** order_registered, attempt_opened, payment_booked, order_closed, … */
  type: string
  at: string
  revision: number
  /** shop, system, wechat, payer, or the name of an operator */
  actor: string
  [more: string]: unknown
}

export type Attempt = {
  out_trade_no: string
  state: 'open' | 'closing' | 'closed' | 'paid'
  openid: string
  total_fee: number
  prepay_expires_at: string | null
}

export type Payment = {
  transaction_id: string
  out_trade_no: string
  total_fee: number
  /** less than total_fee when coupons paid a part */
  cash_fee: number | null
  bank_type: string | null
  paid_at: string
  /** what has gone back */
  refunded_fee: number
  /** what is on its way back */
  refunding_fee: number
  /** whether it goes back, so that nothing is shipped for it */
  returned: boolean
}

export type Refund = {
  out_refund_no: string
  ordercode: string
  transaction_id: string
  /** requested: WeChat has not accepted it yet. abnormal: the card of the payer cannot take it */
  state: 'requested' | 'processing' | 'succeeded' | 'refused' | 'abnormal' | 'closed' | 'cancelled'
  refund_fee: number
  /** of the payment */
  total_fee: number
  reason: string | null
  refund_account: 'unsettled' | 'available' | null
  source: 'shop' | 'operator' | 'automatic' | 'merchant_platform'
  /** shop, system, wechat, payer, or the name of an operator */
  actor: string | null
  refund_id: string | null
  /** a card or account */
  received_by: string | null
  /** WeChat's last refusal */
  err_code: string | null
  err_code_des: string | null
  requested_at: string
  accepted_at: string | null
  succeeded_at: string | null
  ended_at: string | null
  cancelled_at: string | null
}

export type RefundNews = {
  out_refund_no: string
  ordercode: string
  transaction_id: string
  /** requested: WeChat has not accepted it yet. abnormal: the card of the payer cannot take it */
  state: 'requested' | 'processing' | 'succeeded' | 'refused' | 'abnormal' | 'closed' | 'cancelled'
  refund_fee: number
  /** of the payment */
  total_fee: number
  reason: string | null
  refund_account: 'unsettled' | 'available' | null
  source: 'shop' | 'operator' | 'automatic' | 'merchant_platform'
  /** shop, system, wechat, payer, or the name of an operator */
  actor: string | null
  refund_id: string | null
  /** a card or account */
  received_by: string | null
  /** WeChat's last refusal */
  err_code: string | null
  err_code_des: string | null
  requested_at: string
  accepted_at: string | null
  succeeded_at: string | null
  ended_at: string | null
  cancelled_at: string | null
  revision: number
}

export type Review = {
  id: string
  kind:
    | 'amount_mismatch'
    | 'currency_mismatch'
    | 'unknown_order'
    | 'foreign_payment'
    | 'transaction_conflict'
    | 'late_payment'
    | 'second_payment'
    | 'partly_returned'
    | 'refund_abnormal'
    | 'refund_overdue'
    | 'refund_waiting'
    | 'refund_failed'
    | 'refund_conflict'
    | 'bill_difference'
    | 'webhook_given_up'
    | 'other_merchant'
  ordercode: string | null
  /** what was found and expected */
  evidence: Record<string, string | number | boolean>
  opened_at: string
  /** who opened or resolved it */
  actor: string
  /** null while it is open */
  resolved_at: string | null
  action: 'accept' | 'refund' | null
  note: string | null
}

export type Bill = {
  /** a day in Beijing */
  date: string
  state: 'waiting' | 'comparing' | 'settling' | 'reconciled' | 'unavailable'
  fetched_at: string | null
  reconciled_at: string | null
  last_error: string | null
  bill: {
    rows: number
    payments: number
    total_fee: number
    /** what WeChat pays out: without coupons of the merchant */
    settlement_total_fee: number
    refunds: number
    refund_fee: number
    /** thousandths of a fen */
    service_fee_millifen: number
    revoked: number
    /** rows of other systems; the next three say of which */
    others: number
    other_appids: number
    other_numbers: number
    unknown_orders: number
    unreadable: number
    /** payments by rate of the service fee */
    rates: Record<string, number>
  }
  /** our records of the day; null until it is reconciled */
  books: {
    payments: number
    total_fee: number
    refunds: number
    refund_fee: number
  } | null
  difference_count: number
  /** the first ones */
  differences: Difference[]
}

export type Difference = {
  kind:
    | 'payment_not_here'
    | 'refund_not_here'
    | 'payment_of_unknown_order'
    | 'refund_of_unknown_order'
    | 'payment_not_in_bill'
    | 'refund_not_in_bill'
    | 'payment_differs'
    | 'refund_differs'
    | 'payment_repeated'
    | 'refund_repeated'
    | 'payment_revoked'
    | 'row_unreadable'
    | 'row_outside_day'
    | 'sum_differs'
    | 'rate_changed'
  /** a transaction_id, an out_refund_no, a row or a sum */
  subject: string
  ordercode: string | null
  /** what the bill states */
  bill: Record<string, string | number> | null
  /** what our records state */
  books: Record<string, string | number> | null
  /** booked: a query confirmed the bill. null while it is open */
  outcome: 'booked' | 'review' | null
  review_id: string | null
}

export type Delivery = {
  /** the webhook-id */
  id: string
  type:
    | 'order.paid'
    | 'order.closed'
    | 'payment.returned'
    | 'refund.succeeded'
    | 'refund.failed'
    | 'review.opened'
    | 'bill.reconciled'
  ordercode: string | null
  /** no_target: there was no WEBHOOK_URL */
  state: 'pending' | 'delivered' | 'given_up' | 'no_target'
  tries: number
  created_at: string
  due_at: string | null
  tried_at: string | null
  last_status: number | null
  /** status, timeout or no_answer */
  last_error: string | null
  delivered_at: string | null
  /** the last tries */
  history: {
    at: string
    ms: number | null
    status: number | null
    error: string | null
    answer: string | null
  }[]
}

/** A finished run has its figures, too */
export type Run = {
  id: number
  started_at: string
  /** null while it runs, and for a run that crashed */
  finished_at: string | null
  seconds: number | null
  [more: string]: unknown
}

export type Recovery = {
  since: string
  requested_at: string
  /** null while there is work left */
  finished_at: string | null
}

export type Doctor = {
  verdict: 'ready' | 'warnings' | 'not_ready'
  summary: string
  version: string
  checked_at: string
  thorough: boolean
  checks: {
    id: string
    /** skip: it could not be looked at, and says nothing */
    status: 'ok' | 'warn' | 'fail' | 'skip'
    reason: string
    seen: string | null
    name: string
    message: string
    remedy: string | null
  }[]
}

export type Problem = {
  /** urn:wxpay-edge:problem:{code} */
  type: string
  title: string
  status: number
  /** for programs */
  code:
    | 'invalid_request'
    | 'unauthorized'
    | 'forbidden'
    | 'login_invalid'
    | 'login_blocked'
    | 'ticket_invalid'
    | 'not_your_order'
    | 'not_found'
    | 'order_not_found'
    | 'refund_not_found'
    | 'bill_not_found'
    | 'review_not_found'
    | 'delivery_not_found'
    | 'method_not_allowed'
    | 'order_paid'
    | 'order_closed'
    | 'order_busy'
    | 'order_not_paid'
    | 'refund_refused'
    | 'refund_conflict'
    | 'refund_under_way'
    | 'refund_cancelled'
    | 'refund_exceeds_payment'
    | 'refund_limit_reached'
    | 'too_many_refunds'
    | 'other_merchant'
    | 'bill_not_ready'
    | 'revision_conflict'
    | 'review_resolved'
    | 'action_not_allowed'
    | 'no_target'
    | 'body_too_large'
    | 'too_many_requests'
    | 'internal'
    | 'misconfigured'
    | 'refund_not_configured'
    | 'wechat_refused'
    | 'refunds_paused'
    | 'wechat_unavailable'
    | 'store_unavailable'
  /** for people */
  detail: string
  /** invalid_request: what is wrong with which field */
  errors?: {
    field: string
    /** continues the sentence that begins with the field */
    message: string
  }[]
  /** WeChat's own code and words */
  wechat?: Record<string, string>
  /** refund_exceeds_payment, refund_limit_reached: what is left */
  left?: number
  /** bill_not_ready: why the last try failed */
  last_error?: string | null
  /** refund_under_way: the state of the refund */
  state?: string
}

/** The codes that every call may get. */
export type UsualCode = 'unauthorized' | 'misconfigured'

/** The code of an error. */
export type ProblemCode = Problem['code']

/** The body of a webhook. Verify its signature before you read it. */
export type Webhook =
  | { type: 'order.paid'; timestamp: string; data: Order }
  | { type: 'order.closed'; timestamp: string; data: Order }
  | { type: 'payment.returned'; timestamp: string; data: Order }
  | { type: 'refund.succeeded'; timestamp: string; data: RefundNews }
  | { type: 'refund.failed'; timestamp: string; data: RefundNews }
  | { type: 'review.opened'; timestamp: string; data: Review }
  | { type: 'bill.reconciled'; timestamp: string; data: Bill }

/**
 * The answer to a call. `problem` says why it is none that was hoped for; it is undefined when the answer is not from the
 * Worker, but from a proxy before it.
 */
export type Reply<Value, Code extends ProblemCode = ProblemCode> =
  | { ok: true; status: number; value: Value }
  | { ok: false; status: number; problem: (Problem & { code: Code }) | undefined }

/** Where the Worker is, and who calls. */
export type ClientOptions = {
  /** Such as `https://pay.example.com`. */
  origin: string
  /** MERCHANT_TOKEN, or the token of an operator. */
  token: string
  /** Sends a request. Default: `fetch`. */
  send?: (request: Request) => Promise<Response>
}

type Call = {
  query?: Readonly<Record<string, string | number | undefined>>
  body?: unknown
  headers?: Readonly<Record<string, string>>
  /** The body of the answer is a file. */
  file?: true
}

/** Makes a client. Its functions reject only when no answer came: the call may have taken effect, so repeat it as it was. */
export function createClient({ origin, token, send = (request) => fetch(request) }: ClientOptions) {
  async function call<Value, Code extends ProblemCode>(
    method: string,
    path: string,
    { query = {}, body, headers = {}, file }: Call = {},
  ): Promise<Reply<Value, Code | UsualCode>> {
    const url = new URL(path, origin)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const given = body === undefined ? {} : { body: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await send(
      new Request(url, {
        method,
        headers: { authorization: `Bearer ${token}`, ...type, ...headers },
        ...given,
      }),
    )
    const { ok, status } = response
    if (ok)
      return { ok, status, value: (file ? await response.blob() : await response.json()) as Value }
    const isProblem = response.headers.get('content-type')?.includes('problem+json') === true
    const problem = isProblem
      ? ((await response.json()) as Problem & { code: Code | UsualCode })
      : undefined
    return { ok, status, problem }
  }

  return {
    /** Orders, newest first, in pages: pass next_cursor as cursor. */
    listOrders: (
      query: {
        state?: 'created' | 'paying' | 'paid' | 'closed'
        created_from?: string
        created_to?: string
        transaction_id?: string
        cursor?: string
        limit?: number
      } = {},
    ) =>
      call<
        {
          orders: Order[]
          /** for the next page; null at the end */
          next_cursor: string | null
        },
        'invalid_request' | 'internal' | 'store_unavailable'
      >('GET', `/orders`, { query }),
    /** Registers an order, or changes it while it is unpaid. */
    putOrder: (ordercode: string, body: OrderTerms, ifMatch?: string) =>
      call<
        Order,
        | 'invalid_request'
        | 'forbidden'
        | 'order_paid'
        | 'order_closed'
        | 'order_busy'
        | 'other_merchant'
        | 'revision_conflict'
        | 'body_too_large'
        | 'internal'
        | 'wechat_unavailable'
        | 'store_unavailable'
      >('PUT', `/orders/${encodeURIComponent(ordercode)}`, {
        body,
        ...(ifMatch === undefined ? {} : { headers: { 'if-match': ifMatch } }),
      }),
    /** An order with its attempts, payments, refunds and reviews. */
    getOrder: (ordercode: string) =>
      call<Order, 'order_not_found' | 'internal' | 'store_unavailable'>(
        'GET',
        `/orders/${encodeURIComponent(ordercode)}`,
      ),
    /** What happened to an order, oldest first, in pages: pass next_cursor as cursor. */
    listOrderEvents: (ordercode: string, query: { cursor?: string; limit?: number } = {}) =>
      call<
        {
          events: OrderEvent[]
          /** for the next page; null at the end */
          next_cursor: string | null
        },
        'invalid_request' | 'order_not_found' | 'internal' | 'store_unavailable'
      >('GET', `/orders/${encodeURIComponent(ordercode)}/events`, { query }),
    /** Queries WeChat about an order now. */
    queryOrder: (ordercode: string) =>
      call<
        QueriedOrder,
        | 'forbidden'
        | 'order_not_found'
        | 'other_merchant'
        | 'internal'
        | 'wechat_unavailable'
        | 'store_unavailable'
      >('POST', `/orders/${encodeURIComponent(ordercode)}/query`),
    /** Closes an order at WeChat, then here. */
    closeOrder: (ordercode: string) =>
      call<
        Order,
        | 'forbidden'
        | 'order_not_found'
        | 'order_paid'
        | 'order_busy'
        | 'other_merchant'
        | 'internal'
        | 'store_unavailable'
      >('POST', `/orders/${encodeURIComponent(ordercode)}/close`),
    /** Refunds a payment, or a part of it. */
    putRefund: (ordercode: string, out_refund_no: string, body: RefundRequest) =>
      call<
        Refund,
        | 'invalid_request'
        | 'forbidden'
        | 'order_not_found'
        | 'order_busy'
        | 'order_not_paid'
        | 'refund_conflict'
        | 'refund_exceeds_payment'
        | 'refund_limit_reached'
        | 'too_many_refunds'
        | 'other_merchant'
        | 'body_too_large'
        | 'internal'
        | 'refund_not_configured'
        | 'refunds_paused'
        | 'store_unavailable'
      >(
        'PUT',
        `/orders/${encodeURIComponent(ordercode)}/refunds/${encodeURIComponent(out_refund_no)}`,
        { body },
      ),
    /** A refund. */
    getRefund: (ordercode: string, out_refund_no: string) =>
      call<Refund, 'order_not_found' | 'refund_not_found' | 'internal' | 'store_unavailable'>(
        'GET',
        `/orders/${encodeURIComponent(ordercode)}/refunds/${encodeURIComponent(out_refund_no)}`,
      ),
    /** Calls off a refund that WeChat has not taken on. */
    cancelRefund: (ordercode: string, out_refund_no: string) =>
      call<
        Refund,
        | 'forbidden'
        | 'order_not_found'
        | 'refund_not_found'
        | 'refund_under_way'
        | 'other_merchant'
        | 'internal'
        | 'wechat_unavailable'
        | 'store_unavailable'
      >(
        'DELETE',
        `/orders/${encodeURIComponent(ordercode)}/refunds/${encodeURIComponent(out_refund_no)}`,
      ),
    /** The reconciliation of a day with WeChat's bill. */
    getBill: (date: string) =>
      call<
        Bill,
        'invalid_request' | 'bill_not_found' | 'bill_not_ready' | 'internal' | 'store_unavailable'
      >('GET', `/bills/${encodeURIComponent(date)}`),
    /** The bill as WeChat sent it. */
    getBillFile: (date: string) =>
      call<
        Blob,
        | 'invalid_request'
        | 'forbidden'
        | 'bill_not_found'
        | 'bill_not_ready'
        | 'internal'
        | 'store_unavailable'
      >('GET', `/bills/${encodeURIComponent(date)}/raw`, { file: true }),
    /** Downloads the bill of a day and reconciles it now. */
    reconcileBill: (date: string) =>
      call<
        Bill,
        | 'invalid_request'
        | 'forbidden'
        | 'bill_not_found'
        | 'bill_not_ready'
        | 'internal'
        | 'store_unavailable'
      >('POST', `/bills/${encodeURIComponent(date)}/reconcile`),
    /** What a person must look at, newest first, in pages: pass next_cursor as cursor. */
    listReviews: (
      query: { open?: 'true' | 'false' | '1' | '0'; cursor?: string; limit?: number } = {},
    ) =>
      call<
        {
          reviews: Review[]
          /** for the next page; null at the end */
          next_cursor: string | null
        },
        'invalid_request' | 'internal' | 'store_unavailable'
      >('GET', `/reviews`, { query }),
    /** Resolves a review with a note and, where the kind allows it, an action. */
    resolveReview: (id: string, body: Resolution) =>
      call<
        Review,
        | 'invalid_request'
        | 'forbidden'
        | 'review_not_found'
        | 'order_busy'
        | 'refund_refused'
        | 'refund_cancelled'
        | 'refund_limit_reached'
        | 'other_merchant'
        | 'review_resolved'
        | 'action_not_allowed'
        | 'body_too_large'
        | 'internal'
        | 'refund_not_configured'
        | 'refunds_paused'
        | 'wechat_unavailable'
        | 'store_unavailable'
      >('POST', `/reviews/${encodeURIComponent(id)}/resolve`, { body }),
    /** Webhooks and their tries, newest first, in pages: pass next_cursor as cursor. */
    listDeliveries: (
      query: {
        state?: 'pending' | 'delivered' | 'given_up' | 'no_target'
        cursor?: string
        limit?: number
      } = {},
    ) =>
      call<
        {
          deliveries: Delivery[]
          /** for the next page; null at the end */
          next_cursor: string | null
        },
        'invalid_request' | 'internal' | 'store_unavailable'
      >('GET', `/deliveries`, { query }),
    /** Sends a webhook again. */
    resendDelivery: (id: string) =>
      call<
        Delivery,
        'forbidden' | 'delivery_not_found' | 'no_target' | 'internal' | 'store_unavailable'
      >('POST', `/deliveries/${encodeURIComponent(id)}/resend`),
    /** Runs of the cron, newest first, in pages: pass next_cursor as cursor. */
    listRuns: (query: { cursor?: string; limit?: number } = {}) =>
      call<
        {
          runs: Run[]
          /** for the next page; null at the end */
          next_cursor: string | null
        },
        'invalid_request' | 'internal' | 'store_unavailable'
      >('GET', `/runs`, { query }),
    /** Begins the recovery after a restore of the database. */
    recover: (body: RecoveryRequest) =>
      call<
        Recovery,
        'invalid_request' | 'forbidden' | 'body_too_large' | 'internal' | 'store_unavailable'
      >('POST', `/recover`, { body }),
    /** Every check of the installation, and how to mend what is wrong. */
    getDoctor: (query: { lang?: string } = {}) => call<Doctor, never>('GET', `/doctor`, { query }),
    /** The same, with the checks that leave a trace. */
    postDoctor: (query: { lang?: string } = {}) =>
      call<Doctor, 'forbidden'>('POST', `/doctor`, { query }),
  }
}

/** A client, made by {@link createClient}. */
export type Client = ReturnType<typeof createClient>
