/** Refunds and bills from the port down to the bytes: only the network is simulated. */
import { describe, expect, it } from 'vitest'
import { formatXml, parseXml } from '../../../simulator/lib/xml.ts'
import { parseDay } from '../../../src/core/day.ts'
import { toOutRefundNo } from '../../../src/core/order/refund.ts'
import { Secret } from '../../../src/lib/secret.ts'
import type { LogEntry } from '../../../src/ports/deps.ts'
import { type GatewayOptions, wechatGateway } from '../../../src/wechat/v2/gateway.ts'
import { MERCHANT_IDS, PAYMENT } from '../../../testing/samples/order-samples.ts'
import { aRefund, R1 } from '../../../testing/samples/refund-samples.ts'
import {
  answer,
  type Answer,
  BACKUP,
  network,
  PRIMARY,
  reset,
} from '../../../testing/wire/network.ts'
import {
  ANSWERED,
  changed,
  type Changes,
  MERCHANT,
  type Message,
  refusal,
  signature,
  signed,
} from '../../../testing/wire/wire.ts'

type Sent = Readonly<{ url: string; body: string }>

/** @param usual Replies without the certificate. @param certified Replies with it. */
function wechat(
  { usual = [], certified = [] }: { usual?: readonly Answer[]; certified?: readonly Answer[] },
  options: Partial<GatewayOptions> = {},
) {
  const secret: Sent[] = []
  const queue = [...certified]
  const open = network(usual, {
    async certificateFetch(request) {
      secret.push({ url: request.url, body: await request.clone().text() })
      const next = queue.shift()
      if (next === undefined) throw new Error(`one request too many: ${request.url}`)
      return next(request)
    },
  })
  const pauses: number[] = []
  const log: LogEntry[] = []
  let drawn = 0
  const gateway = wechatGateway({
    onKey: () => {},
    transport: open.transport,
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
  return { gateway, secret, open: open.sent, pauses, log }
}

const fieldsOf = (xml: string | undefined): Message => {
  const parsed = parseXml(xml ?? '')
  return parsed.ok ? Object.fromEntries(parsed.fields) : {}
}
const says = (message: Message): Answer => answer(formatXml(message))
const signedAnswer = (changes: Changes): Answer => says(signed(changed(ANSWERED, changes)))
const refuses = (errCode: string, errCodeDes = ''): Answer =>
  signedAnswer(refusal(errCode, errCodeDes))
const unsigned = (returnMsg: string): Answer => says({ return_code: 'FAIL', return_msg: returnMsg })

const REFUND = aRefund()
const NUMBER = toOutRefundNo(R1)
const TAKEN: Changes = {
  transaction_id: PAYMENT.transactionId,
  out_trade_no: PAYMENT.outTradeNo,
  out_refund_no: R1,
  refund_id: '50000405502018022503594217469',
  refund_fee: '30',
  total_fee: '100',
  cash_fee: '100',
}
const KNOWN: Changes = {
  transaction_id: PAYMENT.transactionId,
  out_trade_no: PAYMENT.outTradeNo,
  total_fee: '100',
  refund_count: '1',
  out_refund_no_0: R1,
  refund_id_0: '50000405502018022503594217469',
  refund_fee_0: '30',
  refund_status_0: 'PROCESSING',
}
const ACCEPTED = signedAnswer(TAKEN)
const NO_CERTIFICATE = answer(
  '<html><head><title>400 No required SSL certificate was sent</title></head></html>',
  400,
  { 'content-type': 'text/html' },
)
const unknown = expect.objectContaining({ kind: 'unknown' })
/** The sender may repeat its message. */
const always = () => true

describe('a refund', () => {
  it('is posted once, with the certificate, and accepted', async () => {
    const { gateway, secret, open } = wechat({ certified: [ACCEPTED] })

    expect(await gateway.refund(REFUND, always)).toMatchObject({
      kind: 'accepted',
      record: { outRefundNo: R1, refundFee: 30, status: 'processing' },
    })
    expect(secret.map(({ url }) => url)).toEqual([`${PRIMARY}/secapi/pay/refund`])
    expect(open).toEqual([])
    const fields = fieldsOf(secret[0]?.body)
    expect(fields).toMatchObject({ out_refund_no: R1, nonce_str: '01'.repeat(16) })
    expect(fields['sign']).toBe(signature(fields))
  })

  it.each(['SYSTEMERROR', 'BIZERR_NEED_RETRY'])(
    'is sent again once, byte for byte, after %s',
    async (errCode) => {
      const { gateway, secret, pauses } = wechat({ certified: [refuses(errCode), ACCEPTED] })

      expect(await gateway.refund(REFUND, always)).toMatchObject({ kind: 'accepted' })
      expect(secret.length).toBe(2)
      expect(secret[1]).toEqual(secret[0])
      expect(pauses.length).toBe(1)
    },
  )

  it.each([
    ['SYSTEMERROR', refuses('SYSTEMERROR')],
    ['no answer', reset],
  ])('is not sent again after %s when the sender may not', async (_, first) => {
    const { gateway, secret } = wechat({ certified: [first] })

    expect(await gateway.refund(REFUND, () => false)).toEqual(unknown)
    expect(secret.length).toBe(1)
  })

  it('is not sent a third time, and is then unknown', async () => {
    const busy = refuses('SYSTEMERROR')
    const { gateway, secret } = wechat({ certified: [busy, busy] })

    expect(await gateway.refund(REFUND, always)).toEqual(unknown)
    expect(secret.length).toBe(2)
  })

  it('has the outcome of its second answer when WeChat was busy first', async () => {
    const then = (second: Answer) => wechat({ certified: [refuses('SYSTEMERROR'), second] })

    expect(await then(refuses('NOTENOUGH')).gateway.refund(REFUND, always)).toMatchObject({
      kind: 'waiting',
    })
    expect(await then(refuses('TRADE_OVERDUE')).gateway.refund(REFUND, always)).toMatchObject({
      kind: 'refused',
    })
    expect(await then(answer('', 502)).gateway.refund(REFUND, always)).toEqual(unknown)
  })

  it.each(['NOTENOUGH', 'TRADE_OVERDUE', 'FREQUENCY_LIMITED', 'SIGNERROR', 'SOMETHING_NEW'])(
    'is not sent again after %s',
    async (errCode) => {
      const { gateway, secret } = wechat({ certified: [refuses(errCode)] })

      await gateway.refund(REFUND, always)

      expect(secret.length).toBe(1)
    },
  )

  it('goes to the backup, byte for byte, when the first answer was lost', async () => {
    const { gateway, secret } = wechat({ certified: [reset, ACCEPTED] })

    expect(await gateway.refund(REFUND, always)).toMatchObject({ kind: 'accepted' })
    expect(secret.map(({ url }) => new URL(url).origin)).toEqual([PRIMARY, BACKUP])
    expect(secret[1]?.body).toBe(secret[0]?.body)
  })

  it('is misconfigured when WeChat saw no certificate (HTTP 400 and an HTML page)', async () => {
    const { gateway, secret } = wechat({ certified: [NO_CERTIFICATE] })

    expect(await gateway.refund(REFUND, always)).toMatchObject({ kind: 'misconfigured' })
    expect(secret.length).toBe(1)
  })

  it('is misconfigured when the certificate is wrong', async () => {
    const wrong = answer('<html><title>400 The SSL certificate error</title></html>', 400)

    expect(await wechat({ certified: [wrong] }).gateway.refund(REFUND, always)).toMatchObject({
      kind: 'misconfigured',
    })
  })

  it('is not refused by an HTTP 400, even with a signed refusal in its body', async () => {
    const disguised = answer(formatXml(signed(changed(ANSWERED, refusal('TRADE_OVERDUE')))), 400)

    expect(await wechat({ certified: [disguised] }).gateway.refund(REFUND, always)).toMatchObject({
      kind: 'misconfigured',
    })
  })

  it.each([
    '订单已全额退款',
    '订单不存在',
    '累计退款金额大于支付金额',
    '请求中含有未在API文档中定义的参数',
    'refund_fee参数长度有误',
    'REFUND_FEE_INVALID',
    '',
  ])('is never refused by an unsigned FAIL: %j', async (returnMsg) => {
    const reply = await wechat({ certified: [unsigned(returnMsg)] }).gateway.refund(REFUND, always)

    expect(['waiting', 'unknown']).toContain(reply.kind)
  })

  it.each(['签名错误', '商户号mch_id与appid不匹配'])(
    'is misconfigured with the return_msg "%s"',
    async (returnMsg) => {
      const { gateway, secret } = wechat({ certified: [unsigned(returnMsg)] })

      expect(await gateway.refund(REFUND, always)).toMatchObject({ kind: 'misconfigured' })
      expect(secret.length).toBe(1)
    },
  )

  it('is not refused by an unsigned FAIL that contains a refusal', async () => {
    const disguised = says({ ...refusal('TRADE_OVERDUE'), return_code: 'FAIL' } as Message)

    expect((await wechat({ certified: [disguised] }).gateway.refund(REFUND, always)).kind).not.toBe(
      'refused',
    )
  })

  it('is unknown when its refusal or its acceptance has a wrong signature', async () => {
    for (const changes of [refusal('TRADE_OVERDUE'), TAKEN]) {
      const message = changed(ANSWERED, changes)
      const forged: Message[] = [
        { ...message, sign: '0'.repeat(32) },
        message,
        signed(message, 'MD5', 'k'.repeat(32)),
        signed(message, 'HMAC-SHA256'),
        signed({ ...message, mch_id: '10000101' }),
        signed({ ...message, appid: 'wx0000000000000000' }),
      ]
      for (const each of forged) {
        expect(await wechat({ certified: [says(each)] }).gateway.refund(REFUND, always)).toEqual(
          unknown,
        )
      }
    }
  })

  it.each([
    ['an HTML page', answer('<html>502</html>')],
    ['empty', answer('')],
    ['another status', answer('busy', 503)],
    ['too long', answer('x'.repeat(70_000))],
  ])('is unknown when the answer is %s', async (_, reply) => {
    expect(await wechat({ certified: [reply] }).gateway.refund(REFUND, always)).toEqual(unknown)
  })

  it('is unknown when there is no answer', async () => {
    const { gateway, secret } = wechat({ certified: [reset, reset] })

    expect(await gateway.refund(REFUND, always)).toEqual(unknown)
    expect(secret.length).toBe(2)
  })

  it('is signed with the configured type and accepts no other', async () => {
    const options = { signType: 'HMAC-SHA256' } as const
    const message = signed(changed(ANSWERED, TAKEN), 'HMAC-SHA256')
    const good = wechat({ certified: [says(message)] }, options)

    expect(await good.gateway.refund(REFUND, always)).toMatchObject({ kind: 'accepted' })
    const fields = fieldsOf(good.secret[0]?.body)
    expect(fields['sign']).toBe(signature(fields, 'HMAC-SHA256'))
    expect(await wechat({ certified: [ACCEPTED] }, options).gateway.refund(REFUND, always)).toEqual(
      unknown,
    )
  })
})

describe('without a certificate, a refund', () => {
  it('is not sent, and is misconfigured', async () => {
    const { transport, sent } = network([])
    const log: LogEntry[] = []
    const gateway = wechatGateway({
      onKey: () => {},
      transport,
      timers: { after: () => () => {} },
      randomBytes: (count) => new Uint8Array(count),
      merchant: MERCHANT,
      appSecret: new Secret('app-secret'),
      signType: 'MD5',
      log: (entry) => void log.push(entry),
    })

    expect(await gateway.refund(REFUND, always)).toMatchObject({ kind: 'misconfigured' })
    expect(sent).toEqual([])
  })
})

describe('a refund of a payment under a former appid', () => {
  const former = { ...MERCHANT_IDS, appid: 'wx2421b1c4370ec43b' }
  const refund = aRefund(former)

  it('is sent and queried under this appid, and only replies with it count', async () => {
    const { appid } = former
    const { gateway, secret, open } = wechat({
      certified: [signedAnswer({ ...TAKEN, appid }), ACCEPTED],
      usual: [signedAnswer({ ...KNOWN, appid }), signedAnswer(KNOWN), signedAnswer(KNOWN)],
    })

    expect(await gateway.refund(refund, always)).toMatchObject({ kind: 'accepted' })
    expect(await gateway.refund(refund, always)).toEqual({
      kind: 'unknown',
      cause: 'wrong_merchant',
    })
    expect(await gateway.refundQuery(NUMBER, refund)).toMatchObject({ kind: 'found' })
    expect(await gateway.refundQuery(NUMBER, refund)).toMatchObject({ kind: 'unknown' })
    expect(await gateway.refundsOf(PAYMENT.transactionId, 0, refund)).toMatchObject({
      kind: 'unknown',
    })
    for (const { body } of [...secret, ...open]) {
      expect(fieldsOf(body)).toMatchObject({ appid, mch_id: MERCHANT.mchId })
    }
  })
})

describe('a refund of a payment at another merchant number', () => {
  const other = { ...MERCHANT_IDS, mchId: '1900000109' }
  const unasked = { kind: 'unknown', cause: 'other_merchant' }

  it('is neither sent nor asked about', async () => {
    const { gateway, secret, open } = wechat({})

    expect(await gateway.refund(aRefund(other), always)).toEqual(unasked)
    expect(await gateway.refundQuery(NUMBER, other)).toEqual(unasked)
    expect(await gateway.refundsOf(PAYMENT.transactionId, 0, other)).toEqual(unasked)
    expect([...secret, ...open]).toEqual([])
  })
})

describe('a refund query', () => {
  const queries = {
    'about one': (gateway: ReturnType<typeof wechat>['gateway']) =>
      gateway.refundQuery(NUMBER, MERCHANT_IDS),
    'about all of a payment': (gateway: ReturnType<typeof wechat>['gateway']) =>
      gateway.refundsOf(PAYMENT.transactionId, 20, MERCHANT_IDS),
  }

  it.each(Object.entries(queries))('%s needs no certificate, and is signed', async (_, query) => {
    const { gateway, secret, open } = wechat({ usual: [signedAnswer(KNOWN)] })

    expect(await query(gateway)).toMatchObject({
      kind: 'found',
      records: [{ outRefundNo: R1, status: 'processing' }],
    })
    expect(secret).toEqual([])
    expect(open.map(({ url }) => url)).toEqual([`${PRIMARY}/pay/refundquery`])
    const fields = fieldsOf(open[0]?.body)
    expect(fields['sign']).toBe(signature(fields))
  })

  it('names the refund or the payment', async () => {
    const { gateway, open } = wechat({ usual: [signedAnswer(KNOWN), signedAnswer(KNOWN)] })
    await gateway.refundQuery(NUMBER, MERCHANT_IDS)
    await gateway.refundsOf(PAYMENT.transactionId, 20, MERCHANT_IDS)

    const [one, all] = open.map(({ body }) => fieldsOf(body))
    expect(one).toMatchObject({ out_refund_no: R1, nonce_str: '01'.repeat(16) })
    expect(one).not.toHaveProperty('transaction_id')
    expect(all).toMatchObject({
      transaction_id: PAYMENT.transactionId,
      offset: '20',
      nonce_str: '02'.repeat(16),
    })
  })

  it.each(Object.entries(queries))(
    '%s reports that there is no refund only after a signed answer',
    async (_, query) => {
      const none = refusal('REFUNDNOTEXIST')
      const message = changed(ANSWERED, none)

      expect(await query(wechat({ usual: [says(signed(message))] }).gateway)).toEqual({
        kind: 'absent',
      })
      for (const reply of [
        says({ ...message, return_code: 'FAIL' }),
        says(message),
        says({ ...message, sign: '0'.repeat(32) }),
        says(signed(message, 'MD5', 'k'.repeat(32))),
        says(signed({ ...message, mch_id: '10000101' })),
        unsigned('REFUNDNOTEXIST'),
        unsigned('签名错误'),
        answer('', 400),
        answer('', 404),
        answer('<html></html>'),
      ]) {
        expect(await query(wechat({ usual: [reply] }).gateway)).toEqual(unknown)
      }
      expect(await query(wechat({ usual: [reset, reset] }).gateway)).toEqual(unknown)
    },
  )
})

describe('the download of a bill', () => {
  const DAY = parseDay('2026-11-22') ?? expect.fail('a day')
  const error = (errorCode: string, message: string): Answer =>
    says({ return_code: 'FAIL', return_msg: message, error_code: errorCode })

  it('needs no certificate, is signed, and returns the bytes unchanged', async () => {
    const { gateway, open, secret } = wechat({ usual: [answer('\uFEFF交易时间\r\n')] })

    const reply = await gateway.downloadBill(DAY)
    const bytes = reply.kind === 'bill' ? Buffer.concat(reply.bytes) : undefined
    expect(bytes?.toString('utf8')).toBe('\uFEFF交易时间\r\n')
    expect(secret).toEqual([])
    expect(open.map(({ url }) => url)).toEqual([`${PRIMARY}/pay/downloadbill`])
    const fields = fieldsOf(open[0]?.body)
    expect(fields).toMatchObject({ bill_date: '20261122', bill_type: 'ALL' })
    expect(fields['sign']).toBe(signature(fields))
  })

  it('distinguishes an empty day, a bill that is not ready, and errors', async () => {
    const kindOf = async (reply: Answer) =>
      (await wechat({ usual: [reply] }).gateway.downloadBill(DAY)).kind

    expect(await kindOf(error('20002', 'No Bill Exist'))).toBe('empty')
    expect(await kindOf(error('20002', 'Bill Creating'))).toBe('not_ready')
    expect(await kindOf(error('20001', 'sign error'))).toBe('misconfigured')
    expect(await kindOf(error('20001', 'invalid bill_date'))).toBe('refused')
    expect(await kindOf(error('20003', 'SYSTEMERROR'))).toBe('unknown')
    expect(await kindOf(answer('No Bill Exist', 404))).toBe('unknown')
    expect(await kindOf(answer(''))).toBe('unknown')
  })

  it('goes to the backup once when no answer comes, byte for byte', async () => {
    const { gateway, open } = wechat({ usual: [reset, answer('`1')] })

    expect(await gateway.downloadBill(DAY)).toMatchObject({ kind: 'bill' })
    expect(open.map(({ url }) => new URL(url).origin)).toEqual([PRIMARY, BACKUP])
    expect(open[1]?.body).toBe(open[0]?.body)
    expect(await wechat({ usual: [reset, reset] }).gateway.downloadBill(DAY)).toEqual(unknown)
  })
})

describe('the log', () => {
  it("has WeChat's words when a refund or a query about one is refused", async () => {
    const refused = (code: string, text: string): Answer =>
      says(signed(changed(ANSWERED, refusal(code, text))))
    const { gateway, log } = wechat({
      certified: [refused('NOTENOUGH', '基本账户余额不足，请充值后重新发起')],
      usual: [refused('REFUNDNOTEXIST', '退款订单不存在'), refused('SYSTEMERROR', '系统超时')],
    })

    await gateway.refund(REFUND, always)
    await gateway.refundQuery(REFUND.outRefundNo, MERCHANT_IDS)
    await gateway.refundsOf(REFUND.transactionId, 0, MERCHANT_IDS)

    const number = { out_refund_no: REFUND.outRefundNo }
    expect(log).toEqual([
      {
        event: 'wechat_refused',
        call: 'refund',
        ...number,
        outcome: 'waiting',
        err_code: 'NOTENOUGH',
        err_code_des: '基本账户余额不足，请充值后重新发起',
      },
      {
        event: 'wechat_refused',
        call: 'refundquery',
        ...number,
        outcome: 'absent',
        err_code: 'REFUNDNOTEXIST',
        err_code_des: '退款订单不存在',
      },
      {
        event: 'wechat_refused',
        call: 'refundquery',
        transaction_id: REFUND.transactionId,
        outcome: 'unknown',
        err_code: 'SYSTEMERROR',
        err_code_des: '系统超时',
      },
    ])
  })
})
