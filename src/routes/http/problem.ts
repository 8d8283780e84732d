/** Errors as `application/problem+json` (RFC 9457). One table: what a code means to the outside. */

type ProblemEntry = Readonly<{
  status: number
  title: string
  detail: string
  retryAfterS?: number
}>

const PROBLEMS = {
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    detail: 'The request is not as documented; `errors` names each field.',
  },
  unauthorized: {
    status: 401,
    title: 'Not signed in',
    detail: 'Send the merchant token: `Authorization: Bearer …`.',
  },
  login_invalid: {
    status: 401,
    title: 'Login code not valid',
    detail: 'The code is wrong, expired or used. Call wx.login again, once, and try with its code.',
  },
  login_blocked: {
    status: 403,
    title: 'Login refused',
    detail: 'WeChat does not let this user log in at the moment.',
  },
  ticket_invalid: {
    status: 401,
    title: 'Ticket not valid',
    detail: 'The ticket is wrong or older than a day. /pay gives a new one.',
  },
  not_your_order: {
    status: 403,
    title: 'Not your order',
    detail: 'The order is for another payer.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    detail: 'There is nothing at this path.',
  },
  order_not_found: {
    status: 404,
    title: 'No such order',
    detail: 'The shop has not registered an order under this ordercode.',
  },
  refund_not_found: {
    status: 404,
    title: 'No such refund',
    detail: 'The order has no refund under this out_refund_no.',
  },
  bill_not_found: {
    status: 404,
    title: 'No such bill',
    detail:
      'There is no bill of this day: nothing was ordered by then, or WeChat keeps it no more.',
  },
  review_not_found: {
    status: 404,
    title: 'No such review',
    detail: 'There is no review under this id.',
  },
  delivery_not_found: {
    status: 404,
    title: 'No such delivery',
    detail: 'There is no webhook under this id.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'The path is right, the method is not; `Allow` lists those that are.',
  },
  order_paid: {
    status: 409,
    title: 'Already paid',
    detail: 'The order is paid. Show the paid page.',
  },
  order_closed: {
    status: 409,
    title: 'Closed',
    detail: 'The order is closed, or expires too soon to be paid. Ask the shop for a new one.',
  },
  order_busy: {
    status: 409,
    title: 'Busy',
    detail:
      'Another attempt to pay is open at WeChat, or others are changing the order. Wait a moment and try again.',
    retryAfterS: 5,
  },
  order_not_paid: {
    status: 409,
    title: 'Not paid',
    detail: 'There is no such payment of the order, so there is nothing to refund.',
  },
  refund_refused: {
    status: 409,
    title: 'WeChat refused the refund',
    detail:
      "The order's refund has WeChat's reason. Return the money another way, then resolve with a note.",
  },
  refund_conflict: {
    status: 409,
    title: 'Number used',
    detail:
      'The out_refund_no belongs to a refund with another amount, payment or reason. Take a new one.',
  },
  refund_exceeds_payment: {
    status: 409,
    title: 'More than was paid',
    detail: 'The payment has less left than this; `left` says how much, in fen.',
  },
  too_many_refunds: {
    status: 409,
    title: 'Too many refunds',
    detail: 'WeChat allows 50 refunds of one payment.',
  },
  bill_not_ready: {
    status: 409,
    title: 'Not ready',
    detail: 'WeChat makes the bill of a day the next morning, from 10:00 in Beijing on. Try later.',
    retryAfterS: 600,
  },
  revision_conflict: {
    status: 409,
    title: 'Changed meanwhile',
    detail: 'The order is not at the revision in If-Match. Read it again, then decide.',
  },
  review_resolved: {
    status: 409,
    title: 'Resolved already',
    detail: 'Somebody resolved the review with another word.',
  },
  action_not_allowed: {
    status: 409,
    title: 'Not possible',
    detail: 'This kind of review does not allow the action, or the order does not any more.',
  },
  no_target: {
    status: 409,
    title: 'No target',
    detail: 'There is no WEBHOOK_URL to send to. Set it, then send again.',
  },
  body_too_large: {
    status: 413,
    title: 'Body too large',
    detail: 'A body may have 64 KiB at most.',
  },
  too_many_requests: {
    status: 429,
    title: 'Too many requests',
    detail: 'Too many requests in a short time, for WeChat or for us. Wait, then try again.',
    retryAfterS: 30,
  },
  internal: {
    status: 500,
    title: 'Internal error',
    detail: 'Something broke on our side. It was logged.',
  },
  misconfigured: {
    status: 500,
    title: 'Misconfigured',
    detail: 'The installation is not complete or not right. Its log names what is wrong.',
  },
  refund_not_configured: {
    status: 501,
    title: 'Refunds are not configured',
    detail:
      'Refunds need the merchant certificate: upload it with `wrangler mtls-certificate upload` and bind it as WX_CERT.',
  },
  wechat_refused: {
    status: 502,
    title: 'WeChat refused',
    detail: 'WeChat refused the order; `wechat` has its words.',
  },
  wechat_unavailable: {
    status: 503,
    title: 'WeChat not reachable',
    detail: 'WeChat has not given a clear answer. Nothing is lost, and trying again is safe.',
    retryAfterS: 3,
  },
  store_unavailable: {
    status: 503,
    title: 'Database not reachable',
    detail: 'The database has not answered. Nothing is lost, and trying again is safe.',
    retryAfterS: 3,
  },
} as const satisfies Record<string, ProblemEntry>

export type ProblemCode = keyof typeof PROBLEMS
export type FieldError = Readonly<{ field: string; message: string }>

/** @param more Members beside the standard ones. Never an exception's text. */
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

export const invalidRequest = (errors: readonly FieldError[]): Response =>
  problem('invalid_request', { errors })

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
