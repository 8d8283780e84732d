import { concat } from '../../../lib/limited-body.ts'
import type { DownloadBillReply } from '../../../ports/wechat.ts'
import { parseXmlBytes, XML_BYTES_MAX } from '../wire/xml.ts'

/**
 * Reads WeChat's answer to downloadbill: a bill, or an error as XML without a signature. WeChat sends errors
 * uncompressed, even though gzip was requested.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011939779 for every error_code
 */
export function readBillReply(bytes: readonly Uint8Array[]): DownloadBillReply {
  const first = bytes.find(({ length }) => length > 0)
  if (first === undefined) return { kind: 'unknown', cause: 'empty_body' }
  if (first[0] !== '<'.charCodeAt(0)) return { kind: 'bill', bytes }

  const length = bytes.reduce((sum, part) => sum + part.length, 0)
  if (length > XML_BYTES_MAX) return { kind: 'unknown', cause: 'too_long' }
  const fields = parseXmlBytes(concat(bytes))
  if (!fields.ok) return { kind: 'unknown', cause: fields.error.reason }
  const errCode = fields.value.get('error_code') ?? fields.value.get('err_code') ?? ''
  const errCodeDes = fields.value.get('return_msg') ?? ''
  const described = { errCode, errCodeDes }
  const unclear = `error_code ${errCode} ${errCodeDes}`.trimEnd()
  switch (errCode) {
    case '20002': // one code with two meanings: the text decides
      if (/no bill exist/i.test(errCodeDes)) return { kind: 'empty' }
      return /creating/i.test(errCodeDes)
        ? { kind: 'not_ready' }
        : { kind: 'unknown', cause: unclear }
    case '20001':
      return /sign|appid/i.test(errCodeDes)
        ? { kind: 'misconfigured', ...described }
        : { kind: 'refused', ...described }
    case '20007': // the merchant's permission to download bills is switched off
      return { kind: 'misconfigured', ...described }
    case '20003':
    case '100':
    case '20100':
    default:
      return { kind: 'unknown', cause: unclear }
  }
}
