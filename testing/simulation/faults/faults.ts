/** What goes wrong, how often, and how often it did. */
import {
  canHappenAt,
  type Fault,
  FAULT_KINDS,
  type FaultEndpoint,
  isFaultKind,
} from '../../../simulator/protocol/faults.ts'
import type { Chance } from '../run/random.ts'

/** A call to D1: fails before or after the commit, never answers, or takes effect after we gave up. */
export const D1_FAULTS = [
  'd1_error_before',
  'd1_error_after',
  'd1_stall_before',
  'd1_stall_after',
  'd1_late',
] as const

/** On the way to WeChat, beside what the simulator can do itself: never there, or there after we gave up. */
const NETWORK_FAULTS = ['wechat_unreachable', 'wechat_late'] as const

/** Where a certificate is shown: it has run out, or was replaced at WeChat. */
const CERTIFICATE_FAULTS = ['certificate_refused'] as const

/** What the store of raw bills does wrong: throws, before or after the fact, has nothing yet, never answers. */
export const KV_FAULTS = ['kv_error_before', 'kv_error_after', 'kv_missing', 'kv_stall'] as const

/** The Worker dies, with its call not sent, or with its call done. */
export const CRASHES = ['crash_before', 'crash_after'] as const

/** On the way between a client and the Worker. */
export const CLIENT_FAULTS = ['client_request_lost', 'client_reply_lost', 'client_gone'] as const

/** The Worker's machine stands still between two steps, longer than any deadline, and then goes on. */
export const FREEZES = ['worker_frozen'] as const

/** What the shop's receiver of webhooks does wrong. */
export const SHOP_FAULTS = [
  'shop_500',
  'shop_302',
  'shop_timeout',
  'shop_reply_lost',
  'shop_unreachable',
] as const

const WECHAT_FAULTS = FAULT_KINDS.filter(isFaultKind)

export type Area = 'd1' | 'wechat' | 'crash' | 'client' | 'shop' | 'freeze' | 'kv'
export type Rates = Readonly<Record<Area, number>>
export const NO_FAULTS: Rates = {
  d1: 0,
  wechat: 0,
  crash: 0,
  client: 0,
  shop: 0,
  freeze: 0,
  kv: 0,
}

/** In some seeds an area is quiet, in some it is terrible. */
export function drawRates(chance: Chance): Rates {
  const rate = (low: number, high: number) => chance.pick([0, low, low, high])
  return {
    d1: rate(0.03, 0.15),
    wechat: rate(0.1, 0.4),
    crash: rate(0.01, 0.05),
    client: rate(0.03, 0.15),
    shop: rate(0.2, 0.9),
    freeze: rate(0.005, 0.02),
    kv: rate(0.2, 0.6),
  }
}

/** Words of a business refusal that WeChat may use, truly or not; a signed lie about a query is none. */
const ERR_CODES: Readonly<Record<FaultEndpoint, readonly string[]>> = {
  jscode2session: [],
  unifiedorder: ['INVALID_REQUEST', 'PARAM_ERROR', 'ORDERPAID', 'ORDERCLOSED', 'NEW_IN_2027'],
  orderquery: ['SYSTEMERROR', 'INVALID_REQUEST', 'NEW_IN_2027'],
  closeorder: ['SYSTEMERROR', 'ORDERPAID', 'ORDERCLOSED', 'NEW_IN_2027'],
  refund: [
    'BIZERR_NEED_RETRY',
    'NOTENOUGH',
    'INVALID_REQ_TOO_MUCH',
    'ERROR',
    'ORDERNOTEXIST',
    'REFUND_FEE_INVALID',
    'TRADE_STATE_ERROR',
    'INVALID_REQUEST',
    'USER_ACCOUNT_ABNORMAL',
    'PARAM_ERROR',
    'NEW_IN_2027',
  ],
  refundquery: ['SYSTEMERROR', 'INVALID_TRANSACTIONID', 'NEW_IN_2027'],
  // error_code, and not err_code; `No Bill Exist` would be a lie about the whole day.
  downloadbill: ['20001', '20003', '20007', '20100', '100'],
}

const REPETITION_REFUSED_RATE = 0.4

type NetworkFault = (typeof NETWORK_FAULTS | typeof CERTIFICATE_FAULTS)[number]

export class FaultBox {
  readonly counts = new Map<string, number>()
  #rates: Rates
  readonly #without: ReadonlySet<string>
  readonly #chance: Chance

  constructor(rates: Rates, without: ReadonlySet<string>, chance: Chance) {
    this.#rates = rates
    this.#without = without
    this.#chance = chance
  }

  /** From here on nothing goes wrong any more. */
  stop(): void {
    this.#rates = NO_FAULTS
  }

  /** Draws whether one of these happens now, and which. */
  draw<K extends string>(area: Area, kinds: readonly K[]): K | undefined {
    if (!this.#chance.happens(this.#rates[area])) return undefined
    const kind = this.#chance.pick(kinds)
    if (this.#without.has(kind)) return undefined
    this.count(kind)
    return kind
  }

  drawWeChat(endpoint: FaultEndpoint): Fault | NetworkFault | undefined {
    const kinds = WECHAT_FAULTS.filter((kind) => canHappenAt(kind, endpoint))
    const ofNetwork =
      endpoint === 'refund' ? [...NETWORK_FAULTS, ...CERTIFICATE_FAULTS] : NETWORK_FAULTS
    const kind = this.draw('wechat', [...kinds, ...ofNetwork])
    switch (kind) {
      case undefined:
      case 'wechat_unreachable':
      case 'wechat_late':
      case 'certificate_refused':
        return kind
      case 'err_code': {
        const errCode = this.#chance.pick(ERR_CODES[endpoint])
        return { kind, endpoint, errCode, errCodeDes: 'by chance' }
      }
      case 'return_fail':
        return { kind, endpoint, returnMsg: this.#chance.pick(['签名错误', 'SYSTEMERROR', '频率']) }
      default:
        return { kind, endpoint }
    }
  }

  /** A refund that WeChat has taken on is sent again: the first one got through, and that is the reason to refuse. */
  drawRepetition(): Fault | undefined {
    if (this.#rates.wechat === 0 || !this.#chance.happens(REPETITION_REFUSED_RATE)) return undefined
    if (this.#without.has('repetition_refused')) return undefined
    this.count('repetition_refused')
    const errCode = this.#chance.pick([
      'TRADE_STATE_ERROR',
      'REFUND_FEE_INVALID',
      'INVALID_REQUEST',
    ])
    return { kind: 'err_code', endpoint: 'refund', errCode, errCodeDes: 'known already' }
  }

  /** Something worth knowing happened: a fault, or a situation that the run was to reach. */
  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
  }
}
