/**
 * The HTTP interface: the routes of all callers, and the answers when no route matches or a handler throws.
 */
import { Router } from 'itty-router/Router'
import { failureEntry, MIGRATE, StoreNotMigrated, StoreUnavailable } from '../ports/store.ts'
import { callerWith, tokenOf } from './http/auth.ts'
import { clientAddress } from './http/client-address.ts'
import type { HttpDeps } from './http/deps.ts'
import { problem } from './http/problem.ts'
import type { RouteRequest } from './http/request.ts'
import type { Access, Handler, Route } from './http/routes.ts'
import { ROUTES } from './routes.ts'

/**
 * The deadline of the answer to a notice, in milliseconds. WeChat waits 5 s, and counts a later answer as none.
 */
const NOTICE_MS = 4_500

const router = Router<RouteRequest, [HttpDeps]>({ catch: answerFor })

/** What stands before the handlers of each kind of route. */
const GUARDS: Readonly<Record<Access, (handler: Handler) => Handler>> = {
  payer: (handler) => (request, deps) => handler(request, deps.as('payer')),
  wechat: (handler) => (request, deps) => handler(request, deps.as('wechat', NOTICE_MS)),
  viewer: (handler) => withToken(handler, true),
  operator: (handler) => withToken(handler, false),
  monitor: (handler) => handler,
  everyone: (handler) => handler,
}

ROUTES.forEach(add)
router.all('*', refuse)

function add({ method, path, access, handler, head }: Route): void {
  const verb = method.toLowerCase() as Lowercase<typeof method>
  const guarded = GUARDS[access](handler)
  router[verb](path, guarded)
  if (method === 'GET' && head !== false) router['head']?.(path, guarded)
}

/**
 * Requires the token of the shop or of an operator. Without it every answer is 401, never 404: a stranger must not
 * learn what exists.
 *
 * @param isForViewers Whether an operator with the role `viewer` may call the handler.
 */
function withToken(handler: Handler, isForViewers: boolean): Handler {
  return async (request, deps) => {
    const token = tokenOf(request)
    const caller = token === undefined ? undefined : await callerWith(token, deps)
    if (caller === undefined) {
      if (token !== undefined) logRefusedToken(request, deps)
      return problem('unauthorized', {}, { 'www-authenticate': 'Bearer realm="wxpay-edge"' })
    }
    const { actor, role } = caller
    if (role === 'viewer' && !isForViewers) {
      deps.log({ event: 'viewer_refused', actor, method: request.method, path: pathOf(request) })
      return problem('forbidden')
    }
    return handler(request, deps.as(actor))
  }
}

/** Logs a token that is wrong, but not the token: it may be a right one with a typing error. */
function logRefusedToken(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'clientIpHeader' | 'log' | 'now' | 'refusedTokens'>,
): void {
  const count = deps.refusedTokens.admit(deps.now())
  if (count === undefined) return
  const address = clientAddress(request, deps)?.text
  const { method } = request
  deps.log({ event: 'token_refused', method, path: pathOf(request), address, count })
}

const pathOf = (request: RouteRequest): string => new URL(request.url).pathname.slice(0, 200)

/** Answers any request. Never throws: an exception becomes an error response. */
export async function respond(request: Request, deps: HttpDeps): Promise<Response> {
  const response = (await router.fetch(request, deps)) as Response
  if (request.method !== 'HEAD') return response
  await response.body?.cancel()
  return new Response(null, response)
}

/** Answers a request that no route matches: 405 when the path exists with other methods, otherwise 404. */
function refuse(request: RouteRequest): Response {
  const path = new URL(request.url).pathname
  const allowed = router.routes
    .filter(([method, pattern]) => method !== 'ALL' && pattern.test(path))
    .map(([method]) => method)
  return allowed.length === 0
    ? problem('not_found')
    : problem('method_not_allowed', {}, { allow: allowed.join(', ') })
}

/**
 * Answers a request whose handler threw. The exception's text goes to the log only; itty-router's own `error` would send
 * it to the client.
 */
async function answerFor(
  error: unknown,
  request: RouteRequest,
  deps: Pick<HttpDeps, 'log' | 'merchantTokens' | 'operators'>,
): Promise<Response> {
  deps.log({ ...failureEntry(error), path: new URL(request.url).pathname })
  if (error instanceof StoreUnavailable) return problem('store_unavailable')
  if (!(error instanceof StoreNotMigrated)) return problem('internal')
  // What is wrong with the installation is told to its owner alone.
  const token = tokenOf(request)
  const isOwner = token !== undefined && (await callerWith(token, deps)) !== undefined
  return problem('misconfigured', isOwner ? { detail: MIGRATE } : {})
}
