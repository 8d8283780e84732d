import type { HttpDeps } from './deps.ts'
import type { RouteRequest } from './request.ts'

/** Answers one request. If a handler throws, the router turns the exception into an error response. */
export type Handler = (request: RouteRequest, deps: HttpDeps) => Promise<Response>

/**
 * A method, a path in itty-router's notation, and the handler that answers. A GET route also answers HEAD, unless its
 * request has an effect that happens only once: `no_head`.
 */
export type Route = readonly [
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  handler: Handler,
  head?: 'no_head',
]
