/** The world of one seed: a simulated WeChat, a database, Workers, and a virtual clock. */
import { createHash } from 'node:crypto'
import { WeChatSimulator } from '../../../simulator/wechat.ts'
import { Receiver } from '../actors/receiver.ts'
import { Witness } from '../checkers/witness.ts'
import { Sqlite } from '../d1/sqlite.ts'
import { drawRates, FaultBox } from '../faults/faults.ts'
import { Network } from '../faults/network.ts'
import { type Chance, chanceOf } from './random.ts'
import { Restores } from './restores.ts'
import { Scheduler } from './scheduler.ts'
import { Trace } from './trace.ts'
import { Workers } from './workers.ts'

/** What a run is made of. All fields except the seed change or reduce the run, to find what a failure needs. */
export type Recipe = Readonly<{
  seed: number
  /** Kinds of faults that never happen in this run. */
  without?: readonly string[]
  /** Orders and other actors that are left out: `order 1`, `forger`. */
  withoutActors?: readonly string[]
  /** Another number makes the same actors interleave differently and meet other faults. */
  salt?: number
  /** Called with every line of the seed's trace when it is written. */
  onLine?: (line: string) => void
}>

/** Everything that actors, faults and checks of one seed share. */
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
  restores: Restores
  receiver: Receiver
  settings: Settings
  secrets: Secrets
  /** The random stream with this name. Each call begins the stream again. */
  chance: (name: string) => Chance
  mail: Mail
  /** The faults that were injected into WeChat's bills. */
  bills: BillFaults
  leaks: Leaks
  /** The Worker's tables before and after the bill of a day was reconciled once more. */
  audits: Audit[]
  /** By out_trade_no: when WeChat closed it, in milliseconds of virtual time. */
  closedAtMs: ReadonlyMap<string, number>
  /** Openids of the payers of each order, by ordercode. */
  cast: Map<string, readonly string[]>
}>

/** Configuration that is drawn once for a seed, as far as the checks must know it. */
export type Settings = Readonly<{
  /** Whether the shop has a webhook receiver in this seed. */
  hasReceiver: boolean
  /** Whether the Workers have the merchant's certificate, without which no payment can be refunded. */
  hasCertificate: boolean
  /** Whether an attacker holds the API key. */
  isKeyLeaked: boolean
  /** NOTICE_CONFIRM_FROM, in fen. */
  confirmFrom: number
}> & {
  /** `either`: the operator has switched it. */
  latePayment: 'accept' | 'refund' | 'either'
}

/** Values that the operator changes, as the other actors know them. */
export type Secrets = {
  apiKey: string
  shopToken: string
  /** Parameters of wx.requestPayment that were made before this time may be signed with the previous key. */
  signedByOldUntilMs: number
}

/** What the notices that an attacker signed below NOTICE_CONFIRM_FROM were about. */
export type Leaks = Readonly<{
  /** The ordercodes of the notices, and of the orders whose transactions they name. */
  orders: Set<string>
  /** The transaction_ids of the notices. */
  transactions: Set<string>
}>

/** The state of the delivery of WeChat's notices to the Worker. */
export type Mail = {
  /** The last notices that WeChat posted, which the forger replays. */
  readonly sent: Readonly<{ url: string; body: string }>[]
  /** WeChat sends no notice before this virtual time in milliseconds. */
  mutedUntilMs: number
  /** Whether the phase with faults is over. From then on only the drain delivers notices. */
  isOver: boolean
  /** Called with the out_refund_no when WeChat has accepted a refund. */
  onRefund: (outRefundNo: string) => void
}

/** Faults that were injected into bills, and what must follow from them. */
export type BillFaults = {
  /** Ids of reviews that must be opened, one for each injected difference. */
  readonly expected: string[]
  /** Payments whose row was moved to the bill of the next day, which is `day`. */
  readonly late: Readonly<{ number: string; day: string }>[]
  /** By day: whether the other rate of WeChat's fee in its bill is one that no bill before has. */
  readonly otherRates: Map<string, 'new' | 'perhaps_new'>
  /** Days for which WeChat's bill was falsified. */
  readonly changed: Set<string>
  /** Days for which WeChat's bill could not be downloaded or read for a while. */
  readonly delayed: Set<string>
  /** Whether WeChat answered at least once that the merchant may not download bills. */
  isForbidden: boolean
}

/** The tables as text, before and after the day was reconciled once more. */
export type Audit = { day: string; before: string; after: string }

/** The Worker's PUBLIC_URL. */
export const ORIGIN = 'https://pay.test'
/** The Worker's MERCHANT_TOKEN. */
export const TOKEN = 'merchant-token-of-the-simulation-01'
/** The name and the token of the operator, who resolves reviews. */
export const OPERATOR_NAME = 'li.wei'
export const OPERATOR_TOKEN = 'op_token-of-the-operator-in-the-simulation'
/** The Worker's WX_API_KEY_OLD, in half of the seeds. */
export const OLD_API_KEY = '0123456789abcdef0123456789abcdef'
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
/** The AppSecret of every mini program. */
export const APP_SECRET = '00000000000000000000000000000000'
const API_KEY = '192006250b4c09247ec02edce69f6a2d'
const MERCHANT = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  apiKey: API_KEY,
  appSecret: APP_SECRET,
}
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const NOTICE_PATIENCE_MS = 5_000
/** Where WeChat sends notices of refunds made on the merchant platform, if that URL is configured there. */
export const REFUND_URL = `${ORIGIN}/notify/refund`
/** Beginnings of a seed: mostly noon in Beijing; also shortly before and after midnight, and before bills are ready. */
const BEGINNINGS_MS = [
  '2026-11-23T12:00:00+08:00',
  '2026-11-23T12:00:00+08:00',
  '2026-11-23T23:54:00+08:00',
  '2026-11-23T23:54:00+08:00',
  '2026-11-23T09:50:00+08:00',
  '2026-11-23T00:01:00+08:00',
].map((at) => Date.parse(at))

/** Creates the world of a seed. All settings are drawn from the seed's streams. */
export function makeWorld(recipe: Recipe): World {
  const { seed, salt = 0 } = recipe
  const chance = (name: string) => chanceOf(seed, name)
  /**
   * The streams that only decide how actors interleave and which faults happen when. The salt of a recipe changes these
   * streams and no other one.
   */
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
    late: [],
    otherRates: new Map(),
    changed: new Set(),
    delayed: new Set(),
    isForbidden: false,
  }
  const platformUrl = setting.happens(0.5) ? REFUND_URL : undefined
  const wechat = new WeChatSimulator({
    // A copy, because the operator changes its key.
    merchant: { ...MERCHANT },
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
  const restores = new Restores()
  const leaks: Leaks = { orders: new Set(), transactions: new Set() }
  const witness = new Witness(wechat, restores, leaks.orders)
  const receiver = new Receiver({
    secret: WEBHOOK_SECRET,
    faults,
    trace,
    witness,
    nowMs: scheduler.now,
  })
  const hasCertificate = setting.happens(0.85)
  const settings: Settings = {
    ...drawLeak(chance('leak')),
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
    onRefundSent: (outRefundNo, isPaused) => witness.refundSent(outRefundNo, isPaused),
    vars: {
      WX_APPID: MERCHANT.appid,
      WX_MCH_ID: MERCHANT.mchId,
      WX_API_KEY: MERCHANT.apiKey,
      WX_APP_SECRET: MERCHANT.appSecret,
      MERCHANT_TOKEN: TOKEN,
      OPERATORS: JSON.stringify({
        [OPERATOR_NAME]: { token_sha256: sha256(OPERATOR_TOKEN), role: 'operator' },
      }),
      PUBLIC_URL: ORIGIN,
      WX_SIGN_TYPE: setting.pick(['MD5', 'HMAC-SHA256']),
      TICK_CALLS: setting.pick(['40', '40', '10']),
      TICK_STATEMENTS: setting.pick(['50', '40', '1000']),
      LATE_PAYMENT: settings.latePayment,
      NOTICE_CONFIRM_FROM: String(settings.confirmFrom),
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
    restores,
    receiver,
    settings,
    secrets: { apiKey: API_KEY, shopToken: TOKEN, signedByOldUntilMs: 0 },
    chance,
    closedAtMs,
    cast: new Map(),
    mail,
    bills,
    leaks,
    audits: [],
  }
}

/** Whether the key has leaked. In most of these seeds every notice is confirmed, so that nothing forged may be believed. */
function drawLeak(chance: Chance): Pick<Settings, 'isKeyLeaked' | 'confirmFrom'> {
  const isKeyLeaked = chance.happens(0.3)
  const confirmFrom = isKeyLeaked
    ? chance.pick([1, 1, 1, 1, 50_000, 0])
    : chance.pick([100_000, 100_000, 20_000, 1, 0])
  return { isKeyLeaked, confirmFrom }
}

function expiring(scheduler: Scheduler, ms: number): AbortSignal {
  const controller = new AbortController()
  scheduler.after(undefined, ms, () => controller.abort(new Error('timeout')))
  return controller.signal
}
