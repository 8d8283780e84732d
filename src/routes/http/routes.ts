import type { HttpDeps } from './deps.ts'
import type { RouteRequest } from './request.ts'

export type Handler = (request: RouteRequest, deps: HttpDeps) => Promise<Response>

/** A method, a path in itty-router's notation, and who answers. */
export type Route = readonly [method: 'GET' | 'POST' | 'PUT', path: string, handler: Handler]
