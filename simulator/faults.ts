import type { Distortion } from './answer.ts'
import type { PayEndpointName } from './endpoint.ts'
import {
  FREQUENCY_LIMITED,
  NO_AUTH,
  type Refusal,
  refused,
  returned,
  SYSTEM_ERROR,
} from './refusals.ts'

export type EndpointName = 'jscode2session' | PayEndpointName

/** The network: the request or the reply never arrives, or what arrives is not WeChat's. */
type NetworkKind =
  | 'request_lost'
  | 'reply_lost'
  | 'stall_before'
  | 'stall_after'
  | 'http_500'
  | 'http_502'
  | 'http_502_after'

/** What login itself says. `login_busy` leaves the code usable, and so do the others. */
type LoginKind = 'login_busy' | 'login_limit' | 'login_blocked' | 'login_bad_secret'

/** A signed refusal; nothing was done. */
type RefusalKind = 'system_error' | 'frequency_limited' | 'not_auth'

type SimpleKind =
  | NetworkKind
  | LoginKind
  | RefusalKind
  | Distortion
  /** closeorder says OK and the order stays open: reported once, and the reason to query after closing. */
  | 'close_without_effect'

export type FaultKind = SimpleKind | 'err_code' | 'return_fail'

/** Something that goes wrong, `times` times (default once), at one endpoint or at the next that fits. */
export type Fault = { endpoint: EndpointName | 'any'; times?: number } & (
  | { kind: SimpleKind }
  | { kind: 'err_code'; errCode: string; errCodeDes: string }
  | { kind: 'return_fail'; returnMsg: string }
)

/** Where a kind can happen at all. */
const REACH = {
  request_lost: 'all',
  reply_lost: 'all',
  stall_before: 'all',
  stall_after: 'all',
  http_500: 'all',
  http_502: 'all',
  http_502_after: 'all',
  login_busy: 'login',
  login_limit: 'login',
  login_blocked: 'login',
  login_bad_secret: 'login',
  system_error: 'pay',
  frequency_limited: 'pay',
  not_auth: 'pay',
  err_code: 'pay',
  return_fail: 'pay',
  wrong_sign: 'pay',
  missing_sign: 'pay',
  md5_reply: 'pay',
  extra_element: 'pay',
  other_order: 'pay',
  other_appid: 'pay',
  other_mch_id: 'pay',
  truncated_xml: 'pay',
  close_without_effect: 'closeorder',
} as const satisfies Record<FaultKind, 'all' | 'pay' | 'login' | 'closeorder'>

const DISTORTIONS = [
  'wrong_sign',
  'missing_sign',
  'md5_reply',
  'extra_element',
  'other_order',
  'other_appid',
  'other_mch_id',
  'truncated_xml',
] as const satisfies readonly Distortion[]

const ENDPOINT_NAMES = [
  'jscode2session',
  'unifiedorder',
  'orderquery',
  'closeorder',
] as const satisfies readonly EndpointName[]

export const FAULT_KINDS: readonly string[] = Object.keys(REACH)
export const FAULT_ENDPOINTS: readonly string[] = ['any', ...ENDPOINT_NAMES]

export function isFaultKind(value: unknown): value is FaultKind {
  return typeof value === 'string' && Object.hasOwn(REACH, value)
}

export function isFaultEndpoint(value: unknown): value is EndpointName | 'any' {
  return typeof value === 'string' && FAULT_ENDPOINTS.includes(value)
}

export function isDistortion(kind: FaultKind): kind is Distortion {
  return DISTORTIONS.some((each) => each === kind)
}

export function canHappenAt(kind: FaultKind, endpoint: EndpointName | 'any'): boolean {
  if (endpoint === 'any') return true
  const reach = REACH[kind]
  if (reach === 'all' || reach === endpoint) return true
  return reach === (endpoint === 'jscode2session' ? 'login' : 'pay')
}

/** The refusal that stands in for the business, if the fault is one. */
export function refusalOf(fault: Fault): Refusal | undefined {
  switch (fault.kind) {
    case 'system_error':
      return SYSTEM_ERROR
    case 'frequency_limited':
      return FREQUENCY_LIMITED
    case 'not_auth':
      return NO_AUTH
    case 'err_code':
      return refused(fault.errCode, fault.errCodeDes)
    case 'return_fail':
      return returned(fault.returnMsg)
    default:
      return undefined
  }
}

/** Faults waiting for their turn, in the order they were injected. */
export class FaultQueue {
  #waiting: { fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    const times = fault.times ?? 1
    if (!Number.isSafeInteger(times) || times < 1) {
      throw new RangeError(`a fault happens once or more, not ${times} times`)
    }
    if (!canHappenAt(fault.kind, fault.endpoint)) {
      throw new RangeError(`${fault.kind} cannot happen at ${fault.endpoint}`)
    }
    this.#waiting.push({ fault, left: times })
  }

  /** The first that fits this endpoint; it is used up by being taken. */
  take(endpoint: EndpointName): Fault | undefined {
    const next = this.#waiting.find(
      ({ fault }) =>
        (fault.endpoint === endpoint || fault.endpoint === 'any') &&
        canHappenAt(fault.kind, endpoint),
    )
    if (next === undefined) return undefined
    next.left -= 1
    this.#waiting = this.#waiting.filter(({ left }) => left > 0)
    return next.fault
  }

  clear(): void {
    this.#waiting = []
  }

  waiting(): Fault[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, times: left }))
  }
}
