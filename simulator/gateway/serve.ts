import { CLOSED_ANSWER } from '../endpoints/close-order.ts'
import { DOWNLOAD_BILL_PATH, downloadBill } from '../endpoints/download-bill.ts'
import {
  exchangeCode,
  LOGIN_BAD_SECRET,
  LOGIN_BLOCKED,
  LOGIN_BUSY,
  LOGIN_LIMIT,
  type LoginAnswer,
  loginReply,
} from '../endpoints/login.ts'
import {
  type Answer,
  formatAnswer,
  formatReturnFail,
  isAnswer,
  refusalAnswer,
} from '../protocol/answer.ts'
import type { CheckedRequest, PayEndpoint } from '../protocol/endpoint.ts'
import type { FaultQueue } from '../protocol/fault-queue.ts'
import { type Fault, type FaultEndpoint, isCorruption, refusalOf } from '../protocol/faults.ts'
import { lookUpOrder } from '../protocol/order-lookup.ts'
import {
  type BusinessRefusal,
  type GatewayRefusal,
  ORDER_REUSED,
  type Refusal,
  SYSTEM_ERROR,
} from '../protocol/refusals.ts'
import { checkRequest } from '../protocol/request-checks.ts'
import type { HistoryEntry } from '../state/history.ts'
import { isOpen } from '../state/ledger.ts'
import type { World } from '../state/world.ts'
import { failToAnswer, isAfter, isBefore } from './connection-faults.ts'
import { CERTIFICATE_ROOT, LOGIN_PATH, PAY_ENDPOINTS } from './endpoint-table.ts'
import { certificatePage, htmlPage } from './nginx-pages.ts'

/** Which certificate the client showed in the TLS handshake: none, the merchant's, or another one. */
export type ClientCertificate = 'none' | 'good' | 'wrong'

/** The numbers by which a request names an order or a refund, as the history shows them. */
type Numbers = Pick<HistoryEntry, 'outTradeNo' | 'transactionId' | 'outRefundNo'>

type Served = { response: Response; outcome: string; numbers?: Numbers }

/** Answers one request as WeChat's hosts do, each answer with WeChat's time in its header. */
export async function serve(
  request: Request,
  world: World,
  faults: FaultQueue,
  certificate: ClientCertificate,
): Promise<Response> {
  const response = await serveUndated(request, world, faults, certificate)
  response.headers.set('Date', new Date(world.clock.now()).toUTCString())
  return response
}

/**
 * Answers one request. The path alone selects the endpoint; the host is ignored. Throws a TypeError for a
 * fault that drops the connection.
 */
async function serveUndated(
  request: Request,
  world: World,
  faults: FaultQueue,
  certificate: ClientCertificate,
): Promise<Response> {
  const path = new URL(request.url).pathname
  if (path.startsWith(CERTIFICATE_ROOT) && certificate !== 'good') {
    const why =
      certificate === 'none' ? 'No required SSL certificate was sent' : 'The SSL certificate error'
    world.record({ type: 'request', endpoint: path, outcome: `400, ${why}` })
    return certificatePage(why)
  }
  const name = nameOf(path)
  if (name === undefined) {
    world.record({ type: 'request', endpoint: path, outcome: '404, no such endpoint' })
    return htmlPage(404, '404 Not Found')
  }

  const fault = faults.take(name)
  const record = (outcome: string, numbers: Numbers = {}) =>
    world.record({
      type: 'request',
      endpoint: name,
      outcome,
      ...numbers,
      ...(fault === undefined ? {} : { fault: fault.kind }),
    })

  const act = async (received: Request): Promise<Response> => {
    const served = await servePath(path, received, world, fault)
    record(served.outcome, served.numbers)
    return served.response
  }
  if (fault?.kind === 'arrives_late') {
    const copy = await copyOf(request)
    faults.hold(async () => void (await act(copy())))
    return failToAnswer(fault, request)
  }
  if (isBefore(fault)) {
    record('not acted on')
    return failToAnswer(fault, request)
  }
  const response = await act(request)
  return isAfter(fault) ? failToAnswer(fault, request) : response
}

/**
 * Reads a request now, so that it can be acted on when its client is gone. The copy is made when it is needed, because workerd
 * lets no request use the body of another one.
 */
async function copyOf(request: Request): Promise<() => Request> {
  const { url, method } = request
  const body = await request.arrayBuffer()
  return () => new Request(url, { method, ...(body.byteLength === 0 ? {} : { body }) })
}

function nameOf(path: string): FaultEndpoint | undefined {
  if (path === LOGIN_PATH) return 'jscode2session'
  if (path === DOWNLOAD_BILL_PATH) return 'downloadbill'
  return PAY_ENDPOINTS.get(path)?.name
}

function servePath(
  path: string,
  request: Request,
  world: World,
  fault: Fault | undefined,
): Served | Promise<Served> {
  const endpoint = PAY_ENDPOINTS.get(path)
  if (endpoint !== undefined) return servePay(request, endpoint, world, fault)
  return path === DOWNLOAD_BILL_PATH
    ? downloadBill(request, world, fault)
    : serveLogin(request, world, fault)
}

function serveLogin(request: Request, world: World, fault: Fault | undefined): Served {
  const answer = loginFaultAnswer(fault) ?? exchangeCode(request, world)
  const outcome = 'errcode' in answer ? `${answer.errcode} ${answer.errmsg}` : answer.openid
  return { response: loginReply(answer, world), outcome }
}

async function servePay(
  request: Request,
  endpoint: PayEndpoint,
  world: World,
  fault: Fault | undefined,
): Promise<Served> {
  const checked = await checkRequest(request, endpoint, world)
  if (!checked.ok) return stopAtGateway(checked.refusal)
  const result = runEndpoint(checked.request, endpoint, world, fault)
  const numbers = numbersIn(checked.request, world)
  if (!isAnswer(result) && result.level === 'return') return { ...stopAtGateway(result), numbers }
  return { ...answerSigned(result, checked.request, world, fault), numbers }
}

function numbersIn({ fields }: CheckedRequest, world: World): Numbers {
  const transactionId = fields.get('transaction_id')
  const outTradeNo = lookUpOrder(fields, world)?.outTradeNo ?? fields.get('out_trade_no')
  const outRefundNo = fields.get('out_refund_no')
  return {
    ...(outTradeNo === undefined ? {} : { outTradeNo }),
    ...(transactionId === undefined ? {} : { transactionId }),
    ...(outRefundNo === undefined ? {} : { outRefundNo }),
  }
}

function runEndpoint(
  request: CheckedRequest,
  endpoint: PayEndpoint,
  world: World,
  fault: Fault | undefined,
): Answer | Refusal {
  const refusal = fault && refusalOf(fault)
  if (refusal !== undefined) return refusal
  if (fault?.kind === 'close_without_effect') {
    const order = world.ledger.find(request.fields.get('out_trade_no') ?? '', world.clock.now())
    if (order !== undefined && isOpen(order)) return CLOSED_ANSWER
  }
  const result = endpoint.act(request, world)
  return fault?.kind === 'system_error_after' ? SYSTEM_ERROR : result
}

function stopAtGateway({ returnMsg }: GatewayRefusal): Served {
  return { response: xmlReply(formatReturnFail(returnMsg)), outcome: `FAIL ${returnMsg}` }
}

function answerSigned(
  result: Answer | BusinessRefusal,
  request: CheckedRequest,
  world: World,
  fault: Fault | undefined,
): Served {
  const { order, values } = isAnswer(result)
    ? result
    : refusalAnswer(result, echoedDevice(result, request))
  const answer = { order, values: { ...values, appid: request.fields.get('appid') } }
  const corruption = fault && isCorruption(fault.kind) ? fault.kind : undefined
  const response = xmlReply(formatAnswer(answer, world, request.signType, corruption))
  if (!isAnswer(result)) return { response, outcome: `${result.errCode} ${result.errCodeDes}` }
  const { trade_state: state, prepay_id: prepayId, refund_id: refundId } = result.values
  return { response, outcome: ['SUCCESS', state ?? prepayId ?? refundId ?? ''].join(' ').trimEnd() }
}

/**
 * The device_info of a refusal. ORDER_REUSED always contains the element, empty if the request has none; other refusals contain
 * it only if the request does.
 */
function echoedDevice(refusal: BusinessRefusal, request: CheckedRequest): string | undefined {
  return request.fields.get('device_info') ?? (refusal === ORDER_REUSED ? '' : undefined)
}

function loginFaultAnswer(fault: Fault | undefined): LoginAnswer | undefined {
  switch (fault?.kind) {
    case 'login_busy':
      return LOGIN_BUSY
    case 'login_limit':
      return LOGIN_LIMIT
    case 'login_blocked':
      return LOGIN_BLOCKED
    case 'login_bad_secret':
      return LOGIN_BAD_SECRET
    default:
      return undefined
  }
}

function xmlReply(xml: string): Response {
  return new Response(xml, { headers: { 'Content-Type': 'text/plain' } })
}
