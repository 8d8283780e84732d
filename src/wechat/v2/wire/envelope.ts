/**
 * Verifies a message from WeChat before its fields are read. Readers take {@link AuthenticFields}, which only
 * {@link openEnvelope} creates, so code that skips the verification does not compile.
 */
import type { Merchant } from '../../../core/merchant.ts'
import type { SignType } from '../../../core/order/attempt.ts'
import { err, ok, type Result } from '../../../lib/result.ts'
import { verify } from './sign.ts'
import type { Fields, XmlError } from './xml.ts'

declare const authentic: unique symbol
/**
 * The fields of a message whose signature and mch_id were verified. In a notice, the appid is still to be compared
 * with the attempt's.
 */
export type AuthenticFields = Fields & { readonly [authentic]: true }

/** Why the Worker does not trust a message as WeChat's. */
export type EnvelopeError = Readonly<
  | { reason: 'unreadable'; cause: XmlError['reason'] }
  /**
   * `return_code` is not SUCCESS. WeChat does not sign such a message, so `returnMsg` is only shown and
   * logged, and never changes the state of an order.
   */
  | { reason: 'return_fail'; returnMsg: string }
  | { reason: 'bad_signature' }
  | { reason: 'wrong_merchant' }
>

/**
 * Verifies the `return_code`, signature and mch_id of a notice. Its appid may be a former one of the Worker: a
 * merchant changes its mini program while payers are at the cashier.
 *
 * @param signType The sign type that we expect. A message cannot choose its sign type.
 */
export async function openEnvelope(
  parsed: Result<Fields, XmlError>,
  merchant: Pick<Merchant, 'apiKey' | 'mchId'>,
  signType: SignType,
): Promise<Result<AuthenticFields, EnvelopeError>> {
  if (!parsed.ok) return err({ reason: 'unreadable', cause: parsed.error.reason })
  const fields = parsed.value

  if (fields.get('return_code') !== 'SUCCESS') {
    return err({ reason: 'return_fail', returnMsg: fields.get('return_msg') ?? '' })
  }
  if (!(await verify(fields, merchant.apiKey, signType))) return err({ reason: 'bad_signature' })
  if (fields.get('mch_id') !== merchant.mchId) return err({ reason: 'wrong_merchant' })
  return ok(fields as AuthenticFields)
}

/**
 * Verifies a reply like {@link openEnvelope}, and that it has the appid of the request. All mini programs of a
 * merchant share an API key, so a reply with a valid signature may be about another one.
 */
export async function openReply(
  parsed: Result<Fields, XmlError>,
  merchant: Merchant,
  signType: SignType,
): Promise<Result<AuthenticFields, EnvelopeError>> {
  const opened = await openEnvelope(parsed, merchant, signType)
  return opened.ok && opened.value.get('appid') !== merchant.appid
    ? err({ reason: 'wrong_merchant' })
    : opened
}
