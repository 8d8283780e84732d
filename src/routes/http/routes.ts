import type { HttpDeps } from './deps.ts'
import type { RouteRequest } from './request.ts'

/** Answers one request. The router turns its exceptions into responses. */
export type Handler = (request: RouteRequest, deps: HttpDeps) => Promise<Response>

/** A method, a path in itty-router's notation, and the handler that answers. */
export type Route = readonly [method: 'GET' | 'POST' | 'PUT', path: string, handler: Handler]
