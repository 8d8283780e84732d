/** One signed call to API V2: posts a message, and verifies and reads the reply. */
import { isOurs, type Merchant, type MerchantIds } from '../../core/merchant.ts'
import type { SignType } from '../../core/order/attempt.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { toHex } from '../../lib/text.ts'
import type { Transport, TransportError } from '../transport.ts'
import type { Signing } from './messages.ts'
import { refusesKey } from './refusal.ts'
import type { About, replyLog, Understood } from './reply-log.ts'
import { type AuthenticFields, type EnvelopeError, openReply } from './wire/envelope.ts'
import { ANSWER_ELEMENTS_MAX, parseXmlBytes } from './wire/xml.ts'

/** Why a call brought no reply. `other_merchant`: it was not sent. */
export type CallError = TransportError | Readonly<{ reason: 'other_merchant' }>

/** Posts a message. @returns the reply, not verified. */
type Post = (about: About, xml: string) => Promise<Result<Uint8Array, TransportError>>

/** How a call differs from the usual: how it is posted, and how its reply is verified. */
type Way = Readonly<{ post?: Post; open?: typeof openReply }>

/**
 * The number of random bytes in a nonce_str: as hex they have 32 characters, which is WeChat's limit. Random
 * bytes cannot be predicted.
 */
const NONCE_BYTES = 16

/** Creates what the calls of one merchant have in common. */
export function signedCalls({
  transport,
  randomBytes,
  merchant,
  signType,
  answers,
  onKey,
}: Readonly<{
  transport: Transport
  randomBytes: (count: number) => Uint8Array
  merchant: Merchant
  signType: SignType
  answers: ReturnType<typeof replyLog>
  onKey: (key: 'accepted' | 'refused') => void
}>) {
  return {
    /** What a message about an attempt, a payment or a refund is signed with. */
    signing: ({ appid, mchId }: MerchantIds, type = signType): Signing => ({
      merchant: { appid, mchId, apiKey: merchant.apiKey },
      signType: type,
      nonceStr: toHex(randomBytes(NONCE_BYTES)),
    }),

    /**
     * Posts a message, verifies the reply, which must be signed with the message's sign type, and reads it. A message
     * about another merchant number is not sent, because we do not have its key.
     */
    call: async <T extends Understood>(
      about: About,
      xml: string,
      signed: Signing,
      read: (fields: AuthenticFields) => T,
      { post, open = openReply }: Way = {},
    ): Promise<Result<T, EnvelopeError | CallError>> => {
      if (!isOurs(signed.merchant, merchant)) return err({ reason: 'other_merchant' })
      const reply = await (post?.(about, xml) ?? transport.post(`/pay/${about.call}`, xml))
      if (!reply.ok) return reply
      const fields = parseXmlBytes(reply.value, 'xml', ANSWER_ELEMENTS_MAX)
      const opened = await open(fields, signed.merchant, signed.signType)
      if (!opened.ok) {
        answers.unverified(about, opened.error)
        if (refusesKey(opened.error)) onKey('refused')
        return opened
      }
      onKey('accepted')
      const answer = read(opened.value)
      answers.verified(about, opened.value, answer)
      return ok(answer)
    },
  }
}

const CALL_ERRORS: readonly string[] = [
  'no_answer',
  'http_status',
  'too_long',
  'no_certificate',
  'other_merchant',
] satisfies CallError['reason'][]

/** Whether there is no reply. Otherwise the reply failed verification. */
export const isCallError = (error: EnvelopeError | CallError): error is CallError =>
  CALL_ERRORS.includes(error.reason)

/** What the use cases learn of a call that brought no verified reply, where such a reply says nothing. */
export function unknown(error: EnvelopeError | CallError): { kind: 'unknown'; cause: string } {
  const cause = error.reason === 'return_fail' ? `return_msg ${error.returnMsg}` : error.reason
  return { kind: 'unknown', cause }
}
