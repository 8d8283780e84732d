/**
 * Connects the adapters to the ports. What the platform
 * provides (`env`, clock, randomness) comes from `platform.ts`.
 */
import { tokensOf, type Vars } from './config.ts'
import { DOCTOR } from './console/words/doctor.ts'
import type { Actor } from './core/actor.ts'
import { toFen } from './core/money.ts'
import { fromMillis } from './core/time.ts'
import { doctorTools } from './doctor-tools.ts'
import { IsolateMemory } from './isolate-memory.ts'
import { type TimeLeft, type Timers, withDeadline } from './lib/deadline.ts'
import { Secret } from './lib/secret.ts'
import { toHex } from './lib/text.ts'
import { detailsOf } from './lib/words.ts'
import { guardedLog } from './log.ts'
import type { Deps, LogEntry } from './ports/deps.ts'
import type { WebhookSender } from './ports/delivery-store.ts'
import type { HttpDeps } from './routes/http/deps.ts'
import { deliverFirst } from './service/webhook/deliver-webhook.ts'
import { type BlobStore, kvArchive } from './store/bill/archive.ts'
import { Database } from './store/d1/database.ts'
import { cronOutbox, type Outbox, requestOutbox } from './store/d1/outbox.ts'
import { d1Stores } from './store/store.ts'
import { Usage } from './usage.ts'
import { useCaseConfig, webhookTargetOf } from './use-case-config.ts'
import { alertSender } from './webhooks/alert-sender.ts'
import { noSender, webhookSender } from './webhooks/sender.ts'
import { readBill } from './wechat/bill/read.ts'
import { type Fetch, type TransportOptions, wechatTransport } from './wechat/transport.ts'
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
  /** Writes a line of the log, after `log.ts` has guarded it. */
  log: (entry: LogEntry) => void
  /**
   * Keeps the Worker alive for work after the response. If
   * the work fails, the cron repeats it from a stored row.
   */
  background: (work: Promise<void>) => void
  /** A fetch that presents the merchant's certificate. If it is undefined, nothing can be refunded. */
  certificateFetch?: Fetch | undefined
  /** The platform's rate limits. A limit that is not bound admits every request. */
  limits?: Readonly<{ address?: RateLimit; payer?: RateLimit; signIn?: RateLimit }>
  /** What the requests of an isolate share. If it is undefined, the invocation remembers nothing of earlier ones. */
  memory?: IsolateMemory
}>

/**
 * Builds everything that one invocation needs, and counts the invocation's outbound calls and SQL statements.
 * The actor of the invocation is `system`; a route changes it by `as`.
 */
export const assemble = (vars: Vars, platform: Platform): HttpDeps =>
  assembleFor(REQUEST, new Usage(), vars, { memory: new IsolateMemory(), ...platform })

/** Builds the same for a run of the cron, which sends the webhooks that it writes when their turn comes. */
export const assembleCron = (vars: Vars, platform: Platform): Deps =>
  assembleFor({ ...REQUEST, outbox: cronOutbox }, new Usage(), vars, {
    memory: new IsolateMemory(),
    ...platform,
  })

/** On whose behalf the invocation works, how long it may take, and how it writes webhooks. */
type Caller = Readonly<{
  actor: Actor
  timeLeft: TimeLeft
  outbox: (hasTarget: boolean) => Outbox
}>

const REQUEST: Caller = { actor: 'system', timeLeft: () => Infinity, outbox: requestOutbox }

function assembleFor(
  { actor, timeLeft, outbox }: Caller,
  usage: Usage,
  vars: Vars,
  platform: Platform & Readonly<{ memory: IsolateMemory }>,
): HttpDeps {
  const { timers, randomBytes, memory } = platform
  const secrets = Object.values(vars).filter((value) => value instanceof Secret)
  const log = guardedLog(platform.log, secrets)
  const merchant = { appid: vars.WX_APPID, mchId: vars.WX_MCH_ID, apiKey: vars.WX_API_KEY }
  const signType = vars.WX_SIGN_TYPE
  const now = () => fromMillis(platform.nowMs())
  const countedFetch = usage.counted(platform.fetch)
  const { certificateFetch } = platform

  const wire: TransportOptions = {
    fetch: countedFetch,
    timers,
    now,
    timeLeft,
    log,
    health: memory.originHealth,
    loginOrigin: vars.WX_LOGIN_ORIGIN,
    payOrigin: vars.WX_PAY_ORIGIN,
    payOriginBackup: vars.WX_PAY_ORIGIN_BACKUP,
    certificateFetch: certificateFetch === undefined ? undefined : usage.counted(certificateFetch),
  }
  const gateway = {
    timers,
    randomBytes,
    merchant,
    appSecret: vars.WX_APP_SECRET,
    signType,
    log,
    onKey: (key: 'accepted' | 'refused') => usage.noteKey(key),
  }
  const webhookTarget = webhookTargetOf(vars)
  const database = new Database(platform.db, timers, randomBytes, timeLeft, usage)
  const limits = {
    paused: vars.REFUNDS === 'paused',
    perDay: vars.REFUND_LIMIT_DAY === undefined ? undefined : toFen(vars.REFUND_LIMIT_DAY),
  }
  const noticeKeys = { merchant, signType, oldKey: vars.WX_API_KEY_OLD }

  const deps: HttpDeps = {
    config: useCaseConfig(vars, limits, certificateFetch !== undefined),
    ...d1Stores(database, outbox(webhookTarget !== 'unset'), merchant.mchId, actor, limits),
    wechat: wechatGateway({ ...gateway, transport: wechatTransport(wire) }),
    // Few requests need it, and every notice would wait for it.
    get doctor() {
      return doctorTools({
        vars,
        kv: platform.kv,
        nowMs: platform.nowMs,
        database,
        secrets,
        transport: wire,
        gateway,
      })
    },
    doctorWords: DOCTOR,
    checkups: memory.checkups,
    readBill,
    archive: platform.kv === undefined ? undefined : kvArchive(platform.kv, timers, log),
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
    sendAlert:
      vars.ALERT_URL === undefined
        ? undefined
        : alertSender({
            fetch: countedFetch,
            timers,
            nowMs: platform.nowMs,
            url: vars.ALERT_URL,
            secret: vars.ALERT_SECRET,
            consoleUrl: `${vars.PUBLIC_URL}/console`,
          }),
    deliverSoon(ids) {
      if (webhookTarget !== 'set') return
      // Webhooks are sent after the response, so the deadline of the request does not apply to them.
      const caller = { actor: 'system', timeLeft: () => Infinity, outbox }
      const background = assembleFor(caller, usage, vars, platform)
      for (const id of ids) platform.background(deliverFirst(background, id).catch(logFailure(id)))
    },
    log,
    mayQuery: (ordercode) => memory.queries.admit(ordercode, now()),
    admit: (who) => admit(platform.limits?.payer, who),
    admitClient: (who) => admit(platform.limits?.address, who),
    admitSignIn: (who) => admit(platform.limits?.signIn, who),
    newSessionId: () => toHex(randomBytes(16)),
    clientIpHeader: vars.CLIENT_IP_HEADER,
    refusedLogins: memory.refusedLogins,
    used: () => ({ calls: usage.calls, statements: usage.statements }),
    isRefused: () => usage.isRefused,
    keyHealth: () => usage.key,
    version: VERSION,
    featuresOff: vars.off,
    ...tokensOf(vars),
    recentHealth: memory.health,
    metricsToken: vars.METRICS_TOKEN,
    recentMetrics: memory.metrics,
    refusedTokens: memory.refusedTokens,
    as(who, withinMs = Infinity) {
      const end = platform.nowMs() + withinMs
      const timeLeft = () => end - platform.nowMs()
      return assembleFor({ actor: who, timeLeft, outbox }, usage, vars, platform)
    },
    async inTime(work) {
      const working = work()
      const outcome = await withDeadline(timers, timeLeft(), () => working)
      // What is under way may still take effect, after the answer.
      if (!outcome.done) platform.background(working.then(ignore, ignore))
      return outcome
    },
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
    return webhookSender({ fetch: countedFetch, timers, nowMs: platform.nowMs, url, secrets })
  }

  function logFailure(id: string): (error: unknown) => void {
    return (error) => {
      log({ event: 'webhook_not_tried', id, ...detailsOf(error) })
    }
  }
}

const ignore = (): void => {}

async function admit(limit: RateLimit | undefined, key: string): Promise<boolean> {
  try {
    return limit === undefined || (await limit.limit({ key })).success
  } catch {
    // If the platform's rate limit fails, the request is admitted: the limit only prevents abuse, and payers
    // must still be able to pay.
    return true
  }
}
