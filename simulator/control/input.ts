import type { PaymentNoticeOptions } from '../notices/payment-notice.ts'
import type { PayOptions } from '../payer/cashier.ts'
import type { UncheckedParams } from '../payer/phone.ts'
import {
  type Fault,
  FAULT_ENDPOINTS,
  FAULT_KINDS,
  isFaultEndpoint,
  isFaultKind,
} from '../protocol/faults.ts'
import type { TradeState } from '../state/ledger.ts'
import type { WeChatSimulator } from '../wechat.ts'
import {
  ControlError,
  isJsonObject,
  type JsonObject,
  needNumber,
  needOneOf,
  needText,
  readOneOf,
  readText,
} from './json.ts'

const COPIES_MAX = 100

/** Reads the out_trade_no from a request body. Throws a 404 when WeChat has no such order. */
export function needOrder(body: JsonObject, simulator: WeChatSimulator): string {
  const outTradeNo = needText(body, 'out_trade_no')
  if (simulator.books.order(outTradeNo) !== undefined) return outTradeNo
  throw noOrder(outTradeNo)
}

/** The error with HTTP 404 for an out_trade_no that WeChat does not know. */
export function noOrder(outTradeNo: string): ControlError {
  return new ControlError(404, `no order ${outTradeNo}`, 'GET /_control/orders lists the orders')
}

/** Reads the parameters for wx.requestPayment from a request body, unchecked, because the simulated phone checks them. */
export function needParams(body: JsonObject): UncheckedParams {
  const params = body['params']
  if (isJsonObject(params)) return params
  throw new ControlError(
    400,
    'params is missing',
    'send the five values that the shop answered to /pay',
  )
}

/** Reads how the payer pays from `bank_type`, `coupons` and `despite_close` of a request body. */
export function readPayOptions(body: JsonObject): PayOptions {
  const bankType = readText(body, 'bank_type')
  return {
    ...(bankType === undefined ? {} : { bankType }),
    coupons: readCoupons(body['coupons'] ?? []),
    despiteClose: body['despite_close'] === true,
  }
}

/** Reads how many copies of a notice to post in parallel. Default: 1. */
export function needCopies(body: JsonObject): number {
  const copies = body['copies'] === undefined ? 1 : needNumber(body, 'copies')
  if (Number.isSafeInteger(copies) && copies >= 1 && copies <= COPIES_MAX) return copies
  throw new ControlError(400, `copies is not 1 to ${COPIES_MAX}`, 'send {"copies": 3}')
}

/**
 * Reads changes to the elements of a message, by element name. Text or a number replaces the element's value; null removes the
 * element and becomes `undefined`.
 */
export function readChanges(body: JsonObject, name: string): Record<string, string | undefined> {
  const fields = body[name] ?? {}
  if (!isJsonObject(fields)) {
    throw new ControlError(400, `${name} is not an object`, `send {"${name}": {"total_fee": "1"}}`)
  }
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, readChange(`${name}.${key}`, value)]),
  )
}

/** Reads from the body of a control request how the payment notice to be sent differs from a regular one. */
export function readNoticeOptions(body: JsonObject): PaymentNoticeOptions {
  const signType = readOneOf(body, 'sign_type', ['MD5', 'HMAC-SHA256'])
  const key = readText(body, 'key')
  return {
    changes: readChanges(body, 'fields'),
    ...(key === undefined ? {} : { key }),
    ...(signType === undefined ? {} : { signType }),
    ...(body['with_sign_type'] === undefined
      ? {}
      : { withSignTypeElement: body['with_sign_type'] === true }),
    stripSign: body['strip_sign'] === true,
  }
}

function readChange(name: string, value: unknown): string | undefined {
  if (value === null) return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'number') return String(value)
  throw new ControlError(400, `${name} is neither text nor null`, 'null removes an element')
}

/** Reads the fault to inject. The fault's endpoint defaults to `any`. */
export function needFault(body: JsonObject): Fault {
  const endpoint = body['endpoint'] ?? 'any'
  if (!isFaultEndpoint(endpoint)) {
    throw new ControlError(400, 'endpoint is unknown', `use one of ${FAULT_ENDPOINTS.join(', ')}`)
  }
  const { kind } = body
  if (!isFaultKind(kind)) {
    throw new ControlError(400, 'kind is unknown', `use one of ${FAULT_KINDS.join(', ')}`)
  }
  const times = body['times'] === undefined ? 1 : needNumber(body, 'times')
  if (kind === 'return_fail') {
    return { endpoint, times, kind, returnMsg: needText(body, 'return_msg') }
  }
  if (kind === 'err_code') {
    const errCodeDes = readText(body, 'err_code_des') ?? ''
    return { endpoint, times, kind, errCode: needText(body, 'err_code'), errCodeDes }
  }
  return { endpoint, times, kind }
}

/** Reads a trade_state from `state` of a request body. */
export function needState(body: JsonObject): TradeState {
  return needOneOf(body, 'state', TRADE_STATES)
}

const TRADE_STATES = [
  'NOTPAY',
  'USERPAYING',
  'ACCEPT',
  'PAYERROR',
  'SUCCESS',
  'REFUND',
  'CLOSED',
  'REVOKED',
] as const satisfies readonly TradeState[]

function readCoupons(value: unknown): NonNullable<PayOptions['coupons']> {
  const wrong = new ControlError(
    400,
    'coupons is not a list of coupons',
    'send {"coupons": [{"type": "CASH", "fee": 10}]}; type is CASH or NO_CASH, fee is in fen',
  )
  if (!Array.isArray(value)) throw wrong
  return value.map((coupon: unknown) => {
    if (!isJsonObject(coupon)) throw wrong
    const { type, fee, id } = coupon
    if ((type !== 'CASH' && type !== 'NO_CASH') || typeof fee !== 'number') throw wrong
    return { type, fee, ...(typeof id === 'string' ? { id } : {}) }
  })
}
