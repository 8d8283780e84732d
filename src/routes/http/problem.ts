/**
 * Errors as `application/problem+json` (RFC 9457). One table
 * holds the HTTP status and the texts of every error code.
 */

type ProblemEntry = Readonly<{
  status: number
  title: string
  detail: string
  retryAfterS?: number
}>

/** The status and the texts of every error code. */
export const PROBLEMS = {
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    detail:
      'Some of the input is missing or malformed; `errors` names each field. Correct it and send the request again.',
  },
  unauthorized: {
    status: 401,
    title: 'Token required',
    detail:
      "The token is missing or wrong. Send the merchant token or an operator's token as `Authorization: Bearer …`.",
  },
  forbidden: {
    status: 403,
    title: 'Not allowed for a viewer',
    detail:
      'This token has the role viewer, which may only read, and not the raw bill. Use a token with the role operator.',
  },
  login_invalid: {
    status: 401,
    title: 'Login code not valid',
    detail:
      'The login code is wrong, expired or already used. Call wx.login again, once, and retry with the new code.',
  },
  login_blocked: {
    status: 403,
    title: 'Login blocked',
    detail:
      'WeChat does not let this user log in at the moment. Retrying immediately does not help.',
  },
  ticket_invalid: {
    status: 401,
    title: 'Ticket not valid',
    detail: 'The ticket is wrong or older than a day. Call /pay again for a new one.',
  },
  not_your_order: {
    status: 403,
    title: 'Not your order',
    detail: 'The shop registered this order for another payer. Only that payer can pay it.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    detail: 'There is nothing at this path.',
  },
  order_not_found: {
    status: 404,
    title: 'No such order',
    detail:
      'No order is registered with this ordercode. The shop registers one with PUT /orders/{ordercode}.',
  },
  refund_not_found: {
    status: 404,
    title: 'No such refund',
    detail: 'The order has no refund with this out_refund_no.',
  },
  bill_not_found: {
    status: 404,
    title: 'No such bill',
    detail:
      'There is no bill for this day: no order was registered by then, or WeChat no longer keeps the bill, which it does for three months.',
  },
  review_not_found: {
    status: 404,
    title: 'No such review',
    detail: 'There is no review with this id. GET /reviews lists all of them.',
  },
  delivery_not_found: {
    status: 404,
    title: 'No such delivery',
    detail: 'There is no webhook with this id. GET /deliveries lists all of them.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'This path does not support the method; `Allow` lists those that it supports.',
  },
  order_paid: {
    status: 409,
    title: 'Already paid',
    detail:
      'The order is paid. It can no longer be paid, changed or closed; the mini program should show its paid page.',
  },
  order_closed: {
    status: 409,
    title: 'Order closed',
    detail:
      'The order is closed, or would expire too soon to be paid. The shop must register a new one with another ordercode.',
  },
  order_busy: {
    status: 409,
    title: 'Order busy',
    detail:
      'Another payment attempt is still open at WeChat, or another request is changing the order. Wait a moment and try again.',
    retryAfterS: 5,
  },
  order_not_paid: {
    status: 409,
    title: 'Not paid',
    detail:
      'The order is not paid, or has no payment with this transaction_id, so there is nothing to refund.',
  },
  refund_refused: {
    status: 409,
    title: 'WeChat refused the refund',
    detail:
      "WeChat refused to refund this payment; `err_code` of the order's refund has the reason. Return the money in another way, then resolve the review with a note only.",
  },
  refund_conflict: {
    status: 409,
    title: 'Refund number in use',
    detail:
      'This out_refund_no belongs to a refund with another order, amount, payment, reason or refund_account. Use a new one.',
  },
  refund_under_way: {
    status: 409,
    title: 'Refund under way',
    detail:
      'WeChat has the refund, or a message of it may still reach WeChat, so it cannot be called off. If its `state` is still `requested`, try again in two minutes.',
    retryAfterS: 120,
  },
  refund_cancelled: {
    status: 409,
    title: 'Refund called off',
    detail:
      'The refund of this payment was called off, and its number is spent. Refund the payment with PUT under another out_refund_no, then resolve the review with a note only.',
  },
  refund_exceeds_payment: {
    status: 409,
    title: 'More than is left',
    detail: 'The amount is more than is left of the payment; `left` has that amount, in fen.',
  },
  refund_limit_reached: {
    status: 409,
    title: 'Limit of the day reached',
    detail:
      'The refunds of this day would exceed REFUND_LIMIT_DAY; `left` has the amount that is left today, in fen. Nothing was reserved. Try again tomorrow (Beijing time), or ask the operator to raise the limit.',
  },
  too_many_refunds: {
    status: 409,
    title: 'Too many refunds',
    detail:
      'WeChat allows 50 refunds of one payment, and this payment has had them. Return the money in another way.',
  },
  other_merchant: {
    status: 409,
    title: 'Other merchant number',
    detail:
      'A payment or an attempt of this order belongs to another merchant number than WX_MCH_ID, so WeChat cannot be asked about it. Set the number back with its key and certificate, or act on the merchant platform of that number.',
  },
  bill_not_ready: {
    status: 409,
    title: 'Bill not ready',
    detail:
      'WeChat makes the bill of a day on the next morning, from 10:00 Beijing time. Try again later.',
    retryAfterS: 600,
  },
  revision_conflict: {
    status: 409,
    title: 'Order changed',
    detail:
      'The order does not have the revision in If-Match: it was changed, or is not registered. Read it again, then decide.',
  },
  review_resolved: {
    status: 409,
    title: 'Already resolved',
    detail: 'The review was resolved before, with a different note or action.',
  },
  action_not_allowed: {
    status: 409,
    title: 'Action not allowed',
    detail:
      'This kind of review does not allow the action, or the order no longer does. Resolve the review with a note only.',
  },
  no_target: {
    status: 409,
    title: 'No webhook target',
    detail:
      'WEBHOOK_URL is not set, so the webhook cannot be sent. Set it, then resend the webhook.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    detail: 'The body is larger than 64 KiB. Send a smaller one.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    detail: 'Too many requests to this service or to WeChat in a short time. Wait, then try again.',
    retryAfterS: 30,
  },
  internal: {
    status: 500,
    title: 'Internal error',
    detail:
      'An unexpected error occurred in this service and was logged. The request may have taken effect. Repeat the same request; a refund must keep its out_refund_no.',
  },
  misconfigured: {
    status: 500,
    title: 'Misconfigured',
    detail:
      'The configuration of this installation is incomplete or wrong. The log tells the operator what to fix.',
  },
  refund_not_configured: {
    status: 501,
    title: 'Refunds not configured',
    detail:
      'Refunds need the merchant certificate. Upload it with `wrangler mtls-certificate upload` and bind it as WX_CERT.',
  },
  wechat_refused: {
    status: 502,
    title: 'WeChat refused',
    detail:
      'WeChat refused the login or the order; `wechat` has its reason. Show it to the payer and report it to the shop.',
  },
  refunds_paused: {
    status: 503,
    title: 'Refunds paused',
    detail:
      'The operator has paused refunds (REFUNDS=paused), so nothing was reserved. Repeat the request, with the same out_refund_no, when refunds are resumed.',
    retryAfterS: 600,
  },
  wechat_unavailable: {
    status: 503,
    title: 'No answer from WeChat',
    detail: 'WeChat gave no clear answer. Nothing is lost, and trying again is safe.',
    retryAfterS: 3,
  },
  store_unavailable: {
    status: 503,
    title: 'No answer from the database',
    detail:
      'The database gave no clear answer, so the request may have taken effect. Repeat the same request: it never takes effect twice. A refund must keep its out_refund_no; under a new one, the payer could get the money twice.',
    retryAfterS: 3,
  },
} as const satisfies Record<string, ProblemEntry>

/** The error codes of the HTTP interface. Clients depend on them: a code is never renamed. */
export type ProblemCode = keyof typeof PROBLEMS

/**
 * What is wrong with one field of a request. `field` is the path of the field, such as `total_fee`, or empty
 * for the whole body. `message` continues the sentence that begins with the field: "must be an integer".
 */
export type FieldError = Readonly<{ field: string; message: string }>

/**
 * Makes the error response for an error code.
 *
 * @param more Further members of the body, or replacements of standard members. Never the text of an
 *   exception.
 */
export function problem(
  code: ProblemCode,
  more: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { status, title, detail, retryAfterS }: ProblemEntry = PROBLEMS[code]
  const body = { type: `urn:wxpay-edge:problem:${code}`, title, status, code, detail, ...more }
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'cache-control': 'no-store',
      ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
      ...headers,
    },
  })
}

/** The response to a request with missing or malformed fields. */
export const invalidRequest = (errors: readonly FieldError[]): Response =>
  problem('invalid_request', { errors })

/** A JSON response, which no cache may store. */
export const json = (
  value: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response =>
  new Response(JSON.stringify(value), {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      ...headers,
    },
  })
