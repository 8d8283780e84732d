/** Where the parts meet. The only reader of `env`, of the clock, of randomness and of the global fetch. */
import { readConfig, type Vars } from './config.ts'
import type { Timers } from './core/deadline.ts'
import { err, ok, type Result } from './core/result.ts'
import { toHex } from './core/text.ts'
import { fromMillis } from './core/time.ts'
import type { HttpDeps } from './routes/http-deps.ts'
import type { LogEntry } from './service/ports.ts'
import { ticketKey } from './service/ticket.ts'
import { Database } from './store/database.ts'
import { d1Store } from './store/store.ts'
import { signClientPay } from './wechat/client-pay.ts'
import { wechatGateway } from './wechat/gateway.ts'
import { NOTICE_ACCEPTED, NOTICE_REFUSED, readPaymentNotice } from './wechat/payment-notice.ts'
import { wechatTransport, type Fetch } from './wechat/transport.ts'

export const VERSION = '0.1.0'

/** What the platform gives; a test gives its own. */
export type Platform = Readonly<{
  db: D1Database
  fetch: Fetch
  timers: Timers
  nowMs: () => number
  randomBytes: (count: number) => Uint8Array
  log: (entry: LogEntry) => void
}>

/** @returns the names of the variables that are missing or malformed, when any are. */
export function install(env: Env): Result<HttpDeps, readonly string[]> {
  const config = readConfig(env)
  if (!config.ok) return config
  if (env.DB === undefined) return err(['DB'])
  return ok(
    assemble(config.value, {
      db: env.DB,
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
    }),
  )
}

/** One line of JSON for each thing that happened. */
export const writeLog = (entry: LogEntry): void => console.log(JSON.stringify(entry))

export function assemble(vars: Vars, platform: Platform): HttpDeps {
  const { timers, randomBytes } = platform
  const merchant = { appid: vars.WX_APPID, mchId: vars.WX_MCH_ID, apiKey: vars.WX_API_KEY }
  const signType = vars.WX_SIGN_TYPE
  const now = () => fromMillis(platform.nowMs())
  let calls = 0

  const transport = wechatTransport({
    fetch(request) {
      calls++
      return platform.fetch(request)
    },
    timers,
    loginOrigin: vars.WX_LOGIN_ORIGIN,
    payOrigin: vars.WX_PAY_ORIGIN,
    payOriginBackup: vars.WX_PAY_ORIGIN_BACKUP,
  })
  const appSecret = vars.WX_APP_SECRET

  return {
    config: {
      appid: merchant.appid,
      mchId: merchant.mchId,
      signType,
      notifyUrl: `${vars.PUBLIC_URL}/notify`,
      ticketKey: () => ticketKey(appSecret.reveal()),
      tick: { calls: vars.TICK_CALLS, statements: vars.TICK_STATEMENTS },
    },
    store: d1Store(new Database(platform.db, timers, randomBytes)),
    wechat: wechatGateway({ transport, timers, randomBytes, merchant, appSecret, signType }),
    timers,
    now,
    randomBytes,
    signClientPay: (prepayId, type) =>
      signClientPay({
        prepayId,
        merchant,
        signType: type,
        nonceStr: toHex(randomBytes(16)),
        now: now(),
      }),
    log: platform.log,
    callsUsed: () => calls,
    version: VERSION,
    merchantTokens: [vars.MERCHANT_TOKEN, vars.MERCHANT_TOKEN_OLD].filter(
      (token) => token !== undefined,
    ),
    notices: {
      read: (bytes) => readPaymentNotice(bytes, merchant, signType),
      accepted: NOTICE_ACCEPTED,
      refused: NOTICE_REFUSED,
    },
  }
}
