import type { GenericSchema } from 'valibot'
import type { HttpDeps } from './deps.ts'
import type { RouteRequest } from './request.ts'

/** Answers one request. If a handler throws, the router turns the exception into an error response. */
export type Handler = (request: RouteRequest, deps: HttpDeps) => Promise<Response>

/**
 * Who may call a route. `viewer`: with any of our tokens. `operator`: with the shop's token, or that of an operator who
 * may do more than read. `payer`: without a token, a login code or a ticket takes its place. `wechat`: without a token, the
 * notice itself must prove its origin. `monitor`: with METRICS_TOKEN, which the handler checks. `everyone`: without a token.
 */
export type Access = 'viewer' | 'operator' | 'payer' | 'wechat' | 'monitor' | 'everyone'

/** All that the router and the generator of `openapi.json` know about one route. */
export type Route = Readonly<{
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** In itty-router's notation. */
  path: string
  access: Access
  handler: Handler
  /** Whether a GET route also answers HEAD. It does unless its request has an effect that happens only once. */
  head?: false
  /** What the handler accepts as query and as JSON body. */
  query?: GenericSchema
  body?: GenericSchema
}>
