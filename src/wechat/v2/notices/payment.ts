import type { Merchant } from '../../../core/merchant.ts'
import type { SignType } from '../../../core/order/attempt.ts'
import type { Payment } from '../../../core/order/payment.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import type { Secret } from '../../../lib/secret.ts'
import { type AuthenticFields, type EnvelopeError, openEnvelope } from '../wire/envelope.ts'
import { readPayment } from '../wire/payment-fields.ts'
import { parseXmlBytes } from '../wire/xml.ts'

/** Why the Worker refuses a payment notice. */
export type NoticeError =
  | EnvelopeError
  | Readonly<{ reason: 'not_a_success' }>
  | Readonly<{ reason: 'bad_field'; field: string }>

/**
 * A payment notice with a valid signature. `isUnderOldKey` is true when only the previous API key verifies it.
 * Such a notice proves nothing, because the key may have been replaced after a leak.
 */
export type Notice = Readonly<{ payment: Payment; isUnderOldKey: boolean }>

/**
 * Verifies and reads a payment notice. WeChat sends notices only for payments that succeeded.
 *
 * @param signType The configured sign type. A notice with another sign type is refused, and the cron later
 *   finds the payment by a query.
 * @param oldKey The previous API key, during a rotation.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937248
 */
export async function readPaymentNotice(
  bytes: Uint8Array,
  merchant: Pick<Merchant, 'apiKey' | 'mchId'>,
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
  // Notices about payments in a mini program have no trade_state, those about automatic debits do. If there is
  // a trade_state, it must be SUCCESS.
  const tradeState = fields.get('trade_state') ?? ''
  if (tradeState !== '' && tradeState !== 'SUCCESS') return err({ reason: 'not_a_success' })
  const read = readPayment(fields)
  return 'payment' in read
    ? ok({ payment: read.payment, isUnderOldKey })
    : err({ reason: 'bad_field', field: read.badField })
}
