/** Everything that one seed plays with: a WeChat, a database, Workers, and a clock of its own. */
import { WeChatSimulator } from '../../../simulator/wechat.ts'
import { Receiver } from '../actors/receiver.ts'
import { Witness } from '../checkers/witness.ts'
import { Sqlite } from '../d1/sqlite.ts'
import { drawRates, FaultBox } from '../faults/faults.ts'
import { Network } from '../faults/network.ts'
import { type Chance, chanceOf } from './random.ts'
import { Scheduler } from './scheduler.ts'
import { Trace } from './trace.ts'
import { Workers } from './workers.ts'

/** What a run is made of. Everything but the seed takes something away, to find what is needed. */
export type Recipe = Readonly<{
  seed: number
  /** Fault kinds that do not happen. */
  without?: readonly string[]
  /** Orders and other actors that are not there: `order 1`, `forger`. */
  withoutActors?: readonly string[]
  /** Another order of things with the same cast. */
  salt?: number
  /** Told of every line of the trace as it is written. */
  onLine?: (line: string) => void
}>

export type World = Readonly<{
  recipe: Recipe
  scheduler: Scheduler
  startMs: number
  wechat: WeChatSimulator
  sqlite: Sqlite
  faults: FaultBox
  network: Network
  workers: Workers
  trace: Trace
  witness: Witness
  receiver: Receiver
  settings: Settings
  chance: (name: string) => Chance
  mail: Mail
  /** What the bills were made to say beside the truth. */
  bills: BillFaults
  /** What the books said before and after a day was reconciled once more. */
  audits: Audit[]
  /** When WeChat closed a number, in virtual time. */
  closedAtMs: ReadonlyMap<string, number>
  /** Who may want to pay which order. */
  cast: Map<string, readonly string[]>
}>

/** What is chosen once for a run, and what the checker has to know of it. */
export type Settings = Readonly<{
  /** Whether there is anybody to be told by webhook. */
  hasReceiver: boolean
  /** Whether the Workers have the merchant's certificate, without which nothing can be refunded. */
  hasCertificate: boolean
  latePayment: 'accept' | 'refund'
}>

export type Mail = {
  /** Notices that were posted, to be posted again. */
  readonly sent: Readonly<{ url: string; body: string }>[]
  /** WeChat sends nothing until then. */
  mutedUntilMs: number
  /** The disturbances are over; what is due is delivered by the healing. */
  isOver: boolean
  /** WeChat has taken a refund on; its notice will come. */
  onRefund: (outRefundNo: string) => void
}

export type BillFaults = {
  /** Reviews that must be opened, for differences that were made. */
  readonly expected: string[]
  /** Days whose bill was changed in what it says. */
  readonly changed: Set<string>
  /** Days on which it was made impossible to get or to read, for a while. */
  readonly delayed: Set<string>
  /** WeChat has said that we may not have it, for a while. */
  isForbidden: boolean
}

export type Audit = { day: string; before: string; after: string }

export const ORIGIN = 'https://pay.test'
export const TOKEN = 'merchant-token-of-the-simulation-01'
export const OLD_API_KEY = '0123456789abcdef0123456789abcdef'
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const API_KEY = '192006250b4c09247ec02edce69f6a2d'
const MERCHANT = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  apiKey: API_KEY,
  appSecret: '00000000000000000000000000000000',
}
const NOTICE_PATIENCE_MS = 5_000
/** Where the merchant platform sends notices of refunds made by hand, if anybody has set it. */
export const REFUND_URL = `${ORIGIN}/notify/refund`
/** In Beijing mostly noon; and shortly before midnight, before bills are made, and after midnight. */
const BEGINNINGS_MS = [
  '2026-11-23T12:00:00+08:00',
  '2026-11-23T12:00:00+08:00',
  '2026-11-23T23:45:00+08:00',
  '2026-11-23T09:50:00+08:00',
  '2026-11-23T00:01:00+08:00',
].map((at) => Date.parse(at))

export function makeWorld(recipe: Recipe): World {
  const { seed, salt = 0 } = recipe
  const chance = (name: string) => chanceOf(seed, name)
  /** What only decides who goes first, and what fails when. */
  const course = (name: string) => chanceOf(seed, salt === 0 ? name : `${name} ${salt}`)
  const setting = chance('setting')
  const startMs = chance('beginning').pick(BEGINNINGS_MS)
  const scheduler = new Scheduler(startMs, course('scheduler'))
  const trace = new Trace(scheduler.now, recipe.onLine)
  const faults = new FaultBox(drawRates(setting), new Set(recipe.without), course('faults'))
  const closedAtMs = new Map<string, number>()
  const mail: Mail = { sent: [], mutedUntilMs: 0, isOver: false, onRefund: () => {} }
  const bills: BillFaults = {
    expected: [],
    changed: new Set(),
    delayed: new Set(),
    isForbidden: false,
  }
  const platformUrl = setting.happens(0.5) ? REFUND_URL : undefined
  const wechat = new WeChatSimulator({
    merchant: MERCHANT,
    clock: { now: scheduler.now },
    random: chance('wechat').bytes,
    strict: {
      undocumentedElementRate: 0.2,
      refuseCloseUnderMs: setting.pick([0, 0, 0, 300_000]),
      reorderAfterExpiry: setting.pick(['accept', 'refuse']),
      refundsTooFast: setting.pick(['INVALID_REQ_TOO_MUCH', 'FREQUENCY_LIMITED', 'accept']),
    },
    refundProcessingMs: setting.pick([1_000, 180_000, 1_200_000]),
    ...(platformUrl === undefined ? {} : { refundNotifyUrl: platformUrl }),
    noticeTimeout: () => expiring(scheduler, NOTICE_PATIENCE_MS),
    onEvent: ({ at, type, endpoint, outTradeNo, outRefundNo, outcome, fault }) => {
      const closed = type === 'order_closed' || outcome === 'CLOSED' || outcome === 'REVOKED'
      if (closed && outTradeNo !== undefined) closedAtMs.set(outTradeNo, at)
      const what = [type, endpoint, outTradeNo, outRefundNo, outcome, fault]
      trace.add('WeChat', what.filter((each) => each !== undefined).join(' '))
      if (/^FAIL 2000[17]/.test(outcome ?? '')) bills.isForbidden = true
      if (type === 'refund_accepted') mail.onRefund(outRefundNo ?? '')
    },
  })
  const sqlite = new Sqlite()
  const witness = new Witness(wechat)
  const receiver = new Receiver({
    secret: WEBHOOK_SECRET,
    faults,
    trace,
    witness,
    nowMs: scheduler.now,
  })
  const hasCertificate = setting.happens(0.85)
  const settings: Settings = {
    hasReceiver: setting.happens(0.9),
    hasCertificate,
    latePayment: hasCertificate ? setting.pick(['accept', 'accept', 'refund']) : 'accept',
  }
  const network = new Network({
    scheduler,
    faults,
    chance: course('network'),
    trace,
    wechat,
    outside: receiver.fetch,
  })
  const workers = new Workers({
    scheduler,
    sqlite,
    network,
    faults,
    trace,
    chance: course('workers'),
    hasCertificate,
    vars: {
      WX_APPID: MERCHANT.appid,
      WX_MCH_ID: MERCHANT.mchId,
      WX_API_KEY: MERCHANT.apiKey,
      WX_APP_SECRET: MERCHANT.appSecret,
      MERCHANT_TOKEN: TOKEN,
      PUBLIC_URL: ORIGIN,
      WX_SIGN_TYPE: setting.pick(['MD5', 'HMAC-SHA256']),
      TICK_CALLS: setting.pick(['40', '40', '10']),
      TICK_STATEMENTS: setting.pick(['50', '40', '1000']),
      LATE_PAYMENT: settings.latePayment,
      ...(hasCertificate ? { WX_CERT: 'a binding' } : {}),
      ...(setting.happens(0.5) ? { WX_API_KEY_OLD: OLD_API_KEY } : {}),
      ...(settings.hasReceiver ? { WEBHOOK_URL: 'https://shop.test/hook', WEBHOOK_SECRET } : {}),
    },
  })
  return {
    recipe,
    scheduler,
    startMs,
    wechat,
    sqlite,
    faults,
    network,
    workers,
    trace,
    witness,
    receiver,
    settings,
    chance,
    closedAtMs,
    cast: new Map(),
    mail,
    bills,
    audits: [],
  }
}

function expiring(scheduler: Scheduler, ms: number): AbortSignal {
  const controller = new AbortController()
  scheduler.after(undefined, ms, () => controller.abort(new Error('timeout')))
  return controller.signal
}
