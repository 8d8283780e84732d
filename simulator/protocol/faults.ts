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

/** The names of the endpoints that a shop calls to take a payment. */
export type EndpointName = 'jscode2session' | OrderEndpointName

/** Every endpoint at which a fault can be injected. */
export type FaultEndpoint = EndpointName | RefundEndpointName | 'downloadbill'

/**
 * Faults of the network: the request or the answer is lost, the answer never comes, the request is held on its way until
 * `FaultInjector.deliverLate`, or nginx answers instead of WeChat Pay.
 */
type NetworkKind =
  | 'request_lost'
  | 'reply_lost'
  | 'stall_before'
  | 'stall_after'
  | 'arrives_late'
  | 'http_500'
  | 'http_502'
  | 'http_502_after'

/** Errors of jscode2session. Each of them leaves the login code unused. */
type LoginKind = 'login_busy' | 'login_limit' | 'login_blocked' | 'login_bad_secret'

/** Refusals of the business behind the gateway. They are signed, and the request has no effect. */
type RefusalKind = 'system_error' | 'frequency_limited' | 'not_auth'

type SimpleKind =
  | NetworkKind
  | LoginKind
  | RefusalKind
  | Corruption
  /**
   * closeorder answers OK, but the order stays open, as third parties reported once. A shop notices it only by a query after
   * closeorder.
   */
  | 'close_without_effect'
  /**
   * WeChat accepts the refund, but answers SYSTEMERROR. A shop that then requests the refund with a new out_refund_no, instead
   * of the same one, can refund twice.
   */
  | 'system_error_after'

/** Every kind of fault. The control interface accepts these names. */
export type FaultKind = SimpleKind | 'err_code' | 'return_fail'

/**
 * A fault that happens `times` times (default: once). With the endpoint `any`, it happens at the next request whose endpoint
 * allows this kind.
 */
export type Fault = { endpoint: FaultEndpoint | 'any'; times?: number } & (
  | { kind: SimpleKind }
  | { kind: 'err_code'; errCode: string; errCodeDes: string }
  | { kind: 'return_fail'; returnMsg: string }
)

const LOGIN = ['jscode2session'] as const
const SIGNED = ['unifiedorder', 'orderquery', 'closeorder', 'refund', 'refundquery'] as const
/** The endpoints of WeChat Pay: all whose answers are signed, and downloadbill, whose bills and errors are unsigned. */
const PAY = [...SIGNED, 'downloadbill'] as const
const ALL = [...LOGIN, ...PAY] as const

/** The endpoints at which each kind of fault can happen. */
const ENDPOINTS_OF_KIND: Readonly<Record<FaultKind, readonly FaultEndpoint[]>> = {
  request_lost: ALL,
  reply_lost: ALL,
  stall_before: ALL,
  stall_after: ALL,
  arrives_late: ALL,
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

/** The names of all kinds of faults, for error messages. */
export const FAULT_KINDS: readonly string[] = Object.keys(ENDPOINTS_OF_KIND)
/** The endpoints that a fault can name, `any` included. */
export const FAULT_ENDPOINTS: readonly string[] = ['any', ...ALL]

/** Whether a value from the control interface names a kind of fault. */
export function isFaultKind(value: unknown): value is FaultKind {
  return typeof value === 'string' && Object.hasOwn(ENDPOINTS_OF_KIND, value)
}

/** Whether a value from the control interface names an endpoint for faults, or `any`. */
export function isFaultEndpoint(value: unknown): value is FaultEndpoint | 'any' {
  return typeof value === 'string' && FAULT_ENDPOINTS.includes(value)
}

/** Whether a fault of this kind corrupts a signed answer, rather than replacing the answer. */
export function isCorruption(kind: FaultKind): kind is Corruption {
  return CORRUPTIONS.some((each) => each === kind)
}

/** Whether a fault of this kind can happen at this endpoint; always true for `any`. */
export function canHappenAt(kind: FaultKind, endpoint: FaultEndpoint | 'any'): boolean {
  return endpoint === 'any' || ENDPOINTS_OF_KIND[kind].includes(endpoint)
}

/** The refusal that a fault makes the endpoint answer; `undefined` for a fault that is no refusal. */
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
