import type { Corruption } from './answer.ts'
import type { OrderEndpointName, RefundEndpointName } from './endpoint.ts'
import {
  FREQUENCY_LIMITED,
  NO_AUTH,
  type Refusal,
  businessRefusal,
  gatewayRefusal,
  SYSTEM_ERROR,
} from './refusals.ts'

/** What a shop calls to take money. */
export type EndpointName = 'jscode2session' | OrderEndpointName

/** Every endpoint where something can go wrong. */
export type FaultEndpoint = EndpointName | RefundEndpointName | 'downloadbill'

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
  | Corruption
  /** closeorder says OK and the order stays open: reported once, and the reason to query after closing. */
  | 'close_without_effect'
  /** The refund is accepted, and the answer says SYSTEMERROR: the reason to repeat it with the same number. */
  | 'system_error_after'

export type FaultKind = SimpleKind | 'err_code' | 'return_fail'

/** Something that goes wrong, `times` times (default once), at one endpoint or at the next that fits. */
export type Fault = { endpoint: FaultEndpoint | 'any'; times?: number } & (
  | { kind: SimpleKind }
  | { kind: 'err_code'; errCode: string; errCodeDes: string }
  | { kind: 'return_fail'; returnMsg: string }
)

const LOGIN = ['jscode2session'] as const
const SIGNED = ['unifiedorder', 'orderquery', 'closeorder', 'refund', 'refundquery'] as const
/** A bill and its errors carry no sign, but are refused like the others. */
const PAY = [...SIGNED, 'downloadbill'] as const
const ALL = [...LOGIN, ...PAY] as const

/** Where a kind can happen at all. */
const ENDPOINTS_OF_KIND: Readonly<Record<FaultKind, readonly FaultEndpoint[]>> = {
  request_lost: ALL,
  reply_lost: ALL,
  stall_before: ALL,
  stall_after: ALL,
  http_500: ALL,
  http_502: ALL,
  http_502_after: ALL,
  login_busy: LOGIN,
  login_limit: LOGIN,
  login_blocked: LOGIN,
  login_bad_secret: LOGIN,
  system_error: PAY,
  frequency_limited: SIGNED,
  not_auth: PAY,
  err_code: PAY,
  return_fail: PAY,
  wrong_sign: SIGNED,
  missing_sign: SIGNED,
  md5_reply: SIGNED,
  extra_element: SIGNED,
  other_order: SIGNED,
  other_appid: SIGNED,
  other_mch_id: SIGNED,
  truncated_xml: PAY,
  close_without_effect: ['closeorder'],
  system_error_after: ['refund'],
}

const CORRUPTIONS = [
  'wrong_sign',
  'missing_sign',
  'md5_reply',
  'extra_element',
  'other_order',
  'other_appid',
  'other_mch_id',
  'truncated_xml',
] as const satisfies readonly Corruption[]

export const FAULT_KINDS: readonly string[] = Object.keys(ENDPOINTS_OF_KIND)
export const FAULT_ENDPOINTS: readonly string[] = ['any', ...ALL]

export function isFaultKind(value: unknown): value is FaultKind {
  return typeof value === 'string' && Object.hasOwn(ENDPOINTS_OF_KIND, value)
}

export function isFaultEndpoint(value: unknown): value is FaultEndpoint | 'any' {
  return typeof value === 'string' && FAULT_ENDPOINTS.includes(value)
}

export function isCorruption(kind: FaultKind): kind is Corruption {
  return CORRUPTIONS.some((each) => each === kind)
}

export function canHappenAt(kind: FaultKind, endpoint: FaultEndpoint | 'any'): boolean {
  return endpoint === 'any' || ENDPOINTS_OF_KIND[kind].includes(endpoint)
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
      return businessRefusal(fault.errCode, fault.errCodeDes)
    case 'return_fail':
      return gatewayRefusal(fault.returnMsg)
    default:
      return undefined
  }
}
