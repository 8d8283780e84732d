/** Questions to WeChat that change nothing, by which the doctor learns whether key, numbers, secret and certificate are right. */
import type { CertificateAnswer, KeyAnswer, SecretAnswer } from '../../core/doctor/wechat.ts'
import type { Merchant } from '../../core/merchant.ts'
import type { SignType } from '../../core/order/attempt.ts'
import { toOutTradeNo } from '../../core/ids.ts'
import { type UnixSeconds } from '../../core/time.ts'
import type { Timers } from '../../lib/deadline.ts'
import { toHex } from '../../lib/text.ts'
import type { Log } from '../../ports/deps.ts'
import type { WeChatProbes } from '../../ports/doctor.ts'
import type { WeChat } from '../../ports/wechat.ts'
import { type Fetch, OriginHealth, type Transport, wechatTransport } from '../transport.ts'
import { isCallError, signedCalls } from './call.ts'
import { orderQueryMessage, refundProbeMessage } from './messages.ts'
import { keyKindOf } from './refusal.ts'
import { replyLog } from './reply-log.ts'
import type { AuthenticFields } from './wire/envelope.ts'

/** What the probes need. `login` is that of the gateway. */
export type ProbeOptions = Readonly<{
  fetch: Fetch
  certificateFetch?: Fetch | undefined
  timers: Timers
  now: () => UnixSeconds
  randomBytes: (count: number) => Uint8Array
  merchant: Merchant
  signType: SignType
  loginOrigin: string
  payOrigin: string
  payOriginBackup: string
  log: Log
}>

/** How long WeChat may take to answer a probe. The doctor as a whole must not take longer than ten seconds. */
const DEADLINE_MS = 5_000

/** A verified answer of WeChat: its err_code, or SUCCESS. */
const verdictIn = (fields: AuthenticFields) => ({
  kind: fields.get('err_code') ?? 'SUCCESS',
  errCodeDes: fields.get('err_code_des') ?? '',
})

/**
 * Creates the probes. Each asks one origin once, and neither uses nor changes what the isolate remembers of the origins:
 * a call of the doctor counts against nothing.
 *
 * @param loginOver The login of the gateway over another transport.
 */
export function wechatProbes(
  options: ProbeOptions,
  loginOver: (transport: Transport) => Pick<WeChat, 'login'>,
): WeChatProbes {
  const { merchant, randomBytes, signType, payOrigin, payOriginBackup, now } = options

  /** A transport to one origin, and what its last answer said of the time. */
  function line(origin: string) {
    let skewS: number | undefined
    const watched =
      (send: Fetch): Fetch =>
      async (request) => {
        const response = await send(request)
        const date = Date.parse(response.headers.get('date') ?? '')
        skewS = Number.isNaN(date) ? undefined : Math.round(date / 1_000) - now()
        return response
      }
    const { certificateFetch } = options
    const transport = wechatTransport({
      ...options,
      fetch: watched(options.fetch),
      certificateFetch,
      payOrigin: origin,
      payOriginBackup: origin,
      timeLeft: () => DEADLINE_MS,
      health: new OriginHealth(),
    })
    const calls = signedCalls({
      transport,
      randomBytes,
      merchant,
      signType,
      answers: replyLog(() => {}), // the findings have WeChat's words
      onKey: () => {},
    })
    return { transport, ...calls, skew: () => skewS }
  }

  /** A number as no order of ours has, because an order's number has digits after the `*`, and few. */
  const number = () => toOutTradeNo(`doctor*${toHex(randomBytes(8))}`)

  return {
    async key(which) {
      if (which === 'backup' && payOriginBackup === payOrigin) return undefined
      const { call, signing, skew } = line(which === 'backup' ? payOriginBackup : payOrigin)
      const signed = signing(merchant)
      const xml = await orderQueryMessage({ outTradeNo: number() }, signed)
      const reply = await call({ call: 'orderquery' }, xml, signed, verdictIn)
      const answer: Omit<KeyAnswer, 'skewS'> = reply.ok
        ? keyKindOf(reply.value.kind, reply.value.errCodeDes)
        : isCallError(reply.error)
          ? { kind: 'no_answer', words: reply.error.reason }
          : reply.error.reason === 'return_fail'
            ? keyKindOf('FAIL', reply.error.returnMsg)
            : {
                kind: reply.error.reason === 'bad_signature' ? 'key' : 'other',
                words: reply.error.reason,
              }
      return { ...answer, skewS: skew() }
    },

    async secret(): Promise<SecretAnswer> {
      const reply = await loginOver(line(payOrigin).transport).login(toHex(randomBytes(16)))
      switch (reply.kind) {
        case 'code_invalid':
        case 'code_used':
        case 'session':
          return { kind: 'known', words: '' }
        case 'unknown':
          return { kind: 'no_answer', words: reply.cause }
        case 'misconfigured': {
          const isAppid = reply.errCode === '40013' || reply.errCode === '41002'
          const words = `${reply.errCode} ${reply.errCodeDes}`
          return { kind: isAppid ? 'appid' : 'secret', words }
        }
        case 'refused':
          return { kind: 'other', words: `${reply.errCode} ${reply.errCodeDes}` }
        case 'busy':
        case 'too_many_requests':
        case 'blocked':
          return { kind: 'other', words: reply.kind }
      }
    },

    async certificate(): Promise<CertificateAnswer> {
      const { call, signing, transport } = line(payOrigin)
      const signed = signing(merchant)
      const xml = await refundProbeMessage(number(), signed)
      const reply = await call({ call: 'refund' }, xml, signed, verdictIn, {
        post: (_about, body) => transport.postWithCertificate('/secapi/pay/refund', body),
      })
      // Even a signed refusal comes from behind the handshake.
      if (reply.ok) return { kind: 'known', words: '' }
      const { reason } = reply.error
      if (reason === 'no_certificate') return { kind: 'refused', words: 'HTTP 400' }
      if (reason !== 'return_fail') {
        return { kind: isCallError(reply.error) ? 'no_answer' : 'other', words: reason }
      }
      const { returnMsg: words } = reply.error
      return { kind: /证书|certificate/i.test(words) ? 'refused' : 'other', words }
    },
  }
}
