/** The world of a batch: the real Worker over SQLite, a simulated WeChat, and a clock that each input sets. */
import { WeChatSimulator } from '../../../simulator/wechat.ts'
import { assemble, assembleCron, type Platform } from '../../../src/assemble.ts'
import { readConfig } from '../../../src/config.ts'
import { tick } from '../../../src/cron/tick.ts'
import type { LogEntry } from '../../../src/ports/deps.ts'
import { respond } from '../../../src/routes/router.ts'
import { memoryKv } from '../../memory-kv.ts'
import { d1Shim } from '../../simulation/d1/d1-shim.ts'
import { Sqlite } from '../../simulation/d1/sqlite.ts'
import type { Chance } from '../../simulation/run/random.ts'
import { type Answer, type Input, ORIGIN } from '../inputs/input.ts'
import { TableSnapshot } from '../judge/table-snapshot.ts'
import { FuzzTimers } from './timers.ts'

/** The Worker's WX_API_KEY. */
export const API_KEY = '192006250b4c09247ec02edce69f6a2d'
/** The Worker's WX_API_KEY_OLD. */
export const OLD_KEY = 'oldApiKeyOldApiKeyOldApiKey00000'
/** The Worker's MERCHANT_TOKEN. */
export const TOKEN = 'merchant-token-of-the-fuzz-01234567'
/** The merchant of both the Worker and the simulated WeChat. */
export const MERCHANT = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  apiKey: API_KEY,
  appSecret: 'secret-of-the-mini-program-000000',
}
const SHOP_ORIGIN = 'https://shop.test'
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const T0_MS = Date.parse('2026-11-23T04:00:00Z')

/** The tokens of the money world, beside `TOKEN`: the previous merchant token, and those of two operators. */
export const OTHER_TOKENS = {
  old: 'old-merchant-token-of-the-fuzz-01',
  operator: 'token-of-the-operator-of-the-fuzz',
  viewer: 'token-of-the-viewer-of-the-fuzz-0',
} as const

/** The Worker's secrets, which must never appear in an answer or in a log. */
export const SECRETS = [
  API_KEY,
  OLD_KEY,
  TOKEN,
  ...Object.values(OTHER_TOKENS),
  MERCHANT.appSecret,
  WEBHOOK_SECRET,
]

/** One call of the Worker to WeChat during an input: what it sent, and what it got. */
export type Exchange = Readonly<{
  endpoint: string
  sent: Uint8Array
  /** The bytes of the answer; undefined when no complete answer came. */
  got: Uint8Array | undefined
  status: number
}>

/**
 * Ordercodes of the fixture, by the state of the order. `bound` has a fixed payer, `second` had two payers, and for `lost`
 * WeChat's reply to unifiedorder was lost.
 */
export const ORDERS = {
  created: 'created-01',
  paying: 'paying-01',
  bound: 'bound-001',
  paid: 'paid-0001',
  closed: 'closed-01',
  second: 'second-01',
  lost: 'lost-0001',
} as const

/** How a test changes the fuzzed world when it creates it. */
export type WorldOptions = Readonly<{
  /** Replaces the Worker's database with a wrapper around it. */
  wrapDb?: (db: D1Database) => D1Database
  /** Variables of the Worker that replace the default ones. */
  vars?: Readonly<Record<string, string>>
  /** Whether the Worker has the merchant's certificate, and so can refund. Default: false. */
  certificate?: boolean
}>

/** Sends requests to the Worker and observes its log, webhooks and tables. */
export class FuzzWorld {
  readonly wechat: WeChatSimulator
  readonly sqlite = new Sqlite()
  readonly tables = new TableSnapshot(this.sqlite)
  readonly timers = new FuzzTimers()
  /** The payer who called /pay for the fixture's orders. `otherPayer` called /pay for `second` first. */
  readonly payer: string
  readonly otherPayer: string
  /** What the Worker logged during the last request. */
  log: LogEntry[] = []
  /** The Worker's calls to WeChat during the last request. */
  exchanges: Exchange[] = []
  /** The last files that were downloaded, by the day of the bill and the time of the download. */
  readonly billFiles = new Map<string, Uint8Array>()
  /** The last fifty webhooks that the Worker sent to the shop. */
  webhooks: Request[] = []
  /** Genuine values that inputs are made from: the notice of the order `paid`, tickets, and cursors. */
  readonly seeds = { paidNotice: '', tickets: [] as string[], cursors: [] as string[] }
  #nowMs = T0_MS
  #answers: Answer[] = []
  #background: Promise<void>[] = []
  readonly #platform: Platform
  readonly #vars

  constructor(
    chance: Chance,
    { wrapDb = (db) => db, vars = {}, certificate = false }: WorldOptions = {},
  ) {
    this.wechat = new WeChatSimulator({
      merchant: MERCHANT,
      clock: { now: () => this.#nowMs },
      random: chance.bytes,
      strict: { undocumentedElementRate: 0.2 },
    })
    this.payer = this.wechat.payer.newOpenid()
    this.otherPayer = this.wechat.payer.newOpenid()
    this.#platform = {
      // Nothing is deleted: what an input drops from the archive, another one may read after the tables are restored.
      kv: { ...memoryKv(), delete: async () => undefined },
      db: wrapDb(d1Shim(this.sqlite)),
      nowMs: () => this.#nowMs,
      timers: this.timers,
      randomBytes: chance.bytes,
      log: (entry) => void this.log.push(entry),
      background: (work) => void this.#background.push(work),
      fetch: (request) => this.#outside(request),
      ...(certificate
        ? {
            certificateFetch: (request) =>
              this.#atWeChat(request, this.wechat.fetchWithCertificate),
          }
        : {}),
    }
    const config = readConfig({
      WX_APPID: MERCHANT.appid,
      WX_MCH_ID: MERCHANT.mchId,
      WX_API_KEY: API_KEY,
      WX_API_KEY_OLD: OLD_KEY,
      WX_APP_SECRET: MERCHANT.appSecret,
      MERCHANT_TOKEN: TOKEN,
      PUBLIC_URL: ORIGIN,
      WEBHOOK_URL: `${SHOP_ORIGIN}/webhooks`,
      WEBHOOK_SECRET,
      ...vars,
    })
    if (!config.ok) throw new Error(`misconfigured fuzz: ${config.error.join(', ')}`)
    this.#vars = config.value
  }

  /** Sets the clock. @param at Seconds after the beginning of the world. */
  setTime(at: number): void {
    this.#nowMs = T0_MS + at * 1_000
  }

  /**
   * Sends a request and waits for the Worker's answer and background work.
   *
   * @param answers Answers that replace the simulated WeChat's.
   */
  async send(request: Request, answers: Input['answers'] = []): Promise<Response> {
    this.#answers = [...answers]
    this.log = []
    this.exchanges = []
    const response = await respond(request, assemble(this.#vars, this.#platform))
    while (this.#background.length > 0) await this.#background.shift()
    return response
  }

  /** The clock in Unix seconds. */
  seconds = (): number => Math.floor(this.#nowMs / 1_000)

  /** Runs the cron once at the world's time. */
  cron = (): Promise<void> => tick(assembleCron(this.#vars, this.#platform), this.#nowMs)

  async #outside(request: Request): Promise<Response> {
    const { origin } = new URL(request.url)
    if (origin === SHOP_ORIGIN) {
      this.webhooks = [...this.webhooks.slice(-49), request]
      return new Response(null, { status: 204 })
    }
    return this.#atWeChat(request, this.wechat.fetch)
  }

  /** Answers a call to WeChat: by a replaced answer if there is one, otherwise by the simulated WeChat. */
  async #atWeChat(
    request: Request,
    fetch: (request: Request) => Promise<Response>,
  ): Promise<Response> {
    const endpoint = new URL(request.url).pathname.split('/').at(-1) ?? ''
    const sent = new Uint8Array(await request.clone().arrayBuffer())
    const n = this.exchanges.push({ endpoint, sent, got: undefined, status: 0 }) - 1
    const response = await this.#answer(request, endpoint, fetch)
    if (response.body === null) return response
    if (response.headers.get('x-breaks') !== null) return response
    const { status, headers } = response
    const got = new Uint8Array(await response.arrayBuffer())
    this.exchanges[n] = { endpoint, sent, got, status }
    return new Response(got, { status, headers })
  }

  async #answer(
    request: Request,
    endpoint: string,
    fetch: (request: Request) => Promise<Response>,
  ): Promise<Response> {
    const at = this.#answers.findIndex((each) => each.endpoint === endpoint)
    const [answer] = at < 0 ? [] : this.#answers.splice(at, 1)
    if (answer === undefined) return fetch(request)
    const { what } = answer
    if (what === 'drops') throw new TypeError('Network connection lost.')
    if (what === 'stalls') {
      this.timers.passAll()
      return new Promise(() => {})
    }
    if (what === 'breaks') return new Response(brokenBody(), { headers: { 'x-breaks': '1' } })
    return new Response(what.bytes, { status: what.status })
  }
}

const brokenBody = (): ReadableStream =>
  new ReadableStream({
    pull(controller) {
      controller.error(new TypeError('Network connection lost.'))
    },
  })
