import { describe, expect, it } from 'vitest'
import { formatXml, parseXml } from '../../../simulator/lib/xml.ts'
import { dayOf } from '../../../src/core/day.ts'
import { toOutTradeNo } from '../../../src/core/ids.ts'
import { err, ok, type Result } from '../../../src/lib/result.ts'
import { Secret } from '../../../src/lib/secret.ts'
import type { LogEntry } from '../../../src/ports/deps.ts'
import type { TransportError } from '../../../src/wechat/transport.ts'
import { type GatewayOptions, wechatGateway } from '../../../src/wechat/v2/gateway.ts'
import {
  anAttempt,
  aTransactionId,
  MERCHANT_IDS,
  T0,
} from '../../../testing/samples/order-samples.ts'
import {
  ANSWERED,
  changed,
  MERCHANT,
  type Message,
  NOTICE,
  refusal,
  signature,
  signed,
  utf8,
} from '../../../testing/wire/wire.ts'

type Reply = string | TransportError

/** A WeChat that gives these replies in order and records what it is sent. */
function wechat(replies: readonly Reply[], options: Partial<GatewayOptions> = {}) {
  const posted: { path: string; xml: string }[] = []
  const logins: { path: string; query: Record<string, string> }[] = []
  const pauses: number[] = []
  const log: LogEntry[] = []
  const queue = [...replies]
  let drawn = 0
  const next = (): Result<Uint8Array, TransportError> => {
    const reply = queue.shift()
    if (reply === undefined) throw new Error('one request too many')
    return typeof reply === 'string' ? ok(utf8(reply)) : err(reply)
  }
  const gateway = wechatGateway({
    onKey: () => {},
    transport: {
      async get(path, query) {
        logins.push({ path, query: Object.fromEntries(query) })
        return next()
      },
      async post(path, xml) {
        posted.push({ path, xml })
        return next()
      },
      async postWithCertificate(path, xml) {
        posted.push({ path: `certified ${path}`, xml })
        return next()
      },
      async download(path, xml) {
        posted.push({ path, xml })
        const reply = next()
        return reply.ok ? ok([reply.value]) : reply
      },
    },
    timers: {
      after(ms, wake) {
        pauses.push(ms)
        wake()
        return () => {}
      },
    },
    randomBytes: (count) => new Uint8Array(count).fill(++drawn),
    merchant: MERCHANT,
    appSecret: new Secret('app-secret'),
    signType: 'MD5',
    log: (entry) => void log.push(entry),
    ...options,
  })
  const fields = (index: number): Message => {
    const parsed = parseXml(posted[index]?.xml ?? '')
    return parsed.ok ? Object.fromEntries(parsed.fields) : {}
  }
  return { gateway, posted, logins, pauses, fields, log }
}

const OUT_TRADE_NO = toOutTradeNo('T20240102030405_0001')
const xml = (message: Message): string => formatXml(message)
const PREPARED = {
  ...ANSWERED,
  trade_type: 'JSAPI',
  prepay_id: 'wx02030405123456abcdef0123456789ab00',
}
const BUSY = xml(signed(changed(ANSWERED, refusal('SYSTEMERROR'))))
const NOTPAY = { ...ANSWERED, out_trade_no: OUT_TRADE_NO, trade_state: 'NOTPAY' }
const UNSIGNED_FAIL =
  '<xml><return_code><![CDATA[FAIL]]></return_code><return_msg>x</return_msg></xml>'
const NO_ANSWER: TransportError = { reason: 'no_answer' }

const unknown = expect.objectContaining({ kind: 'unknown' })

describe('unifiedorder', () => {
  it('returns the prepay_id after one request', async () => {
    const { gateway, posted, fields } = wechat([xml(signed(PREPARED))])

    expect(await gateway.unifiedOrder(anAttempt())).toEqual({
      kind: 'prepared',
      prepayId: 'wx02030405123456abcdef0123456789ab00',
    })
    expect(posted.map(({ path }) => path)).toEqual(['/pay/unifiedorder'])
    expect(fields(0)['sign']).toBe(signature(fields(0)))
    expect(fields(0)['nonce_str']).toBe('01'.repeat(16))
  })

  it('is sent again once, byte for byte, when WeChat was too busy', async () => {
    const { gateway, posted, pauses } = wechat([BUSY, xml(signed(PREPARED))])

    expect(await gateway.unifiedOrder(anAttempt())).toMatchObject({ kind: 'prepared' })
    expect(posted.length).toBe(2)
    expect(posted[1]).toEqual(posted[0])
    expect(pauses.length).toBe(1)
  })

  it('is not sent a third time', async () => {
    const { gateway, posted } = wechat([BUSY, BUSY])

    expect(await gateway.unifiedOrder(anAttempt())).toEqual({ kind: 'busy', isRepetition: true })
    expect(posted.length).toBe(2)
  })

  it.each(['ORDERPAID', 'ORDERCLOSED', 'NOTENOUGH', 'FREQUENCY_LIMITED', 'SOMETHING_NEW'])(
    'is not sent again after %s',
    async (errCode) => {
      const { gateway, posted } = wechat([xml(signed(changed(ANSWERED, refusal(errCode))))])

      await gateway.unifiedOrder(anAttempt())

      expect(posted.length).toBe(1)
    },
  )

  it('keeps the sign type of its attempt when another one is configured now', async () => {
    const attempt = anAttempt({ terms: { signType: 'HMAC-SHA256' } })
    const { gateway, fields } = wechat([xml(signed(PREPARED, 'HMAC-SHA256'))])

    expect(await gateway.unifiedOrder(attempt)).toMatchObject({ kind: 'prepared' })
    expect(fields(0)).toMatchObject({
      sign_type: 'HMAC-SHA256',
      sign: signature(fields(0), 'HMAC-SHA256'),
    })
  })

  it('is unknown when the answer is signed with the other type', async () => {
    const attempt = anAttempt({ terms: { signType: 'HMAC-SHA256' } })

    const weaker = wechat([xml(signed(PREPARED, 'MD5'))])
    expect(await weaker.gateway.unifiedOrder(attempt)).toEqual(unknown)
    const other = wechat([xml(signed(PREPARED, 'HMAC-SHA256'))])
    expect(await other.gateway.unifiedOrder(anAttempt())).toEqual(unknown)
  })

  it.each([
    ['签名错误', 'misconfigured'],
    ['商户号mch_id与appid不匹配', 'misconfigured'],
    ['body参数长度有误', 'refused'],
  ])('with the return_msg "%s" is %s', async (returnMsg, kind) => {
    const { gateway, posted } = wechat([xml({ return_code: 'FAIL', return_msg: returnMsg })])

    expect(await gateway.unifiedOrder(anAttempt())).toMatchObject({ kind, errCodeDes: returnMsg })
    expect(posted.length).toBe(1)
  })
})

describe('an untrustworthy answer', () => {
  const cases: [string, Reply][] = [
    ['with a wrong signature', xml({ ...signed(PREPARED), sign: '0'.repeat(32) })],
    ['without a signature', xml(PREPARED)],
    ['signed under another key', xml(signed(PREPARED, 'MD5', 'k'.repeat(32)))],
    ['for another mini program', xml(signed({ ...PREPARED, appid: 'wx0000000000000000' }))],
    ['for another merchant', xml(signed({ ...PREPARED, mch_id: '10000101' }))],
    ['that is an HTML page', '<html><body>502 Bad Gateway</body></html>'],
    ['that is empty', ''],
    ['that has a DOCTYPE', `<!DOCTYPE xml>${xml(signed(PREPARED))}`],
    ['that never came', NO_ANSWER],
    ['with another status', { reason: 'http_status' }],
    ['that is too long', { reason: 'too_long' }],
  ]

  it.each(cases)('%s leaves the outcome unknown', async (_, reply) => {
    expect(await wechat([reply]).gateway.unifiedOrder(anAttempt())).toEqual(unknown)
    expect(await wechat([reply]).gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)).toEqual(unknown)
    expect(await wechat([reply]).gateway.closeOrder(OUT_TRADE_NO, MERCHANT_IDS)).toEqual(unknown)
  })

  it('that is an unsigned FAIL says nothing about an order', async () => {
    expect(await wechat([UNSIGNED_FAIL]).gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)).toEqual(
      unknown,
    )
    expect(await wechat([UNSIGNED_FAIL]).gateway.closeOrder(OUT_TRADE_NO, MERCHANT_IDS)).toEqual(
      unknown,
    )
  })

  it('that is an unsigned FAIL with a trade_state says nothing either', async () => {
    const forged = xml({ ...NOTPAY, return_code: 'FAIL', trade_state: 'CLOSED' })

    expect(await wechat([forged]).gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)).toEqual(unknown)
  })
})

describe('orderquery and closeorder', () => {
  it('send one out_trade_no, signed, each with its own nonce', async () => {
    const { gateway, posted, fields } = wechat([xml(signed(NOTPAY)), xml(signed(ANSWERED))])

    expect(await gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)).toEqual({ kind: 'unpaid' })
    expect(await gateway.closeOrder(OUT_TRADE_NO, MERCHANT_IDS)).toEqual({ kind: 'closed' })
    expect(posted.map(({ path }) => path)).toEqual(['/pay/orderquery', '/pay/closeorder'])
    expect(fields(0)).toMatchObject({ out_trade_no: OUT_TRADE_NO, nonce_str: '01'.repeat(16) })
    expect(fields(1)).toMatchObject({ out_trade_no: OUT_TRADE_NO, nonce_str: '02'.repeat(16) })
    expect(fields(0)['sign']).toBe(signature(fields(0)))
    expect(fields(1)['sign']).toBe(signature(fields(1)))
  })

  it('use the configured sign type and accept no other', async () => {
    const options = { signType: 'HMAC-SHA256' } as const

    const good = wechat([xml(signed(NOTPAY, 'HMAC-SHA256'))], options)
    expect(await good.gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)).toEqual({ kind: 'unpaid' })
    expect(good.fields(0)['sign']).toBe(signature(good.fields(0), 'HMAC-SHA256'))
    const weaker = wechat([xml(signed(NOTPAY, 'MD5'))], options)
    expect(await weaker.gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)).toEqual(unknown)
    const close = wechat([xml(signed(ANSWERED, 'MD5'))], options)
    expect(await close.gateway.closeOrder(OUT_TRADE_NO, MERCHANT_IDS)).toEqual(unknown)
  })

  it('report a payment of the queried order, and not of another one', async () => {
    const paid = { ...NOTICE, trade_state: 'SUCCESS' }
    const other = { ...paid, out_trade_no: 'T20240102030405_0002' }

    expect(
      await wechat([xml(signed(paid))]).gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS),
    ).toMatchObject({
      kind: 'paid',
      payment: { transactionId: '4200000540202401020123456789', totalFee: 100 },
    })
    expect(
      await wechat([xml(signed(other))]).gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS),
    ).toEqual(unknown)
  })
})

describe('an orderquery by transaction_id', () => {
  const id = aTransactionId(NOTICE['transaction_id'] ?? '')
  const ask = (reply: Reply) => wechat([reply]).gateway.orderQueryByTransaction(id, MERCHANT_IDS)

  it('returns the words in which WeChat says the state', async () => {
    const refunded = { ...NOTICE, trade_state: 'REFUND', trade_state_desc: '订单发生过退款' }

    expect(await ask(xml(signed(refunded)))).toMatchObject({
      reply: { kind: 'paid', refunded: true },
      words: { code: 'REFUND', description: '订单发生过退款' },
    })
  })

  it('returns the words of a refusal', async () => {
    const absent = changed(ANSWERED, refusal('ORDERNOTEXIST', '此交易订单号不存在'))

    expect(await ask(xml(signed(absent)))).toEqual({
      reply: { kind: 'absent' },
      words: { code: 'ORDERNOTEXIST', description: '此交易订单号不存在' },
    })
  })

  it('returns why there are no words', async () => {
    expect(await ask(NO_ANSWER)).toEqual({
      reply: { kind: 'unknown', cause: 'no_answer' },
      words: { code: 'NO_ANSWER', description: 'no_answer' },
    })
  })
})

describe('an attempt of a former appid', () => {
  const former = { ...MERCHANT_IDS, appid: 'wx2421b1c4370ec43b' }
  const attempt = anAttempt({ terms: former })
  const answer = (message: Message, appid: string) => [xml(signed({ ...message, appid }))]

  it('is created, queried and closed under this appid', async () => {
    const { gateway, fields } = wechat([
      ...answer(PREPARED, former.appid),
      ...answer(NOTPAY, former.appid),
      ...answer(ANSWERED, former.appid),
    ])

    expect(await gateway.unifiedOrder(attempt)).toMatchObject({ kind: 'prepared' })
    expect(await gateway.orderQuery(OUT_TRADE_NO, attempt.terms)).toEqual({ kind: 'unpaid' })
    expect(await gateway.closeOrder(OUT_TRADE_NO, attempt.terms)).toEqual({ kind: 'closed' })
    for (const at of [0, 1, 2]) {
      expect(fields(at)).toMatchObject({ appid: former.appid, mch_id: MERCHANT.mchId })
      expect(fields(at)['sign']).toBe(signature(fields(at)))
    }
  })

  it('is not believed about under the present appid', async () => {
    const reply = (message: Message) => wechat(answer(message, MERCHANT.appid)).gateway

    expect(await reply(PREPARED).unifiedOrder(attempt)).toEqual(unknown)
    expect(await reply(NOTPAY).orderQuery(OUT_TRADE_NO, former)).toEqual(unknown)
    expect(await reply(ANSWERED).closeOrder(OUT_TRADE_NO, former)).toEqual(unknown)
  })

  it('is named by the answer about its payment, even where another one was asked about', async () => {
    const paid = { ...NOTICE, trade_state: 'SUCCESS' }
    const { gateway, fields } = wechat(answer(paid, 'wx0000000000000000'))
    const id = aTransactionId(NOTICE['transaction_id'] ?? '')

    expect(await gateway.orderQueryByTransaction(id, former)).toMatchObject({
      reply: { kind: 'paid', payment: { appid: 'wx0000000000000000', mchId: MERCHANT.mchId } },
    })
    expect(fields(0)).toMatchObject({ appid: former.appid })
  })
})

describe('an attempt of another merchant number', () => {
  const other = { ...MERCHANT_IDS, mchId: '1900000109' }
  const unasked = { kind: 'unknown', cause: 'other_merchant' }

  it('is not asked about, closed or sent', async () => {
    const { gateway, posted } = wechat([])
    const id = aTransactionId(NOTICE['transaction_id'] ?? '')

    expect(await gateway.unifiedOrder(anAttempt({ terms: other }))).toEqual(unasked)
    expect(await gateway.orderQuery(OUT_TRADE_NO, other)).toEqual(unasked)
    expect(await gateway.closeOrder(OUT_TRADE_NO, other)).toEqual(unasked)
    expect(await gateway.orderQueryByTransaction(id, other)).toMatchObject({ reply: unasked })
    expect(posted).toEqual([])
  })
})

describe('a login', () => {
  it('sends appid, secret, code and grant_type, and returns the openid', async () => {
    const { gateway, logins } = wechat(['{"openid":"o1","session_key":"k"}'])

    expect(await gateway.login('a b')).toEqual({ kind: 'session', openid: 'o1' })
    expect(logins).toEqual([
      {
        path: '/sns/jscode2session',
        query: {
          appid: MERCHANT.appid,
          secret: 'app-secret',
          js_code: 'a b',
          grant_type: 'authorization_code',
        },
      },
    ])
  })

  it('is sent only once, even after an error', async () => {
    const busy = wechat(['{"errcode":-1,"errmsg":"system error"}'])
    expect(await busy.gateway.login('c')).toEqual({ kind: 'busy' })
    expect(busy.logins.length).toBe(1)

    const lost = wechat([NO_ANSWER])
    expect(await lost.gateway.login('c')).toEqual(unknown)
    expect(lost.logins.length).toBe(1)
  })
})

describe('the log', () => {
  const NO_AUTH = ['NO_AUTH', '此商家的收款功能已被限制'] as const
  const refused = (...words: readonly [string, string]): string =>
    xml(signed(changed(ANSWERED, refusal(...words))))
  const about = { out_trade_no: OUT_TRADE_NO }

  it('has the words of every refusal, listed or not, and how the Worker understood it', async () => {
    const pay = wechat([refused(...NO_AUTH), refused('PARAM_ERROR', '参数错误')])
    await pay.gateway.unifiedOrder(anAttempt())
    await pay.gateway.unifiedOrder(anAttempt())
    const { outTradeNo } = anAttempt()
    const call = { event: 'wechat_refused', call: 'unifiedorder', out_trade_no: outTradeNo }
    expect(pay.log).toEqual([
      { ...call, outcome: 'refused_unlisted', err_code: NO_AUTH[0], err_code_des: NO_AUTH[1] },
      { ...call, outcome: 'refused', err_code: 'PARAM_ERROR', err_code_des: '参数错误' },
    ])

    const other = wechat([
      refused('ORDERNOTEXIST', 'order not exist'),
      refused('SYSTEMERROR', '系统超时'),
      refused('ORDERPAID', 'order paid'),
      '{"errcode":40029,"errmsg":"invalid code, rid: 1-2-3"}',
      '{"errcode":-1,"errmsg":"system error"}',
    ])
    await other.gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)
    await other.gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)
    await other.gateway.closeOrder(OUT_TRADE_NO, MERCHANT_IDS)
    await other.gateway.login('c')
    await other.gateway.login('c')
    expect(other.log).toMatchObject([
      { call: 'orderquery', ...about, outcome: 'absent', err_code: 'ORDERNOTEXIST' },
      { call: 'orderquery', ...about, outcome: 'unknown', err_code_des: '系统超时' },
      { call: 'closeorder', ...about, outcome: 'order_paid', err_code: 'ORDERPAID' },
      { call: 'jscode2session', outcome: 'code_invalid', err_code: '40029' },
      { call: 'jscode2session', outcome: 'busy', err_code: '-1', err_code_des: 'system error' },
    ])
    expect(other.log[3]?.['err_code_des']).toBe('invalid code, rid: 1-2-3')
  })

  it('has the first of two refusals, too, when the call is repeated', async () => {
    const { gateway, log } = wechat([BUSY, xml(signed(PREPARED))])

    await gateway.unifiedOrder(anAttempt())

    expect(log).toMatchObject([{ outcome: 'busy', err_code: 'SYSTEMERROR' }])
  })

  it('has the text of a refusal without a signature', async () => {
    const { gateway, log } = wechat([xml({ return_code: 'FAIL', return_msg: '签名错误' })])

    await gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)

    const words = { err_code: 'FAIL', err_code_des: '签名错误' }
    expect(log).toEqual([
      { event: 'wechat_refused', call: 'orderquery', ...about, outcome: 'unsigned', ...words },
    ])
  })

  it('says why an answer has no meaning, without its text', async () => {
    const forged = xml({ ...signed(NOTPAY), sign: '0'.repeat(32) })
    const other = xml(signed({ ...NOTPAY, out_trade_no: 'T20240102030405_0002' }))
    const { gateway, log } = wechat([forged, other, '<html><body>502</body></html>', '{"openid":'])

    for (let times = 0; times < 3; times++) await gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)
    await gateway.login('c')

    const unreadable = { event: 'wechat_unreadable', call: 'orderquery', ...about }
    expect(log).toEqual([
      { ...unreadable, reason: 'bad_signature' },
      { ...unreadable, reason: 'other_order' },
      { ...unreadable, reason: expect.any(String) },
      { event: 'wechat_unreadable', call: 'jscode2session', reason: 'not_json' },
    ])
    expect(JSON.stringify(log)).not.toMatch(/502|NOTPAY/)
  })

  it('has no line about a success', async () => {
    const paid = { ...NOTICE, trade_state: 'SUCCESS' }
    const { gateway, log } = wechat([
      xml(signed(PREPARED)),
      xml(signed(paid)),
      xml(signed(NOTPAY)),
      xml(signed(ANSWERED)),
      '{"openid":"o1","session_key":"k"}',
    ])

    await gateway.unifiedOrder(anAttempt())
    await gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)
    await gateway.orderQuery(OUT_TRADE_NO, MERCHANT_IDS)
    await gateway.closeOrder(OUT_TRADE_NO, MERCHANT_IDS)
    await gateway.login('c')

    expect(log).toEqual([])
  })

  it('has the words of a refused bill', async () => {
    const error = (code: string, text: string): string =>
      xml({ return_code: 'FAIL', error_code: code, return_msg: text })
    const { gateway, log } = wechat([
      error('20002', 'No Bill Exist'),
      error('20007', 'NO AUTH'),
      error('20003', 'system error'),
      '交易时间,公众账号ID',
    ])

    const day = dayOf(T0)
    for (let times = 0; times < 4; times++) await gateway.downloadBill(day)

    const bill = { call: 'downloadbill', day }
    expect(log).toEqual([
      { event: 'wechat_refused', ...bill, outcome: 'empty' },
      {
        event: 'wechat_refused',
        ...bill,
        outcome: 'misconfigured',
        err_code: '20007',
        err_code_des: 'NO AUTH',
      },
      { event: 'wechat_unreadable', ...bill, reason: 'error_code 20003 system error' },
    ])
  })
})
