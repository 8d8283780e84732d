/** Implements the WeChat port with API V2: builds the message, sends it, verifies the reply and reads it. */
import type { Merchant } from '../../core/merchant.ts'
import type { Attempt, SignType } from '../../core/order/attempt.ts'
import type { Refund } from '../../core/order/refund.ts'
import { sleep, type Timers } from '../../lib/deadline.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Secret } from '../../lib/secret.ts'
import { toHex } from '../../lib/text.ts'
import type { Log } from '../../ports/deps.ts'
import type {
  OrderQueryReply,
  QueriedOrder,
  RefundQueryReply,
  UnifiedOrderReply,
  WeChat,
  Words,
} from '../../ports/wechat.ts'
import { loginWords, readLoginReply } from '../login.ts'
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
import { type About, replyLog, type Understood } from './reply-log.ts'
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
  log: Log
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
  const answers = replyLog(options.log)

  const signing = (type: SignType): Signing => ({
    merchant,
    signType: type,
    nonceStr: toHex(randomBytes(NONCE_BYTES)),
  })

  /** Posts a message, verifies the reply, which must be signed with the message's sign type, and reads it. */
  async function call<T extends Understood>(
    about: About,
    xml: string,
    type: SignType,
    read: (fields: AuthenticFields) => T,
  ): Promise<Result<T, EnvelopeError | TransportError>> {
    return open(about, await transport.post(`/pay/${about.call}`, xml), type, read)
  }

  async function open<T extends Understood>(
    about: About,
    reply: Result<Uint8Array, TransportError>,
    type: SignType,
    read: (fields: AuthenticFields) => T,
  ): Promise<Result<T, EnvelopeError | TransportError>> {
    if (!reply.ok) return reply
    const fields = parseXmlBytes(reply.value, 'xml', ANSWER_ELEMENTS_MAX)
    const opened = await openEnvelope(fields, merchant, type)
    if (!opened.ok) {
      answers.unverified(about, opened.error)
      return opened
    }
    const answer = read(opened.value)
    answers.verified(about, opened.value, answer)
    return ok(answer)
  }

  async function unifiedOrderOnce(attempt: Attempt, xml: string): Promise<UnifiedOrderReply> {
    const about = { call: 'unifiedorder', out_trade_no: attempt.outTradeNo }
    const reply = await call(about, xml, attempt.terms.signType, readUnifiedOrderReply)
    if (reply.ok) return reply.value
    return isTransportError(reply.error)
      ? { kind: 'unknown', cause: reply.error.reason }
      : readUnopened(reply.error)
  }

  async function refundOnce(
    xml: string,
    refund: Refund,
    onRepeat: () => void,
  ): Promise<OneRefundReply> {
    const reply = await open<OneRefundReply>(
      { call: 'refund', out_refund_no: refund.outRefundNo },
      await transport.postWithCertificate('/secapi/pay/refund', xml, onRepeat),
      signType,
      (fields) => readRefundReply(fields, refund),
    )
    if (reply.ok) return reply.value
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

  async function orderQuery(
    asked: QueriedOrder,
    number: Readonly<Record<string, string>>,
  ): Promise<Readonly<{ reply: OrderQueryReply; words: Words }>> {
    const xml = await orderQueryMessage(asked, signing(signType))
    let words: Words | undefined
    const about = { call: 'orderquery', ...number }
    const reply = await call(about, xml, signType, (fields) => {
      words = orderQueryWords(fields)
      return readOrderQueryReply(fields, asked)
    })
    // Without a verified reply, nothing is known about the order. Even an unsigned FAIL only means that
    // WeChat did not accept the query.
    const known = reply.ok ? reply.value : unknown(reply.error)
    const cause = known.kind === 'unknown' ? known.cause : ''
    return { reply: known, words: words ?? { code: 'NO_ANSWER', description: cause } }
  }

  async function refundQuery(
    number: Readonly<Record<string, string>>,
    xml: string,
  ): Promise<RefundQueryReply> {
    const about = { call: 'refundquery', ...number }
    const reply = await call(about, xml, signType, readRefundQueryReply)
    return reply.ok ? reply.value : unknown(reply.error)
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
      const text = new TextDecoder().decode(reply.value)
      const login = readLoginReply(text)
      answers.plain({ call: 'jscode2session' }, { ...login, ...loginWords(text) }, 'session')
      return login
    },

    async unifiedOrder(attempt) {
      const xml = await unifiedOrderMessage(attempt, signing(attempt.terms.signType))
      const first = await unifiedOrderOnce(attempt, xml)
      if (first.kind !== 'busy') return first
      await sleep(timers, BUSY_PAUSE_MS)
      return unifiedOrderOnce(attempt, xml)
    },

    async orderQuery(outTradeNo) {
      const { reply } = await orderQuery({ outTradeNo }, { out_trade_no: outTradeNo })
      return reply
    },

    orderQueryByTransaction: (transactionId) =>
      orderQuery({ transactionId }, { transaction_id: transactionId }),

    async closeOrder(outTradeNo) {
      const xml = await closeOrderMessage(outTradeNo, signing(signType))
      const about = { call: 'closeorder', out_trade_no: outTradeNo }
      const reply = await call(about, xml, signType, readCloseOrderReply)
      return reply.ok ? reply.value : unknown(reply.error)
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

    async refundQuery(outRefundNo) {
      const xml = await refundQueryMessage({ outRefundNo }, signing(signType))
      return refundQuery({ out_refund_no: outRefundNo }, xml)
    },

    async refundsOf(transactionId, offset) {
      const xml = await refundQueryMessage({ transactionId, offset }, signing(signType))
      return refundQuery({ transaction_id: transactionId }, xml)
    },

    async downloadBill(day) {
      const xml = await downloadBillMessage(day, signing(signType))
      const reply = await transport.download('/pay/downloadbill', xml)
      if (!reply.ok) return unknown(reply.error)
      const bill = readBillReply(reply.value)
      answers.plain({ call: 'downloadbill', day }, bill, 'bill')
      return bill
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
