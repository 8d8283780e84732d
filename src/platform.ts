/** The only reader of `env`, of the clock, of randomness and of the global fetch. */
import type { Platform } from './assemble.ts'
import { readConfig, type Vars } from './config.ts'
import { IsolateMemory } from './isolate-memory.ts'
import type { Timers } from './lib/deadline.ts'
import { err, ok, type Result } from './lib/result.ts'
import { Throttle } from './lib/throttle.ts'
import type { LogEntry } from './ports/deps.ts'
import type { Fetch } from './wechat/transport.ts'

/** Shared by all requests that this isolate serves. */
const memory = new IsolateMemory()

/** The platform passes the same `env` to all invocations of an isolate, so its configuration is read once. */
const configs = new WeakMap<Installation, ReturnType<typeof readConfig>>()

/** How often an isolate logs what is wrong with a configuration that works. */
const CONFIG_LOG_S = 3_600
const configLog = new Throttle(CONFIG_LOG_S)

/** The timers of the platform, which Node has, too. */
export const realTimers: Timers = {
  after(ms, wake) {
    const timer = setTimeout(wake, ms)
    return () => clearTimeout(timer)
  },
}

/** The variables and bindings of this Worker. The merchant's certificate and the archive are optional. */
export type Installation = Omit<Env, 'KV'> & Readonly<{ WX_CERT?: Fetcher; KV?: KVNamespace }>

/** Reads the configuration, and collects what the platform provides to one invocation. Fails with the names of the variables that are missing or malformed. */
export function install(
  env: Installation,
  ctx: Pick<ExecutionContext, 'waitUntil'>,
): Result<Readonly<{ vars: Vars; platform: Platform }>, readonly string[]> {
  const config = configs.get(env) ?? readConfig(env)
  configs.set(env, config)
  if (!config.ok) return config
  if (env.DB === undefined) return err(['DB'])
  if (configLog.admit(Date.now() / 1_000) !== undefined) logConfig(config.value)
  return ok({
    vars: config.value,
    platform: {
      db: env.DB,
      kv: env.KV,
      fetch: (request) => fetch(request),
      timers: realTimers,
      nowMs,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      log: writeLog,
      background: (work) => ctx.waitUntil(work),
      certificateFetch: env.WX_CERT === undefined ? undefined : certificateFetch(env.WX_CERT),
      limits: {
        address: env.LIMIT_ADDRESS,
        payer: env.LIMIT_PAYER,
        signIn: env.LIMIT_SIGN_IN,
      },
      memory,
    },
  })
}

function logConfig({ off, warnings }: Vars): void {
  for (const { feature, variables } of off) {
    writeLog({ event: 'feature_off', feature, reason: variables.join(', ') })
  }
  for (const { variable, reason } of warnings) {
    writeLog({ event: 'configuration_warning', variable, reason })
  }
}

/** The clock, in milliseconds since 1970. */
export const nowMs = (): number => Date.now()

/** Writes a log entry as one line of JSON. */
export const writeLog = (entry: LogEntry): void => console.log(JSON.stringify(entry))

/** Makes a fetch that presents the merchant's certificate, from the certificate's mTLS binding. */
export const certificateFetch =
  (binding: Fetcher): Fetch =>
  (request) =>
    binding.fetch(request)
