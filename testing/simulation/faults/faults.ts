/** The kinds of faults, their rates, and how often each has happened. */
import {
  canHappenAt,
  type Fault,
  FAULT_KINDS,
  type FaultEndpoint,
  isFaultKind,
} from '../../../simulator/protocol/faults.ts'
import type { Chance } from '../run/random.ts'

/** Faults of a D1 call: it fails before or after the commit, never answers, or takes effect after the caller has given up. */
export const D1_FAULTS = [
  'd1_error_before',
  'd1_error_after',
  'd1_stall_before',
  'd1_stall_after',
  'd1_late',
] as const

/** Faults of the network to WeChat, in addition to the simulator's own: the request never arrives, or too late for the caller. */
const NETWORK_FAULTS = ['wechat_unreachable', 'wechat_late'] as const

/** Faults of the client certificate: WeChat refuses it, because it has expired or was replaced. */
const CERTIFICATE_FAULTS = ['certificate_refused'] as const

/** Faults of KV, the archive of raw bills: it throws before or after the write, has no value yet, or never answers. */
export const KV_FAULTS = ['kv_error_before', 'kv_error_after', 'kv_missing', 'kv_stall'] as const

/** The Worker dies before its call is sent, or after its call was carried out. */
export const CRASHES = ['crash_before', 'crash_after'] as const

/** Faults between a client and the Worker: the request is lost, the reply is lost, or the client hangs up. */
export const CLIENT_FAULTS = ['client_request_lost', 'client_reply_lost', 'client_gone'] as const

/** The Worker stops between two steps for longer than any deadline, and then continues. */
export const FREEZES = ['worker_frozen'] as const

/** Faults of the shop's webhook receiver. */
export const SHOP_FAULTS = [
  'shop_500',
  'shop_302',
  'shop_timeout',
  'shop_reply_lost',
  'shop_unreachable',
] as const

const WECHAT_FAULTS = FAULT_KINDS.filter(isFaultKind)

/** A part of the simulated world where faults happen. Each part has one rate. */
export type Area = 'd1' | 'wechat' | 'crash' | 'client' | 'shop' | 'freeze' | 'kv'
/** By area: how likely a fault is at each opportunity, 0 to 1. */
export type Rates = Readonly<Record<Area, number>>
/** The rates of a seed in its last phase, in which no faults happen. */
export const NO_FAULTS: Rates = {
  d1: 0,
  wechat: 0,
  crash: 0,
  client: 0,
  shop: 0,
  freeze: 0,
  kv: 0,
}

/** Draws the rates of a seed: each area has no faults, few, or many. */
export function drawRates(chance: Chance): Rates {
  const rate = (low: number, high: number) => chance.pick([0, low, low, high])
  return {
    d1: rate(0.03, 0.15),
    wechat: rate(0.1, 0.4),
    crash: rate(0.01, 0.05),
    client: rate(0.03, 0.15),
    shop: rate(0.2, 0.9),
    freeze: rate(0.005, 0.02),
    kv: rate(0.4, 0.8),
  }
}

/**
 * Error codes that the fault `err_code` picks from. A refusal of a unifiedorder, closeorder or refund may be untrue: WeChat
 * may have carried out the call. The codes listed for a query say nothing about the order or refund, because the Worker must
 * believe what a signed answer to a query says about it.
 */
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
  // downloadbill answers an error_code, not an err_code. `No Bill Exist` is not listed: it would say that the day had no
  // payments, and the Worker must believe that.
  downloadbill: ['20001', '20003', '20007', '20100', '100'],
}

const REPETITION_REFUSED_RATE = 0.4

type NetworkFault = (typeof NETWORK_FAULTS | typeof CERTIFICATE_FAULTS)[number]

/** Decides by chance which faults happen, and counts them. */
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

  /** Ends the phase with faults: sets all rates to zero. */
  stop(): void {
    this.#rates = NO_FAULTS
  }

  /** Draws whether a fault of `area` happens now, and which of `kinds` it is. Counts the fault. @returns undefined for no fault. */
  draw<K extends string>(area: Area, kinds: readonly K[]): K | undefined {
    if (!this.#chance.happens(this.#rates[area])) return undefined
    const kind = this.#chance.pick(kinds)
    if (this.#without.has(kind)) return undefined
    this.count(kind)
    return kind
  }

  /** Draws a fault of a call to WeChat: one that the simulator injects into its answer, or one of the network. */
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

  /**
   * Draws a refusal of a repeated refund request, whose first request WeChat has accepted. WeChat may refuse the repetition,
   * because the first one succeeded.
   */
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

  /** Counts a fault, or a situation that shows what the run has covered. */
  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
  }
}
