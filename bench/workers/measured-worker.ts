/** The real Worker, assembled as in production, with D1 measured and with routes under `/bench/` for `npm run bench`. */
import { assemble, assembleCron, type Platform } from '../../src/assemble.ts'
import { readConfig, type Vars } from '../../src/config.ts'
import { tick } from '../../src/cron/tick.ts'
import { realTimers } from '../../src/platform.ts'
import { respond } from '../../src/routes/router.ts'
import { readBill } from '../../src/wechat/bill/read.ts'

type BenchEnv = Readonly<{ DB: D1Database; KV: KVNamespace }> & Readonly<Record<string, unknown>>

/** What was measured of one D1 batch: its statements, its duration in ms, and the rows it read and wrote. */
export type Measured = Readonly<{
  sql: readonly string[]
  ms: number
  read: number
  written: number
}>
/** One statement that the bench runs to fill or reset the database. */
export type Seed = Readonly<{ sql: string; params: readonly (string | number)[] }>

let batches: Measured[] = []
let lastReport: unknown
const plans = new Map<string, number>()
let vars: Record<string, string> = {}
let nowMs = 0

/**
 * Wraps D1: `batches` collects what was measured of each batch, and `plans` the text of each statement with the number of
 * its parameters.
 */
function watched(real: D1Database): D1Database {
  const texts = new WeakMap<D1PreparedStatement, string>()
  async function batch<T>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
    const startedMs = Date.now()
    const results = await real.batch<T>(statements)
    const sql = statements.map((statement) => texts.get(statement) ?? '')
    const sum = (of: (meta: D1Meta) => number): number =>
      results.reduce((total, { meta }) => total + of(meta), 0)
    batches.push({
      sql,
      ms: Date.now() - startedMs,
      read: sum((meta) => meta.rows_read),
      written: sum((meta) => meta.rows_written),
    })
    return results
  }
  const prepare = (sql: string): D1PreparedStatement => {
    const prepared = real.prepare(sql)
    return new Proxy(prepared, {
      get(target, name) {
        if (name !== 'bind') return Reflect.get(target, name)
        return (...values: unknown[]) => {
          plans.set(sql, values.length)
          const bound = target.bind(...values)
          texts.set(bound, sql)
          return bound
        }
      },
    })
  }
  return new Proxy(real, {
    get(target, name) {
      if (name === 'batch') return batch
      return name === 'prepare' ? prepare : Reflect.get(target, name)
    },
  })
}

function installed(
  env: BenchEnv,
  ctx: ExecutionContext,
): Readonly<{ vars: Vars; platform: Platform }> {
  const config = readConfig({ ...env, ...vars })
  if (!config.ok) throw new Error(`misconfigured bench: ${config.error.join(', ')}`)
  const platform: Platform = {
    db: watched(env.DB),
    kv: env.KV,
    fetch: (request) => fetch(request),
    timers: realTimers,
    nowMs: () => nowMs,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log(entry) {
      if (entry.event === 'tick_finished') lastReport = entry
      else console.log(JSON.stringify(entry))
    },
    background: (work) => ctx.waitUntil(work),
  }
  return { vars: config.value, platform }
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url)
    switch (pathname) {
      case '/bench/vars':
        vars = await request.json()
        return Response.json({})
      case '/bench/seed': {
        const seeds = await request.json<Seed[]>()
        await env.DB.batch(seeds.map(({ sql, params }) => env.DB.prepare(sql).bind(...params)))
        return Response.json({})
      }
      case '/bench/measured': {
        const measured = { batches, report: lastReport }
        batches = []
        return Response.json(measured)
      }
      case '/bench/plans':
        return Response.json(await explain(env.DB))
      case '/bench/drain':
        return Response.json({ count: await drain(request.body) })
      case '/bench/unpack':
        return Response.json({
          count: await drain(request.body?.pipeThrough(new DecompressionStream('gzip'))),
        })
      case '/bench/parse':
        return Response.json({ count: await parse(request.body) })
      default: {
        const { vars: config, platform } = installed(env, ctx)
        return respond(request, assemble(config, platform))
      }
    }
  },
  async scheduled({ scheduledTime }, env, ctx) {
    nowMs = scheduledTime
    const { vars: config, platform } = installed(env, ctx)
    await tick(assembleCron(config, platform), scheduledTime)
  },
} satisfies ExportedHandler<BenchEnv>

async function drain(stream: ReadableStream<Uint8Array> | null | undefined): Promise<number> {
  let bytes = 0
  for await (const chunk of stream ?? []) bytes += chunk.length
  return bytes
}

async function parse(stream: ReadableStream<Uint8Array> | null): Promise<number> {
  if (stream === null) return 0
  const pages = readBill(stream, { pageRows: 5_000, afterRow: 0 })
  let rows = 0
  for (;;) {
    const page = await pages.next()
    if (page.done === true) {
      if (!page.value.whole || page.value.differing.length > 0) throw new Error('not this bill')
      return rows
    }
    rows += page.value.rows.length
  }
}

/** Asks SQLite for the query plan of every statement that the Worker has used since its start. */
async function explain(db: D1Database): Promise<{ sql: string; plan: string[] }[]> {
  const explained = []
  for (const [sql, parameters] of plans) {
    const statement = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).bind(...Array(parameters).fill(null))
    const { results } = await statement.all<{ detail: string }>()
    explained.push({ sql, plan: results.map(({ detail }) => detail) })
  }
  return explained
}
