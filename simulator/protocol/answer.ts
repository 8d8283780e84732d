import { makeReplyNonce } from '../lib/identifiers.ts'
import { happens, pick, type Random } from '../lib/random.ts'
import { sign, type SignType } from '../lib/sign.ts'
import { formatXml } from '../lib/xml.ts'
import type { World } from '../state/world.ts'
import type { BusinessRefusal, Refusal } from './refusals.ts'

/** The elements of an answer, before it is signed and written as XML. */
export type Answer = {
  /**
   * The element names in the order of WeChat's real answers. `formatAnswer` fills in the values of the envelope, such as mch_id
   * and sign.
   */
  readonly order: readonly string[]
  /** The values by element name. `undefined` leaves an element out, '' writes an empty element. */
  readonly values: Readonly<Record<string, string | undefined>>
}

/** The ways in which a fault corrupts a signed answer. */
export type Corruption =
  | 'wrong_sign'
  | 'missing_sign'
  | 'md5_reply'
  | 'extra_element'
  | 'other_order'
  | 'other_appid'
  | 'other_mch_id'
  | 'truncated_xml'

const INTEGER_ELEMENTS =
  /^(total_fee|cash_fee|settlement_total_fee|coupon_(fee|count)|cash_refund_fee|(total_)?refund_count|((settlement_|coupon_)?refund_fee|coupon_refund_count)(_\d+)*)$/

/**
 * Elements that are in none of WeChat's documents. A client that computes the sign only over the elements that it knows cannot
 * verify a message that contains one, unless the element is empty.
 */
const UNDOCUMENTED_ELEMENTS: readonly [
  readonly [string, string],
  ...(readonly [string, string])[],
] = [
  ['future_field_x', '1'],
  ['Zone', '上海'],
  ['risk_hint', 'a=1&b=<2>'],
  ['reserved_0', '0100'],
  ['reserved_empty', ''],
]

/** Splits a text into element names, so that the source shows the elements in the order of the message. */
export function inOrder(names: string): string[] {
  return names.trim().split(/\s+/)
}

/** Tells an endpoint's answer about an order from WeChat's refusal. */
export function isAnswer(outcome: Answer | Refusal): outcome is Answer {
  return 'order' in outcome
}

/**
 * Turns a business refusal into an answer in the shape of WeChat's real ones: result_code and the error come before appid and
 * mch_id.
 */
export function refusalAnswer(refusal: BusinessRefusal, deviceInfo?: string): Answer {
  return {
    order: inOrder(`return_code return_msg result_code err_code_des err_code
      mch_id appid device_info nonce_str sign`),
    values: {
      result_code: 'FAIL',
      err_code: refusal.errCode,
      err_code_des: refusal.errCodeDes,
      device_info: deviceInfo,
    },
  }
}

/** Writes a refusal of the gateway as XML: return_code and return_msg, without ids and sign. */
export function formatReturnFail(returnMsg: string): string {
  return formatXml({ return_code: 'FAIL', return_msg: returnMsg }, { newlines: 1 })
}

/** Signs an answer with `signType`, the algorithm of the request, and writes the answer as XML. */
export function formatAnswer(
  answer: Answer,
  world: World,
  signType: SignType,
  corruption?: Corruption,
): string {
  const { merchant, random, strict } = world
  const fields = fillEnvelope(answer, world)
  if (corruption === 'other_appid') fields.set('appid', 'wx0000000000000000')
  if (corruption === 'other_mch_id') fields.set('mch_id', '10000999')
  if (corruption === 'extra_element') fields.set('future_field_x', 'a=1&b=<2>')
  if (happens(random, strict.undocumentedElementRate)) addUndocumentedElement(fields, random)

  const key =
    corruption === 'wrong_sign' ? [...merchant.apiKey].reverse().join('') : merchant.apiKey
  fields.set('sign', sign(fields, key, corruption === 'md5_reply' ? 'MD5' : signType))
  if (corruption === 'missing_sign') fields.delete('sign')

  const isOther = corruption === 'other_order'
  const xml = formatXml(isOther ? [...fields].reverse() : fields, {
    // WeChat writes most integers as plain text and some in CDATA; strings are always CDATA.
    bare: (name) => drawIntegerStyle(name, random, strict.integerStyleRate) !== isOther,
    newlines: 6,
  })
  return corruption === 'truncated_xml' ? xml.slice(0, Math.floor(xml.length * 0.6)) : xml
}

/** Adds an element that is in none of WeChat's documents. In a signed message, the caller signs it with the other fields. */
export function addUndocumentedElement(fields: Map<string, string>, random: Random): void {
  const [name, value] = pick(random, UNDOCUMENTED_ELEMENTS)
  fields.set(name, value)
}

function drawIntegerStyle(name: string, random: Random, rate: number): boolean {
  return INTEGER_ELEMENTS.test(name) && !happens(random, rate)
}

function fillEnvelope(answer: Answer, world: World): Map<string, string> {
  const values: Record<string, string | undefined> = {
    return_code: 'SUCCESS',
    return_msg: 'OK',
    result_code: 'SUCCESS',
    mch_id: world.merchant.mchId,
    nonce_str: makeReplyNonce(world.random),
    // Reserves the position of `sign` among the elements, as in WeChat's real answers; the value is filled in after signing.
    sign: '',
    ...answer.values,
  }
  const fields = new Map<string, string>()
  for (const name of answer.order) {
    const value = values[name]
    if (value !== undefined) fields.set(name, value)
  }
  return fields
}
