import type { Busy, Misconfigured, Refused, Unknown } from '../../ports/wechat.ts'
import type { EnvelopeError } from './wire/envelope.ts'

/**
 * What the unsigned `return_msg` of a refused request points to. Real gateways report many errors so,
 * and not as an err_code; the wording is all there is. It decides only what a person is told.
 */
const MISCONFIGURED_MESSAGES = [
  /签名(校验)?(错误|失败)/, // wrong key or sign type
  /^appid不存在/,
  /mch_id.*(不匹配|不存在|参数格式错误|参数长度有误)/,
  /^appid参数长度有误/,
  /产品权限未开通/,
  /必须传入sub_mch_id/, // a service provider's number, used as a merchant's
]
const BUSY_MESSAGES = [/system ?error/i, /系统(繁忙|错误|异常|超时)/]

/** Sorts a reply that could not be opened: refused outright, or not to be believed. */
export function readUnopened(error: EnvelopeError): Busy | Misconfigured | Refused | Unknown {
  if (error.reason !== 'return_fail') return { kind: 'unknown', cause: error.reason }
  const described = { errCode: 'FAIL', errCodeDes: error.returnMsg }
  const says = (pattern: RegExp): boolean => pattern.test(error.returnMsg)
  if (MISCONFIGURED_MESSAGES.some(says)) return { kind: 'misconfigured', ...described }
  if (BUSY_MESSAGES.some(says)) return { kind: 'busy' }
  return { kind: 'refused', ...described }
}
