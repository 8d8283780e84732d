/** Implements the WeChat port with API V2: builds the message, sends it, verifies the reply and reads it. */
import type { Merchant } from '../../core/merchant.ts'
import type { SignType } from '../../core/order/attempt.ts'
import type { Refund } from '../../core/order/refund.ts'
import { sleep, type Timers } from '../../lib/deadline.ts'
import type { Result } from '../../lib/result.ts'
import type { Secret } from '../../lib/secret.ts'
import { toHex } from '../../lib/text.ts'
import type { RefundQueryReply, UnifiedOrderReply, WeChat } from '../../ports/wechat.ts'
import { readLoginReply } from '../login.ts'
import type { Transport, TransportError } from '../transport.ts'
import {
  closeOrderMessage,
  downloadBillMessage,
  orderQueryMessage,
  refundMessage,
  refundQueryMessage,
  type Signing,
  unifiedOrderMessage,
} from './messages.ts'
import { readUnopened } from './refusal.ts'
import { readCloseOrderReply } from './replies/close-order.ts'
import { readBillReply } from './replies/download-bill.ts'
import { orderQueryWords, readOrderQueryReply } from './replies/order-query.ts'
import { readRefundQueryReply } from './replies/refund-query.ts'
import { type OneRefundReply, readRefundReply } from './replies/refund.ts'
import { readUnifiedOrderReply } from './replies/unified-order.ts'
import { type AuthenticFields, type EnvelopeError, openEnvelope } from './wire/envelope.ts'
import { ANSWER_ELEMENTS_MAX, parseXmlBytes } from './wire/xml.ts'

/**
 * What the gateway needs. `signType` is the sign type of every call except unifiedorder, which uses the
 * sign type that is stored with the attempt.
 */
export type GatewayOptions = Readonly<{
  transport: Transport
  timers: Timers
  randomBytes: (count: number) => Uint8Array
  merchant: Merchant
  appSecret: Secret
  signType: SignType
}>

/**
 * The number of random bytes in a nonce_str: as hex they have 32 characters, which is WeChat's limit. Random
 * bytes cannot be predicted.
 */
const NONCE_BYTES = 16
/** The pause before a message is sent a second time, after WeChat answered that it is busy. */
const BUSY_PAUSE_MS = 300
const NO_CERTIFICATE = 'no merchant certificate was sent to WeChat, or WeChat does not know it'

/** Creates the WeChat port of one merchant. A failed call is a reply with its own `kind`, not an exception. */
export function wechatGateway(options: GatewayOptions): WeChat {
  const { transport, timers, randomBytes, merchant, appSecret, signType } = options

  const signing = (type: SignType): Signing => ({
    merchant,
    signType: type,
    nonceStr: toHex(randomBytes(NONCE_BYTES)),
  })

  /** Posts a message and verifies the reply, which must be signed with the message's sign type. */
  async function call(
    path: string,
    xml: string,
    type: SignType,
  ): Promise<Result<AuthenticFields, EnvelopeError | TransportError>> {
    return open(await transport.post(path, xml), type)
  }

  async function open(
    reply: Result<Uint8Array, TransportError>,
    type: SignType,
  ): Promise<Result<AuthenticFields, EnvelopeError | TransportError>> {
    if (!reply.ok) return reply
    const fields = parseXmlBytes(reply.value, 'xml', ANSWER_ELEMENTS_MAX)
    return openEnvelope(fields, merchant, type)
  }

  async function unifiedOrderOnce(xml: string, type: SignType): Promise<UnifiedOrderReply> {
    const reply = await call('/pay/unifiedorder', xml, type)
    if (reply.ok) return readUnifiedOrderReply(reply.value)
    return isTransportError(reply.error)
      ? { kind: 'unknown', cause: reply.error.reason }
      : readUnopened(reply.error)
  }

  async function refundOnce(
    xml: string,
    refund: Refund,
    onRepeat: () => void,
  ): Promise<OneRefundReply> {
    const reply = await open(
      await transport.postWithCertificate('/secapi/pay/refund', xml, onRepeat),
      signType,
    )
    if (reply.ok) return readRefundReply(reply.value, refund)
    if (!isTransportError(reply.error)) {
      // A refusal without a signature is not final: the amount stays reserved, and the refund shows the
      // operator WeChat's reason.
      const refusal = readUnopened(reply.error)
      return refusal.kind === 'refused' ? { ...refusal, kind: 'waiting' } : refusal
    }
    const { reason } = reply.error
    return reason === 'no_certificate'
      ? { kind: 'misconfigured', errCode: 'NO_CERTIFICATE', errCodeDes: NO_CERTIFICATE }
      : { kind: 'unknown', cause: reason }
  }

  async function refundQuery(xml: string): Promise<RefundQueryReply> {
    const reply = await call('/pay/refundquery', xml, signType)
    return reply.ok ? readRefundQueryReply(reply.value) : unknown(reply.error)
  }

  return {
    async login(code) {
      const reply = await transport.get(
        '/sns/jscode2session',
        new URLSearchParams({
          appid: merchant.appid,
          secret: appSecret.reveal(),
          js_code: code,
          grant_type: 'authorization_code',
        }),
      )
      if (!reply.ok) return { kind: 'unknown', cause: reply.error.reason }
      return readLoginReply(new TextDecoder().decode(reply.value))
    },

    async unifiedOrder(attempt) {
      const type = attempt.terms.signType
      const xml = await unifiedOrderMessage(attempt, signing(type))
      const first = await unifiedOrderOnce(xml, type)
      if (first.kind !== 'busy') return first
      await sleep(timers, BUSY_PAUSE_MS)
      return unifiedOrderOnce(xml, type)
    },

    async orderQuery(outTradeNo) {
      const xml = await orderQueryMessage({ outTradeNo }, signing(signType))
      const reply = await call('/pay/orderquery', xml, signType)
      // Without a verified reply, nothing is known about the order. Even an unsigned FAIL only means that
      // WeChat did not accept the query.
      if (!reply.ok) return unknown(reply.error)
      return readOrderQueryReply(reply.value, { outTradeNo })
    },

    async orderQueryByTransaction(transactionId) {
      const xml = await orderQueryMessage({ transactionId }, signing(signType))
      const reply = await call('/pay/orderquery', xml, signType)
      if (reply.ok) {
        return {
          reply: readOrderQueryReply(reply.value, { transactionId }),
          words: orderQueryWords(reply.value),
        }
      }
      const none = unknown(reply.error)
      return { reply: none, words: { code: 'NO_ANSWER', description: none.cause } }
    },

    async closeOrder(outTradeNo) {
      const xml = await closeOrderMessage(outTradeNo, signing(signType))
      const reply = await call('/pay/closeorder', xml, signType)
      return reply.ok ? readCloseOrderReply(reply.value) : unknown(reply.error)
    },

    async refund(refund) {
      const xml = await refundMessage(refund, signing(signType))
      let isRepetition = false
      const onRepeat = (): void => {
        isRepetition = true
      }
      let reply = await refundOnce(xml, refund, onRepeat)
      if (reply.kind === 'busy') {
        onRepeat()
        await sleep(timers, BUSY_PAUSE_MS)
        reply = await refundOnce(xml, refund, onRepeat)
      }
      if (reply.kind === 'busy') return { kind: 'unknown', cause: 'busy' }
      return 'errCode' in reply ? { ...reply, isRepetition } : reply
    },

    refundQuery: async (outRefundNo) =>
      refundQuery(await refundQueryMessage({ outRefundNo }, signing(signType))),

    refundsOf: async (transactionId, offset) =>
      refundQuery(await refundQueryMessage({ transactionId, offset }, signing(signType))),

    async downloadBill(day) {
      const xml = await downloadBillMessage(day, signing(signType))
      const reply = await transport.download('/pay/downloadbill', xml)
      return reply.ok ? readBillReply(reply.value) : unknown(reply.error)
    },
  }
}

const TRANSPORT_ERRORS: readonly string[] = [
  'no_answer',
  'http_status',
  'too_long',
  'no_certificate',
] satisfies TransportError['reason'][]

const isTransportError = (error: EnvelopeError | TransportError): error is TransportError =>
  TRANSPORT_ERRORS.includes(error.reason)

function unknown(error: EnvelopeError | TransportError): { kind: 'unknown'; cause: string } {
  const cause = error.reason === 'return_fail' ? `return_msg ${error.returnMsg}` : error.reason
  return { kind: 'unknown', cause }
}
