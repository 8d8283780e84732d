/**
 * Checks a message before its fields are read. Only {@link openEnvelope} creates AuthenticFields, so code
 * that skips the check does not compile.
 */
import type { Merchant } from '../../../core/merchant.ts'
import type { SignType } from '../../../core/order/attempt.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import { verify } from './sign.ts'
import type { Fields, XmlError } from './xml.ts'

declare const authentic: unique symbol
/** Fields whose signature, appid and mch_id were checked. */
export type AuthenticFields = Fields & { readonly [authentic]: true }

/** Why a message is not trusted. */
export type EnvelopeError = Readonly<
  | { reason: 'unreadable'; cause: XmlError['reason'] }
  /** `return_code` is not SUCCESS. Such a message is never signed, so its text only serves logs and people. */
  | { reason: 'return_fail'; returnMsg: string }
  | { reason: 'bad_signature' }
  | { reason: 'wrong_merchant' }
>

/**
 * Checks `return_code`, the signature, appid and mch_id.
 *
 * @param signType The sign type that we expect. The message itself never chooses it.
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
  // One key can serve several mini programs of a merchant, so a genuine message may be about another one.
  if (fields.get('appid') !== merchant.appid || fields.get('mch_id') !== merchant.mchId) {
    return err({ reason: 'wrong_merchant' })
  }
  return ok(fields as AuthenticFields)
}
