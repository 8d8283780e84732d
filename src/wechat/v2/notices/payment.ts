import type { Merchant } from '../../../core/merchant.ts'
import type { SignType } from '../../../core/order/attempt.ts'
import type { Payment } from '../../../core/order/payment.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import type { Secret } from '../../../lib/secret.ts'
import { type AuthenticFields, type EnvelopeError, openEnvelope } from '../wire/envelope.ts'
import { readPayment } from '../wire/payment-fields.ts'
import { parseXmlBytes } from '../wire/xml.ts'

export type NoticeError =
  | EnvelopeError
  | Readonly<{ reason: 'not_a_success' }>
  | Readonly<{ reason: 'bad_field'; field: string }>

/** `isUnderOldKey`: only the previous key verifies the signature. Keys are replaced because they leak. */
export type Notice = Readonly<{ payment: Payment; isUnderOldKey: boolean }>

/**
 * Reads a payment notice from the wire. WeChat sends one only for a payment that succeeded.
 *
 * @param signType The configured type. A notice signed otherwise is refused; the query settles it.
 * @param oldKey The key before this one, while it is being changed. It proves nothing by itself.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937248
 */
export async function readPaymentNotice(
  bytes: Uint8Array,
  merchant: Merchant,
  signType: SignType,
  oldKey?: Secret,
): Promise<Result<Notice, NoticeError>> {
  const parsed = parseXmlBytes(bytes)
  const envelope = await openEnvelope(parsed, merchant, signType)
  if (envelope.ok) return readFields(envelope.value, false)
  if (oldKey === undefined || envelope.error.reason !== 'bad_signature') return envelope
  const old = await openEnvelope(parsed, { ...merchant, apiKey: oldKey }, signType)
  return old.ok ? readFields(old.value, true) : envelope
}

function readFields(fields: AuthenticFields, isUnderOldKey: boolean): Result<Notice, NoticeError> {
  if (fields.get('result_code') !== 'SUCCESS') return err({ reason: 'not_a_success' })
  // Only notices of automatic debits carry a state; one that does must say that it is paid.
  const tradeState = fields.get('trade_state') ?? ''
  if (tradeState !== '' && tradeState !== 'SUCCESS') return err({ reason: 'not_a_success' })
  const read = readPayment(fields)
  return 'payment' in read
    ? ok({ payment: read.payment, isUnderOldKey })
    : err({ reason: 'bad_field', field: read.badField })
}
