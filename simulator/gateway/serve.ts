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
import {
  type BusinessRefusal,
  type GatewayRefusal,
  ORDER_REUSED,
  type Refusal,
  SYSTEM_ERROR,
} from '../protocol/refusals.ts'
import { checkRequest } from '../protocol/request-checks.ts'
import { isOpen } from '../state/ledger.ts'
import type { World } from '../state/world.ts'
import { CERTIFICATE_ROOT, LOGIN_PATH, PAY_ENDPOINTS } from './endpoint-table.ts'

/** What a client showed when it connected: nothing, the merchant's certificate, or one that is not. */
export type ClientCertificate = 'none' | 'good' | 'wrong'

type Served = { response: Response; outcome: string; outTradeNo?: string | undefined }

/** Answers one request as WeChat's hosts do; which host was asked does not matter, only the path. */
export async function serve(
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
  const record = (outcome: string, outTradeNo?: string) =>
    world.record({
      type: 'request',
      endpoint: name,
      outcome,
      ...(outTradeNo === undefined ? {} : { outTradeNo }),
      ...(fault === undefined ? {} : { fault: fault.kind }),
    })

  if (isBefore(fault)) {
    record('not acted on')
    return failToAnswer(fault, request)
  }
  const served = await servePath(path, request, world, fault)
  record(served.outcome, served.outTradeNo)
  return isAfter(fault) ? failToAnswer(fault, request) : served.response
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
  const outTradeNo = checked.request.fields.get('out_trade_no')
  if (!isAnswer(result) && result.level === 'return') {
    return { ...stopAtGateway(result), outTradeNo }
  }
  return { ...answerSigned(result, checked.request, world, fault), outTradeNo }
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
  const answer = isAnswer(result) ? result : refusalAnswer(result, echoedDevice(result, request))
  const corruption = fault && isCorruption(fault.kind) ? fault.kind : undefined
  const response = xmlReply(formatAnswer(answer, world, request.signType, corruption))
  if (!isAnswer(result)) return { response, outcome: `${result.errCode} ${result.errCodeDes}` }
  const { trade_state: state, prepay_id: prepayId, refund_id: refundId } = answer.values
  return { response, outcome: ['SUCCESS', state ?? prepayId ?? refundId ?? ''].join(' ').trimEnd() }
}

/** A changed re-order echoes device_info, empty if there was none; other refusals only what was sent. */
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

const BEFORE = ['request_lost', 'stall_before', 'http_500', 'http_502']
const AFTER = ['reply_lost', 'stall_after', 'http_502_after']

function isBefore(fault: Fault | undefined): fault is Fault {
  return fault !== undefined && BEFORE.includes(fault.kind)
}

function isAfter(fault: Fault | undefined): fault is Fault {
  return fault !== undefined && AFTER.includes(fault.kind)
}

function failToAnswer(fault: Fault, request: Request): Response | Promise<Response> {
  if (fault.kind === 'http_500') return htmlPage(500, '500 Internal Server Error')
  if (fault.kind === 'http_502' || fault.kind === 'http_502_after') {
    return htmlPage(502, '502 Bad Gateway')
  }
  if (fault.kind === 'stall_before' || fault.kind === 'stall_after') return stall(request.signal)
  throw new TypeError('Network connection lost.')
}

/** Never answers; ends only when the caller gives up. */
function stall(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function xmlReply(xml: string): Response {
  return new Response(xml, { headers: { 'Content-Type': 'text/plain' } })
}

/** nginx speaks, before anything of WeChat Pay does. */
function certificatePage(why: string): Response {
  const padding = '<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n'.repeat(6)
  const html = `<html>\r\n<head><title>400 ${why}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n<center>${why}</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n${padding}`
  return new Response(html, { status: 400, headers: { 'Content-Type': 'text/html' } })
}

function htmlPage(status: number, title: string): Response {
  const html = `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`
  return new Response(html, { status, headers: { 'Content-Type': 'text/html' } })
}
