import { ecb } from '@noble/ciphers/aes.js'
import { md5 } from 'js-md5'
import { parseTransactionId, toOutTradeNo } from '../../../core/ids.ts'
import type { Merchant } from '../../../core/merchant.ts'
import { parseOutRefundNo } from '../../../core/order/refund.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import type { Secret } from '../../../lib/secret.ts'
import type { UnverifiedRefund } from '../../../ports/notices.ts'
import { type Fields, parseXmlBytes } from '../wire/xml.ts'

/** Why the Worker refuses a refund notice. */
export type RefundNoticeError = Readonly<
  | { reason: 'unreadable' | 'return_fail' | 'wrong_merchant' | 'cannot_decrypt' }
  | { reason: 'bad_field'; field: string }
>

const BASE64 = /^(?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/]{2}==|[0-9A-Za-z+/]{3}=)?$/

/**
 * Decrypts and reads a refund notice. It has no signature, and its encryption does not prove that WeChat
 * sent it, so the caller must confirm the refund by a query.
 *
 * @param keys The API key and, during a rotation, the previous one.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937201
 */
export function readRefundNotice(
  bytes: Uint8Array,
  { mchId }: Pick<Merchant, 'mchId'>,
  keys: readonly Secret[],
): Result<UnverifiedRefund, RefundNoticeError> {
  const outer = parseXmlBytes(bytes)
  if (!outer.ok) return err({ reason: 'unreadable' })
  const fields = outer.value
  if (fields.get('return_code') !== 'SUCCESS') return err({ reason: 'return_fail' })
  if (fields.get('mch_id') !== mchId) return err({ reason: 'wrong_merchant' })
  for (const [at, key] of keys.entries()) {
    const inner = decrypt(fields.get('req_info') ?? '', key)
    if (inner !== undefined) return readRefund(inner, fields.get('appid') ?? '', at > 0)
  }
  return err({ reason: 'cannot_decrypt' })
}

/**
 * Decrypts `req_info`: AES-256-ECB with PKCS#7. The AES key is the MD5 of the API key, as 32
 * characters of lower-case hex.
 *
 * @returns undefined when the text is not encrypted with this key.
 */
function decrypt(reqInfo: string, key: Secret): Fields | undefined {
  const base64 = reqInfo.replaceAll(/[ \t\r\n]/g, '')
  if (base64 === '' || !BASE64.test(base64)) return undefined
  try {
    const encrypted = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
    const aesKey = new TextEncoder().encode(md5(key.reveal()))
    const inner = parseXmlBytes(ecb(aesKey).decrypt(encrypted), 'root')
    return inner.ok ? inner.value : undefined
  } catch {
    return undefined // the decryption throws on incomplete blocks or wrong padding: another key encrypted it
  }
}

function readRefund(
  fields: Fields,
  appid: string,
  isUnderOldKey: boolean,
): Result<UnverifiedRefund, RefundNoticeError> {
  const outRefundNo = parseOutRefundNo(fields.get('out_refund_no') ?? '')
  if (outRefundNo === undefined) return err({ reason: 'bad_field', field: 'out_refund_no' })
  const transactionId = parseTransactionId(fields.get('transaction_id') ?? '')
  if (transactionId === undefined) return err({ reason: 'bad_field', field: 'transaction_id' })
  const outTradeNo = fields.get('out_trade_no') ?? ''
  if (outTradeNo === '') return err({ reason: 'bad_field', field: 'out_trade_no' })
  return ok({
    appid,
    outRefundNo,
    transactionId,
    outTradeNo: toOutTradeNo(outTradeNo),
    isUnderOldKey,
  })
}
