/** Implements the WeChat port with API V2: builds the message, sends it, verifies the reply and reads it. */
import type { Merchant, MerchantIds } from '../../core/merchant.ts'
import type { Attempt, SignType } from '../../core/order/attempt.ts'
import type { Refund } from '../../core/order/refund.ts'
import { sleep, type Timers } from '../../lib/deadline.ts'
import type { Secret } from '../../lib/secret.ts'
import type { Log } from '../../ports/deps.ts'
import type {
  OrderQueryReply,
  QueriedOrder,
  RefundQueryReply,
  UnifiedOrderAnswer,
  WeChat,
  Words,
} from '../../ports/wechat.ts'
import { loginWords, readLoginReply } from '../login.ts'
import type { Transport } from '../transport.ts'
import { isCallError, signedCalls, unknown } from './call.ts'
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
import { replyLog } from './reply-log.ts'
import { readCloseOrderReply } from './replies/close-order.ts'
import { readBillReply } from './replies/download-bill.ts'
import { orderQueryWords, readOrderQueryReply } from './replies/order-query.ts'
import { readRefundQueryReply } from './replies/refund-query.ts'
import { type OneRefundReply, readRefundReply } from './replies/refund.ts'
import { readUnifiedOrderReply } from './replies/unified-order.ts'
import { type AuthenticFields, openEnvelope, openReply } from './wire/envelope.ts'

/**
 * What the gateway needs. `signType` is the sign type of every call except unifiedorder, which uses the
 * sign type that is stored with the attempt. Every call about an attempt, a payment or a refund names the appid
 * that is stored with it, which may be a former one; logins and bills use the appid of `merchant`.
 */
export type GatewayOptions = Readonly<{
  transport: Transport
  timers: Timers
  randomBytes: (count: number) => Uint8Array
  merchant: Merchant
  appSecret: Secret
  signType: SignType
  log: Log
  /** Is called with what an answer says about our key: WeChat verifies our signature, and we verify WeChat's. */
  onKey: (key: 'accepted' | 'refused') => void
}>

/** The pause before a message is sent a second time, after WeChat answered that it is busy. */
const BUSY_PAUSE_MS = 300
const NO_CERTIFICATE = 'no merchant certificate was sent to WeChat, or WeChat does not know it'

/** Creates the WeChat port of one merchant. A failed call is a reply with its own `kind`, not an exception. */
export function wechatGateway(options: GatewayOptions): WeChat {
  const { transport, timers, randomBytes, merchant, appSecret, signType, onKey } = options
  const answers = replyLog(options.log)

  const { signing, call } = signedCalls({
    transport,
    randomBytes,
    merchant,
    signType,
    answers,
    onKey,
  })

  async function unifiedOrderOnce(
    attempt: Attempt,
    xml: string,
    signed: Signing,
    onRepeat: () => boolean,
  ): Promise<UnifiedOrderAnswer> {
    const about = { call: 'unifiedorder', out_trade_no: attempt.outTradeNo }
    const reply = await call(about, xml, signed, readUnifiedOrderReply, {
      post: (_about, body) => transport.post('/pay/unifiedorder', body, onRepeat),
    })
    if (reply.ok) return reply.value
    return isCallError(reply.error)
      ? { kind: 'unknown', cause: reply.error.reason }
      : readUnopened(reply.error)
  }

  async function refundOnce(
    xml: string,
    signed: Signing,
    refund: Refund,
    onRepeat: () => boolean,
  ): Promise<OneRefundReply> {
    const reply = await call<OneRefundReply>(
      { call: 'refund', out_refund_no: refund.outRefundNo },
      xml,
      signed,
      (fields) => readRefundReply(fields, refund),
      {
        post: (_about, body) => transport.postWithCertificate('/secapi/pay/refund', body, onRepeat),
      },
    )
    if (reply.ok) return reply.value
    if (!isCallError(reply.error)) {
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
    ids: MerchantIds,
    open: typeof openReply,
  ): Promise<Readonly<{ reply: OrderQueryReply; words: Words }>> {
    const signed = signing(ids)
    const xml = await orderQueryMessage(asked, signed)
    let words: Words | undefined
    const about = { call: 'orderquery', ...number }
    const read = (fields: AuthenticFields): OrderQueryReply => {
      words = orderQueryWords(fields)
      return readOrderQueryReply(fields, asked)
    }
    const reply = await call(about, xml, signed, read, { open })
    // Without a verified reply, nothing is known about the order. Even an unsigned FAIL only means that
    // WeChat did not accept the query.
    const known = reply.ok ? reply.value : unknown(reply.error)
    const cause = known.kind === 'unknown' ? known.cause : ''
    return { reply: known, words: words ?? { code: 'NO_ANSWER', description: cause } }
  }

  async function refundQuery(
    asked: QueriedRefunds,
    number: Readonly<Record<string, string>>,
    ids: MerchantIds,
  ): Promise<RefundQueryReply> {
    const signed = signing(ids)
    const xml = await refundQueryMessage(asked, signed)
    const about = { call: 'refundquery', ...number }
    const reply = await call(about, xml, signed, readRefundQueryReply)
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
      const signed = signing(attempt.terms, attempt.terms.signType)
      const xml = await unifiedOrderMessage(attempt, signed)
      let isRepetition = false
      const noteRepetition = (): boolean => {
        isRepetition = true
        return true
      }
      let reply = await unifiedOrderOnce(attempt, xml, signed, noteRepetition)
      if (reply.kind === 'busy') {
        noteRepetition()
        await sleep(timers, BUSY_PAUSE_MS)
        reply = await unifiedOrderOnce(attempt, xml, signed, noteRepetition)
      }
      return isRepetition ? { ...reply, isRepetition } : reply
    },

    async orderQuery(outTradeNo, ids) {
      const number = { out_trade_no: outTradeNo }
      const { reply } = await orderQuery({ outTradeNo }, number, ids, openReply)
      return reply
    },

    // The payment may belong to another mini program of the merchant. That is an answer, too.
    orderQueryByTransaction: (transactionId, ids) =>
      orderQuery({ transactionId }, { transaction_id: transactionId }, ids, openEnvelope),

    async closeOrder(outTradeNo, ids) {
      const signed = signing(ids)
      const xml = await closeOrderMessage(outTradeNo, signed)
      const about = { call: 'closeorder', out_trade_no: outTradeNo }
      const reply = await call(about, xml, signed, readCloseOrderReply)
      return reply.ok ? reply.value : unknown(reply.error)
    },

    async refund(refund, mayRepeat) {
      const signed = signing(refund)
      const xml = await refundMessage(refund, signed)
      let isRepetition = false
      const onRepeat = (): boolean => {
        const may = mayRepeat()
        isRepetition ||= may
        return may
      }
      let reply = await refundOnce(xml, signed, refund, onRepeat)
      if (reply.kind === 'busy') {
        await sleep(timers, BUSY_PAUSE_MS)
        if (onRepeat()) reply = await refundOnce(xml, signed, refund, onRepeat)
      }
      if (reply.kind === 'busy') return { kind: 'unknown', cause: 'busy' }
      return 'errCode' in reply ? { ...reply, isRepetition } : reply
    },

    refundQuery: (outRefundNo, ids) =>
      refundQuery({ outRefundNo }, { out_refund_no: outRefundNo }, ids),

    refundsOf: (transactionId, offset, ids) =>
      refundQuery({ transactionId, offset }, { transaction_id: transactionId }, ids),

    async downloadBill(day) {
      const xml = await downloadBillMessage(day, signing(merchant))
      const reply = await transport.download('/pay/downloadbill', xml)
      if (!reply.ok) return unknown(reply.error)
      const bill = readBillReply(reply.value)
      answers.plain({ call: 'downloadbill', day }, bill, 'bill')
      return bill
    },
  }
}

type QueriedRefunds = Parameters<typeof refundQueryMessage>[0]
