/**
 * The one way from a message to fields that may be read: only {@link openEnvelope} makes
 * AuthenticFields, so code that forgets the check does not compile.
 */
import type { Merchant } from '../../../core/merchant.ts'
import type { SignType } from '../../../core/order/attempt.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import { verify } from './sign.ts'
import type { Fields, XmlError } from './xml.ts'

declare const authentic: unique symbol
/** Fields whose signature, appid and mch_id were checked. */
export type AuthenticFields = Fields & { readonly [authentic]: true }

export type EnvelopeError = Readonly<
  | { reason: 'unreadable'; cause: XmlError['reason'] }
  /** `return_code` is not SUCCESS. Never signed: good for a log and for a person, and no more. */
  | { reason: 'return_fail'; returnMsg: string }
  | { reason: 'bad_signature' }
  | { reason: 'wrong_merchant' }
>

/**
 * @param signType What the message must be signed with: our configuration says so, never the sender.
 */
export async function openEnvelope(
  parsed: Result<Fields, XmlError>,
  merchant: Merchant,
  signType: SignType,
): Promise<Result<AuthenticFields, EnvelopeError>> {
  if (!parsed.ok) return err({ reason: 'unreadable', cause: parsed.error.reason })
  const fields = parsed.value

  if (fields.get('return_code') !== 'SUCCESS') {
    return err({ reason: 'return_fail', returnMsg: fields.get('return_msg') ?? '' })
  }
  if (!(await verify(fields, merchant.apiKey, signType))) return err({ reason: 'bad_signature' })
  // One key can serve several mini programs of a merchant: a genuine message may be another's.
  if (fields.get('appid') !== merchant.appid || fields.get('mch_id') !== merchant.mchId) {
    return err({ reason: 'wrong_merchant' })
  }
  return ok(fields as AuthenticFields)
}
