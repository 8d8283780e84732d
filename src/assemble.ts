/**
 * Connects the adapters to the ports. What the platform
 * provides (`env`, clock, randomness) comes from `platform.ts`.
 */
import type { Vars } from './config.ts'
import { fromMillis } from './core/time.ts'
import type { Timers } from './lib/deadline.ts'
import { toHex } from './lib/text.ts'
import type { LogEntry } from './ports/deps.ts'
import type { WebhookSender } from './ports/webhooks.ts'
import type { HttpDeps } from './routes/http/deps.ts'
import { ticketKey } from './service/pay/ticket.ts'
import { deliverFirst } from './service/webhook/deliver-webhook.ts'
import { type BlobStore, kvArchive } from './store/bill/archive.ts'
import { Database } from './store/d1/database.ts'
import { d1Stores } from './store/store.ts'
import { noSender, webhookSender } from './webhooks/sender.ts'
import { readBill } from './wechat/bill/read.ts'
import { type Fetch, OriginHealth, wechatTransport } from './wechat/transport.ts'
import { signClientPay } from './wechat/v2/client-pay.ts'
import { wechatGateway } from './wechat/v2/gateway.ts'
import { paymentNoticeReader, refundNoticeReader } from './wechat/v2/notices/readers.ts'

/** The version that `GET /health` shows. Keep it equal to the one in `package.json`. */
export const VERSION = '0.1.0'

/** What Cloudflare provides to the Worker, such as D1. A test provides its own. */
export type Platform = Readonly<{
  db: D1Database
  /**
   * The archive of raw bills; undefined when no KV namespace is bound. Without an archive, a bill that takes
   * several runs is downloaded again.
   */
  kv: BlobStore | undefined
  fetch: Fetch
  timers: Timers
  nowMs: () => number
  randomBytes: (count: number) => Uint8Array
  log: (entry: LogEntry) => void
  /**
   * Keeps the Worker alive for work after the response. If
   * the work fails, the cron repeats it from a stored row.
   */
  background: (work: Promise<void>) => void
  /** A fetch that presents the merchant's certificate. If it is undefined, nothing can be refunded. */
  certificateFetch?: Fetch | undefined
  /** The platform's rate limits. If the limit for addresses or for payers is not bound, it admits every request. */
  limits?: Readonly<{ address?: RateLimit; payer?: RateLimit }>
  /**
   * Which of WeChat's two origins failed lately, shared by all requests of an isolate. If it is undefined,
   * nothing is known about the origins.
   */
  originHealth?: OriginHealth
}>

/**
 * Builds everything that one invocation needs, and counts the invocation's outbound calls and SQL statements.
 */
export function assemble(vars: Vars, platform: Platform): HttpDeps {
  const { timers, randomBytes } = platform
  const merchant = { appid: vars.WX_APPID, mchId: vars.WX_MCH_ID, apiKey: vars.WX_API_KEY }
  const signType = vars.WX_SIGN_TYPE
  const now = () => fromMillis(platform.nowMs())
  let calls = 0
  const counted =
    (send: Fetch): Fetch =>
    (request) => {
      calls++
      return send(request)
    }
  const countedFetch = counted(platform.fetch)
  const { certificateFetch } = platform

  const transport = wechatTransport({
    fetch: countedFetch,
    timers,
    now,
    health: platform.originHealth ?? new OriginHealth(),
    loginOrigin: vars.WX_LOGIN_ORIGIN,
    payOrigin: vars.WX_PAY_ORIGIN,
    payOriginBackup: vars.WX_PAY_ORIGIN_BACKUP,
    certificateFetch: certificateFetch === undefined ? undefined : counted(certificateFetch),
  })
  const appSecret = vars.WX_APP_SECRET
  const hasTarget = vars.WEBHOOK_URL !== undefined
  const database = new Database(platform.db, timers, randomBytes)
  const noticeKeys = { merchant, signType, oldKey: vars.WX_API_KEY_OLD }

  const deps: HttpDeps = {
    config: {
      appid: merchant.appid,
      mchId: merchant.mchId,
      signType,
      notifyUrl: `${vars.PUBLIC_URL}/notify`,
      ticketKey: () => ticketKey(appSecret.reveal()),
      tick: { calls: vars.TICK_CALLS, statements: vars.TICK_STATEMENTS },
      latePayment: vars.LATE_PAYMENT,
      isAppidShared: vars.SHARED_APPID === 'yes',
      refundNotifyUrl:
        certificateFetch === undefined ? undefined : `${vars.PUBLIC_URL}/notify/refund`,
      hasWebhookTarget: hasTarget,
    },
    ...d1Stores(database, hasTarget),
    wechat: wechatGateway({ transport, timers, randomBytes, merchant, appSecret, signType }),
    readBill,
    archive: platform.kv === undefined ? undefined : kvArchive(platform.kv, timers),
    now,
    signClientPay: (prepayId, type) =>
      signClientPay({
        prepayId,
        merchant,
        signType: type,
        nonceStr: toHex(randomBytes(16)),
        now: now(),
      }),
    webhooks: vars.WEBHOOK_URL === undefined ? noSender : senderTo(vars.WEBHOOK_URL),
    deliverSoon(ids) {
      if (!hasTarget) return
      for (const id of ids) platform.background(deliverFirst(deps, id).catch(logFailure(id)))
    },
    log: platform.log,
    admit: (who) => admit(platform.limits?.payer, who),
    admitAddress: (ip) => admit(platform.limits?.address, ip),
    used: () => ({ calls, statements: database.statementsUsed }),
    version: VERSION,
    merchantTokens: [vars.MERCHANT_TOKEN, vars.MERCHANT_TOKEN_OLD].filter(
      (token) => token !== undefined,
    ),
    notices: {
      payment: paymentNoticeReader(noticeKeys),
      refund: refundNoticeReader(noticeKeys),
    },
  }
  return deps

  function senderTo(url: string): WebhookSender {
    const secrets = [vars.WEBHOOK_SECRET, vars.WEBHOOK_SECRET_OLD].filter(
      (secret) => secret !== undefined,
    )
    return webhookSender({ fetch: countedFetch, timers, now, url, secrets })
  }

  function logFailure(id: string): (error: unknown) => void {
    return (error) => {
      const reason = error instanceof Error ? error.name : 'unknown'
      platform.log({ event: 'webhook_not_tried', id, reason })
    }
  }
}

async function admit(limit: RateLimit | undefined, key: string): Promise<boolean> {
  try {
    return limit === undefined || (await limit.limit({ key })).success
  } catch {
    // If the platform's rate limit fails, the request is admitted: the limit only prevents abuse, and payers
    // must still be able to pay.
    return true
  }
}
