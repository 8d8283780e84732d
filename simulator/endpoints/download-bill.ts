import { billFile } from '../bills/bill.ts'
import { formatBeijingTime, parseBeijingTime, startOfDay } from '../lib/clock.ts'
import { BILL_MONTHS_BACK_MAX, BILL_READY_AFTER_MS } from '../lib/limits.ts'
import { isSignedBy, isSignType } from '../lib/sign.ts'
import { formatXml } from '../lib/xml.ts'
import type { Fault } from '../protocol/faults.ts'
import { readElements } from '../protocol/request-checks.ts'
import { BILL_TYPES, type BillError, type BillType } from '../state/bill-plan.ts'
import type { World } from '../state/world.ts'

// downloadbill differs from the other endpoints: it answers an unsigned file, or an unsigned error with error_code instead of
// err_code. Only the codes 20002, and 20001 for a wrong sign or a body that is not XML, are confirmed; the other errors are
// from third parties' tables.

/** The path of downloadbill. */
export const DOWNLOAD_BILL_PATH = '/pay/downloadbill'

/** What downloadbill answers: the HTTP response, and its result as one line for the history. */
export type BillReply = { outcome: string; response: Response }

type BillRequest = { date: string; billType: BillType; gzip: boolean }

const REQUIRED = ['appid', 'mch_id', 'nonce_str', 'sign', 'bill_date']
const OPTIONAL = ['sign_type', 'bill_type', 'tar_type']

const badRequest = (returnMsg: string): BillError => ({ errorCode: '20001', returnMsg })
const NO_BILL: BillError = { errorCode: '20002', returnMsg: 'No Bill Exist' }
const NOT_YET: BillError = { errorCode: '20002', returnMsg: 'Bill Creating' }

/**
 * Answers the bill of one Beijing day, or an error.
 * @param fault An injected fault. Refusals and `truncated_xml` are applied here, every other fault by the caller.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxa/wxa_api.php?chapter=9_6
 */
export async function downloadBill(
  request: Request,
  world: World,
  fault: Fault | undefined,
): Promise<BillReply> {
  const requested = await readBillRequest(request, world)
  if ('errorCode' in requested) return refuse(requested)
  const { date, billType, gzip } = requested
  const error = (fault && faultError(fault)) ?? unavailableError(date, world)
  if (error !== undefined) return refuse(error)
  const { rowCount, text } = billFile(date, world, { billType })
  if (rowCount === 0) return refuse(NO_BILL)

  const whole = gzip ? await zip(text) : new TextEncoder().encode(text)
  const end = fault?.kind === 'truncated_xml' ? Math.floor(whole.length * 0.6) : whole.length
  return {
    outcome: `${billType} ${date}, ${rowCount} rows`,
    response: new Response(whole.subarray(0, end), { headers: { 'Content-Type': 'text/plain' } }),
  }
}

async function readBillRequest(request: Request, world: World): Promise<BillRequest | BillError> {
  if (request.method !== 'POST') return badRequest('require POST method')
  const bytes = new Uint8Array(await request.arrayBuffer())
  if (bytes.byteLength === 0) return badRequest('empty post data')
  const elements = readElements(bytes)
  if (elements === undefined) return badRequest('data format error')
  for (const name of elements.keys()) {
    if (!REQUIRED.includes(name) && !OPTIONAL.includes(name)) return badRequest('invalid parameter')
  }

  const field = (name: string) => elements.get(name) ?? ''
  if (REQUIRED.some((name) => field(name) === '')) return badRequest('missing parameter')
  if (new TextEncoder().encode(field('nonce_str')).length > 32)
    return badRequest('nonce_str too long')
  // Every mini program of the merchant gets the same bill, with the payments of all of them.
  if (!world.platform.miniPrograms.has(field('appid'))) return badRequest('invalid appid')
  if (field('mch_id') !== world.merchant.mchId) return badRequest('invalid parameter')
  const date = field('bill_date')
  const typeName = field('bill_type') || 'ALL'
  const billType = BILL_TYPES.find((each) => each === typeName)
  if (!isBillDate(date, world.clock.now())) return badRequest('invalid bill_date')
  if (billType === undefined) return badRequest('invalid bill_type')
  if (!['', 'GZIP'].includes(field('tar_type'))) {
    return badRequest('invalid tar_type: Only GZIP supported')
  }
  const signType = field('sign_type') || 'MD5'
  if (!isSignType(signType) || !isSignedBy(elements, world.merchant.apiKey, signType)) {
    return badRequest('sign error')
  }
  return { date, billType, gzip: field('tar_type') === 'GZIP' }
}

/** Whether a bill_date exists, and is neither in the future nor more than three months back. */
function isBillDate(date: string, now: number): boolean {
  if (!/^\d{8}$/.test(date) || parseBeijingTime(`${date}000000`) === undefined) return false
  const today = formatBeijingTime(now).slice(0, 8)
  const [year, month, day] = [today.slice(0, 4), today.slice(4, 6), today.slice(6)].map(Number)
  const oldest = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1 - BILL_MONTHS_BACK_MAX, day))
  return date <= today && date >= oldest.toISOString().slice(0, 10).replaceAll('-', '')
}

function unavailableError(date: string, { billPlan, clock }: World): BillError | undefined {
  if (clock.now() < startOfDay(date) + BILL_READY_AFTER_MS) return NOT_YET
  return billPlan.takeError(date)
}

function faultError(fault: Fault): BillError | undefined {
  switch (fault.kind) {
    case 'system_error':
      return { errorCode: '20003', returnMsg: 'SYSTEMERROR' }
    case 'not_auth':
      return { errorCode: '20007', returnMsg: '当前商户号账单API权限已经关闭' }
    case 'err_code':
      return { errorCode: fault.errCode, returnMsg: fault.errCodeDes }
    case 'return_fail':
      return badRequest(fault.returnMsg)
    default:
      return undefined
  }
}

/** Answers an error, as plain XML even if the request has the tar_type GZIP. */
function refuse({ errorCode, returnMsg }: BillError): BillReply {
  const xml = formatXml(
    { return_code: 'FAIL', return_msg: returnMsg, error_code: errorCode },
    { newlines: 0 },
  )
  return {
    outcome: `FAIL ${errorCode} ${returnMsg}`,
    response: new Response(xml, { headers: { 'Content-Type': 'text/plain' } }),
  }
}

async function zip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
