import type { KeyAnswer } from '../../core/doctor/wechat.ts'
import type { Busy, Misconfigured, Refused, Unknown } from '../../ports/wechat.ts'
import type { EnvelopeError } from './wire/envelope.ts'

/** "Wrong signature": our API key or sign type is wrong. */
const WRONG_SIGNATURE = /签名(校验)?(错误|失败)/

/**
 * The texts of `return_msg` that mean a wrong configuration. WeChat reports many errors without an
 * err_code, only in this text, which is not signed. So the text decides which error the payer and the
 * operator see, but never the state of an order.
 */
const MISCONFIGURED_MESSAGES = [
  WRONG_SIGNATURE,
  /^appid不存在/,
  /mch_id.*(不匹配|不存在|参数格式错误|参数长度有误)/,
  /^appid参数长度有误/,
  /产品权限未开通/,
  /必须传入sub_mch_id/, // "sub_mch_id required": our mch_id is that of a service provider, not of a merchant
]
const BUSY_MESSAGES = [/system ?error/i, /系统(繁忙|错误|异常|超时)/]

/** Whether a reply that failed verification says that WeChat has another key than we. */
export const refusesKey = (error: EnvelopeError): boolean =>
  error.reason === 'bad_signature' ||
  (error.reason === 'return_fail' && WRONG_SIGNATURE.test(error.returnMsg))

/**
 * Classifies a reply that failed verification: a refusal without signature by its text, any other as
 * `unknown`.
 */
export function readUnopened(error: EnvelopeError): Busy | Misconfigured | Refused | Unknown {
  if (error.reason !== 'return_fail') return { kind: 'unknown', cause: error.reason }
  const described = { errCode: 'FAIL', errCodeDes: error.returnMsg }
  const says = (pattern: RegExp): boolean => pattern.test(error.returnMsg)
  if (MISCONFIGURED_MESSAGES.some(says)) return { kind: 'misconfigured', ...described }
  if (BUSY_MESSAGES.some(says)) return { kind: 'busy' }
  return { kind: 'refused', ...described }
}

/** What a refusal says about the configuration: WeChat names the same faults by an err_code, and in unsigned words. */
const FAULTS: readonly (readonly [KeyAnswer['kind'], RegExp])[] = [
  ['known', /^ORDERNOTEXIST /],
  ['key', /^SIGNERROR |^FAIL .*签名(校验)?(错误|失败)/],
  ['unbound', /^APPID_MCHID_NOT_MATCH |不匹配/],
  ['merchant', /^MCHID_NOT_EXIST |mch_id|sub_mch_id/],
  ['appid', /^APPID_NOT_EXIST |^FAIL appid/],
  ['product', /^NOAUTH |产品权限未开通/],
  ['busy', /^(SYSTEMERROR|FREQUENCY_LIMITED) /],
]

/**
 * Reads the answer to the question about an order that cannot exist.
 *
 * @param code The err_code, or FAIL for a refusal without a signature. @param words WeChat's own.
 */
export function keyKindOf(
  code: string,
  words: string,
): Readonly<{ kind: KeyAnswer['kind']; words: string }> {
  const said = `${code} ${words}`
  const [kind = 'other'] = FAULTS.find(([, pattern]) => pattern.test(said)) ?? []
  const isBusy = kind === 'other' && BUSY_MESSAGES.some((pattern) => pattern.test(said))
  return { kind: isBusy ? 'busy' : kind, words: said.trim() }
}
