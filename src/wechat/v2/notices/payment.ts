import type { Merchant } from '../../../core/merchant.ts'
import type { SignType } from '../../../core/order/attempt.ts'
import type { Payment } from '../../../core/order/payment.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import type { Secret } from '../../../lib/secret.ts'
import { type AuthenticFields, type EnvelopeError, openEnvelope } from '../wire/envelope.ts'
import { readPayment } from '../wire/payment-fields.ts'
import { parseXmlBytes } from '../wire/xml.ts'

/** Why a payment notice is refused. */
export type NoticeError =
  | EnvelopeError
  | Readonly<{ reason: 'not_a_success' }>
  | Readonly<{ reason: 'bad_field'; field: string }>

/**
 * A payment notice with a valid signature. `isUnderOldKey`: only the previous key verifies it. That proves
 * nothing, because keys are replaced when they leak.
 */
export type Notice = Readonly<{ payment: Payment; isUnderOldKey: boolean }>

/**
 * Reads a payment notice from the wire. WeChat sends one only for a payment that succeeded.
 *
 * @param signType The configured type. A notice with another type is refused, and a
 *   query finds its payment.
 * @param oldKey The previous key, during a rotation.
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
  // Only notices of automatic debits have a trade_state. If there is one, it must be SUCCESS.
  const tradeState = fields.get('trade_state') ?? ''
  if (tradeState !== '' && tradeState !== 'SUCCESS') return err({ reason: 'not_a_success' })
  const read = readPayment(fields)
  return 'payment' in read
    ? ok({ payment: read.payment, isUnderOldKey })
    : err({ reason: 'bad_field', field: read.badField })
}
