import { assemble } from './assemble.ts'
import { readConfig } from './config.ts'
import { err, ok, type Result } from './lib/result.ts'
import type { LogEntry } from './ports/deps.ts'
import type { HttpDeps } from './routes/http/deps.ts'
import { type Fetch, OriginHealth } from './wechat/transport.ts'

/** What this isolate knows of WeChat's two origins, whichever request learned it. */
const originHealth = new OriginHealth()
/** Not every installation has the merchant's certificate, or its archive from the first day on. */
export type Installation = Omit<Env, 'KV'> & Readonly<{ WX_CERT?: Fetcher; KV?: KVNamespace }>
/** @returns the names of the variables that are missing or malformed, when any are. */
export function install(
  env: Installation,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
): Result<HttpDeps, readonly string[]> {
  const config = readConfig(env)
  if (!config.ok) return config
  if (env.DB === undefined) return err(['DB'])
  return ok(
    assemble(config.value, {
      db: env.DB,
      kv: env.KV,
      fetch: (request) => fetch(request),
      timers: {
        after(ms, wake) {
          const timer = setTimeout(wake, ms)
          return () => clearTimeout(timer)
        },
      },
      nowMs: () => Date.now(),
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      log: writeLog,
      background: (work) => ctx.waitUntil(work),
      certificateFetch: env.WX_CERT === undefined ? undefined : certificateFetch(env.WX_CERT),
      limits: { address: env.LIMIT_ADDRESS, payer: env.LIMIT_PAYER },
      originHealth,
    }),
  )
}
/** One line of JSON for each thing that happened. */
export const writeLog = (entry: LogEntry): void => console.log(JSON.stringify(entry))
export const certificateFetch =
  (binding: Fetcher): Fetch =>
  (request) =>
    binding.fetch(request)
