/** A world for one test: the real Worker over real D1, a simulated WeChat, and a clock that only the test moves. */
import { env } from 'cloudflare:workers'
import { WeChatSimulator } from '../simulator/wechat.ts'
import { assemble, assembleCron, type Platform } from '../src/assemble.ts'
import { readConfig, type Vars } from '../src/config.ts'
import { tick } from '../src/cron/tick.ts'
import { IsolateMemory } from '../src/isolate-memory.ts'
import type { Timers } from '../src/lib/deadline.ts'
import type { LogEntry } from '../src/ports/deps.ts'
import type { HttpDeps } from '../src/routes/http/deps.ts'
import { respond } from '../src/respond.ts'
import { observed, observedWebhook } from './contract/observer.ts'
import { ShopReceiver } from './shop-receiver.ts'

/** The merchant of both the Worker and the simulated WeChat. */
export const MERCHANT = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  apiKey: '192006250b4c09247ec02edce69f6a2d',
  appSecret: '00000000000000000000000000000000',
}
/** The Worker's MERCHANT_TOKEN. */
export const TOKEN = 'merchant-token-of-the-tests-0123456789'
/** Origin of the shop, which receives the webhooks. */
export const SHOP = 'https://shop.test'
/** The Worker's WEBHOOK_SECRET. */
export const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const T0_MS = Date.parse('2026-11-23T04:00:00Z')

/** How a test changes the world when it creates it. */
export type WorldOptions = Readonly<{
  /** Variables of the Worker that replace the default ones. */
  vars?: Readonly<Record<string, string>>
  /** Wraps the Worker's D1, to make D1 fail or to watch it. */
  wrapDb?: (db: D1Database) => D1Database
  /** The platform's rate limits for addresses and payers. By default none, so that every request is admitted. */
  limits?: NonNullable<Platform['limits']>
  /** The operators' group: answers the messages to `ALERT_URL`. */
  group?: (request: Request) => Promise<Response>
  /** Whether the Worker has the merchant's certificate, or that of another merchant. Default: true. */
  certificate?: boolean | 'wrong'
  /** Whether the Worker has the archive of raw bills. Default: true. */
  archive?: boolean
}>

/** A Worker, a simulated WeChat and a shop for one test. See {@link world}. */
export type World = ReturnType<typeof world>

let worlds = 0

/** Creates a world. Worlds of one test file share the database, so each has its own prefix for ordercodes. */
export function world(options: WorldOptions = {}) {
  let nowMs = T0_MS
  const clock = { now: () => nowMs }
  const wechat = new WeChatSimulator({
    merchant: MERCHANT,
    clock,
    strict: { undocumentedElementRate: 0.5 },
  })
  const log: LogEntry[] = []
  const calls: string[] = []
  const background: Promise<void>[] = []
  const shopReceiver = new ShopReceiver()
  /** Promises by path of WeChat: a call to this path is sent only when its promise resolves. */
  const holds = new Map<string, Promise<void>>()
  /** Hosts that do not answer. */
  const away = new Set<string>()

  const settings = {
    WX_APPID: MERCHANT.appid,
    WX_MCH_ID: MERCHANT.mchId,
    WX_API_KEY: MERCHANT.apiKey,
    WX_APP_SECRET: MERCHANT.appSecret,
    MERCHANT_TOKEN: TOKEN,
    PUBLIC_URL: 'https://pay.test',
    WEBHOOK_URL: `${SHOP}/webhooks`,
    WEBHOOK_SECRET,
    ...options.vars,
  }
  let vars = configOf(settings)
  const isGroup = ({ url }: Request): boolean =>
    new URL(url).host === new URL(vars.ALERT_URL?.reveal() ?? SHOP).host
  /** The WeChat that the Worker calls. */
  let called = wechat

  const db = options.wrapDb === undefined ? env.DB : options.wrapDb(env.DB)
  const platform: Platform = {
    db,
    kv: options.archive === false ? undefined : env.KV,
    nowMs: () => nowMs,
    timers: fastTimers,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log: (entry) => void log.push(entry),
    memory: new IsolateMemory(),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    background: (work) => void background.push(work),
    async fetch(request) {
      const { host, pathname, origin } = new URL(request.url)
      if (away.has(host)) throw new TypeError('Network connection lost.')
      if (origin === SHOP) return shopReceiver.receive(await observedWebhook(request))
      if (options.group !== undefined && isGroup(request)) {
        return options.group(await observedWebhook(request))
      }
      calls.push(`${host}${pathname}`)
      await holds.get(pathname)
      return called.fetch(request)
    },
    certificateFetch:
      options.certificate === false
        ? undefined
        : async (request) => {
            const { host, pathname } = new URL(request.url)
            calls.push(`${host}${pathname}`)
            await holds.get(pathname)
            return options.certificate === 'wrong'
              ? called.fetchWithWrongCertificate(request)
              : called.fetchWithCertificate(request)
          },
  }
  /** A new Worker for each request. Workers share the databases, and the memory of one isolate. */
  const worker = (): HttpDeps => assemble(vars, platform)
  const post = (body: BodyInit) => new Request('https://pay.test/notify', { method: 'POST', body })

  const ask = async (request: Request, deps: HttpDeps, body?: unknown): Promise<Response> =>
    observed(request, body, await respond(request, deps))
  const fetch = (path: string, init: RequestInit = {}): Promise<Response> =>
    ask(new Request(new URL(path, 'https://pay.test'), init), worker(), init.body)
  const shop = (method: string, path: string, body?: unknown, headers: HeadersInit = {}) =>
    fetch(path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  const prefix = `w${String(++worlds).padStart(4, '0')}-`

  return {
    wechat,
    log,
    receiver: shopReceiver,
    calls,
    holds,
    away,
    db,
    worker,
    fetch,
    shop,
    now: () => nowMs,
    /**
     * Replaces some of the Worker's variables, as a deployment does.
     *
     * @param whom The WeChat that the Worker calls from now on: WeChat as another merchant sees it has other orders.
     */
    redeploy(changed: Readonly<Record<string, string>>, whom: WeChatSimulator = wechat): void {
      vars = configOf({ ...settings, ...changed })
      called = whom
    },
    advance(seconds: number): void {
      nowMs += seconds * 1_000
    },
    /** An ordercode that no other world of the file uses. */
    code: (name: string): string => `${prefix}${name}`,

    /** Registers an order of 88.00 yuan, unless `terms` say otherwise. @returns its ordercode. */
    async order(name: string, terms: Record<string, unknown> = {}): Promise<string> {
      const ordercode = `${prefix}${name}`
      const body = { total_fee: 8_800, body: '测试商店-图书', ...terms }
      const response = await shop('PUT', `/orders/${ordercode}`, body)
      if (response.status !== 201) throw new Error(await response.text())
      return ordercode
    },
    /** `/pay` with a fresh login of the payer. */
    pay(ordercode: string, openid: string, code = wechat.payer.login(openid)): Promise<Response> {
      return fetch(`/pay?code=${code}&ordercode=${ordercode}`)
    },
    /** Reads an order as JSON through the merchant API. */
    read: async (ordercode: string): Promise<OrderJson> =>
      (await shop('GET', `/orders/${ordercode}`)).json(),
    /** Reads the types of an order's events, oldest first. */
    history: async (ordercode: string): Promise<string[]> => {
      const response = await shop('GET', `/orders/${ordercode}/events`)
      const { events } = await response.json<{ events: { type: string }[] }>()
      return events.map(({ type }) => type)
    },
    /** Lets WeChat post all notices that are due to the Worker. */
    deliverNotices: () => wechat.notices.deliverDue((request) => ask(request, worker())),
    /** Posts a payment notice to the Worker. */
    notify: (body: BodyInit): Promise<Response> => ask(post(body), worker()),
    /** Posts a payment notice to a Worker some of whose variables are replaced by `changed`. */
    notifyWith: (changed: Readonly<Record<string, string>>, body: BodyInit): Promise<Response> =>
      ask(post(body), assemble(configOf({ ...settings, ...changed }), platform)),
    /** Runs the cron once at the world's time. */
    cron: (): Promise<void> => tick(assembleCron(vars, platform), nowMs),
    /** Waits for the Workers' background work, such as the first try of each webhook. */
    async settled(): Promise<void> {
      while (background.length > 0) await background.shift()
    },
  }
}

function configOf(settings: Readonly<Record<string, string>>): Vars {
  const config = readConfig(settings)
  if (!config.ok) throw new Error(`misconfigured test: ${config.error.join(', ')}`)
  return config.value
}

/** Timers that run 100 times faster, so that a test of an outage need not wait for real deadlines. */
const fastTimers: Timers = {
  after(ms, wake) {
    const timer = setTimeout(wake, ms / 100)
    return () => clearTimeout(timer)
  },
}

/** The JSON fields of a refund that tests read. */
export type RefundJson = Readonly<{
  out_refund_no: string
  ordercode: string
  transaction_id: string
  state: string
  refund_fee: number
  total_fee: number
  reason: string | null
  source: string
  actor: string
  refund_id: string | null
  err_code: string | null
}>

/** The JSON fields of an order that tests read. */
export type OrderJson = Readonly<{
  ordercode: string
  state: string
  revision: number
  total_fee: number
  expires_at: string
  attempts: { out_trade_no: string; state: string; openid: string; total_fee: number }[]
  payments: { transaction_id: string; total_fee: number; refunded_fee: number }[]
  refunded_fee: number
  refunds: RefundJson[]
  reviews: { id: string; kind: string; actor: string }[]
  transaction_id: string | null
  paid_at: string | null
}>
