/**
 * The Worker of the browser tests. It takes SQL, to fill its database with what would take days to happen, and a request
 * may replace variables, so that one Worker is every installation that a test needs.
 */
import worker from '../../../src/worker.ts'
import { type Sql, SQL_PATH, VARS_HEADER } from './doors.ts'

type Handler = Required<Pick<ExportedHandler<Env>, 'fetch' | 'scheduled'>>

const AWAY = { batch: () => Promise.reject(new Error('D1_ERROR: overloaded')) }

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === SQL_PATH) {
      const statements = await request.json<Sql[]>()
      const prepared = statements.map(([text, ...values]) => env.DB.prepare(text).bind(...values))
      const done = await env.DB.batch(prepared)
      return Response.json(done.map(({ results }) => results))
    }
    return worker.fetch(request, changed(env, request.headers.get(VARS_HEADER)), ctx)
  },
  scheduled: (controller, env, ctx) => worker.scheduled(controller, env, ctx),
} satisfies Handler

/** The environment as this request wants it. Sign-ins are not limited unless it asks for the limit. */
function changed(env: Env, header: string | null): Env {
  const { throttle, ...vars }: Record<string, unknown> =
    header === null ? {} : (JSON.parse(header) as Record<string, unknown>)
  const given = Object.fromEntries(
    Object.entries(vars).map(([name, value]) => [name, value ?? undefined]),
  )
  const db = 'DB' in given ? new Proxy(env.DB, { get: (real, name) => awayOr(real, name) }) : env.DB
  const limit = throttle === true ? {} : { LIMIT_SIGN_IN: undefined }
  return { ...env, ...limit, ...given, DB: db } as Env
}

const awayOr = (real: D1Database, name: string | symbol): unknown => {
  if (name === 'batch') return AWAY.batch
  const value: unknown = Reflect.get(real, name)
  return typeof value === 'function' ? (value.bind(real) as unknown) : value
}
