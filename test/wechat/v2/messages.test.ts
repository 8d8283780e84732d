import { describe, expect, it } from 'vitest'
import { parseXml } from '../../../simulator/lib/xml.ts'
import { toOutTradeNo } from '../../../src/core/ids.ts'
import type { Attempt } from '../../../src/core/order/attempt.ts'
import {
  closeOrderMessage,
  orderQueryMessage,
  type Signing,
  unifiedOrderMessage,
} from '../../../src/wechat/v2/messages.ts'
import { anAttempt } from '../../../testing/samples/order-samples.ts'
import { changed, MERCHANT, type Message, signature } from '../../../testing/wire/wire.ts'

/** Every parameter of the official page that a direct merchant may send. */
const DOCUMENTED = [
  'appid',
  'mch_id',
  'device_info',
  'nonce_str',
  'sign',
  'sign_type',
  'body',
  'detail',
  'attach',
  'out_trade_no',
  'fee_type',
  'total_fee',
  'spbill_create_ip',
  'time_start',
  'time_expire',
  'goods_tag',
  'notify_url',
  'trade_type',
  'product_id',
  'limit_pay',
  'openid',
  'receipt',
  'profit_sharing',
  'scene_info',
  'version',
  'user_type',
  'user_creid',
  'user_truename',
]
const REQUIRED = [
  'appid',
  'mch_id',
  'nonce_str',
  'sign',
  'body',
  'out_trade_no',
  'total_fee',
  'spbill_create_ip',
  'notify_url',
  'trade_type',
  'openid',
]

const signing = (changes: Partial<Signing> = {}): Signing => ({
  merchant: MERCHANT,
  signType: 'MD5',
  nonceStr: '0123456789abcdef0123456789abcdef',
  ...changes,
})

/** The fields of the message as the simulator reads them. */
function fieldsOf(xml: string): Message {
  const parsed = parseXml(xml)
  if (!parsed.ok) throw new Error(`${parsed.why}: ${xml}`)
  return Object.fromEntries(parsed.fields)
}

const order = async (attempt: Attempt, changes: Partial<Signing> = {}): Promise<Message> =>
  fieldsOf(await unifiedOrderMessage(attempt, signing(changes)))

const FULL = anAttempt({
  terms: {
    attach: 'a=1&b=<2>',
    detail: '{"goods_detail":[{"goods_id":"g1","goods_name":"书]]>","quantity":1,"price":100}]}',
    goodsTag: 'WXG',
    limitPay: 'no_credit',
  },
})

describe('the message of unifiedorder', () => {
  it('contains the frozen terms in the format of WeChat', async () => {
    const { sign, ...fields } = await order(FULL)

    expect(sign).toMatch(/^[0-9A-F]{32}$/)
    expect(fields).toEqual({
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      nonce_str: '0123456789abcdef0123456789abcdef',
      sign_type: 'MD5',
      body: '测试商店-图书',
      detail: '{"goods_detail":[{"goods_id":"g1","goods_name":"书]]>","quantity":1,"price":100}]}',
      attach: 'a=1&b=<2>',
      out_trade_no: 'T20240102030405_0001',
      fee_type: 'CNY',
      total_fee: '100',
      spbill_create_ip: '203.0.113.7',
      time_start: '20240102030405',
      time_expire: '20240102050405',
      goods_tag: 'WXG',
      notify_url: 'https://pay.test/notify',
      trade_type: 'JSAPI',
      limit_pay: 'no_credit',
      openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
    })
  })

  it('contains only documented, non-empty elements, and all required ones', async () => {
    const bare = anAttempt({ terms: { attach: '', detail: undefined } })

    for (const message of [await order(FULL), await order(bare)]) {
      expect(Object.keys(message).filter((name) => !DOCUMENTED.includes(name))).toEqual([])
      expect(Object.keys(message).filter((name) => message[name] === '')).toEqual([])
      expect(REQUIRED.filter((name) => message[name] === undefined)).toEqual([])
    }
  })

  it('leaves out what the shop did not state', async () => {
    const names = Object.keys(await order(anAttempt()))

    expect(names).not.toContain('attach')
    expect(names).not.toContain('detail')
    expect(names).not.toContain('goods_tag')
    expect(names).not.toContain('limit_pay')
  })

  it.each(['MD5', 'HMAC-SHA256'] as const)('is signed with %s over raw values', async (type) => {
    const message = await order(FULL, { signType: type })

    expect(message).toMatchObject({ sign_type: type, sign: signature(message, type) })
  })

  it('is always the same except for nonce_str and sign', async () => {
    const later = anAttempt({
      terms: FULL.terms,
      sentAt: FULL.sentAt,
      state: 'closing',
      prepayId: 'wx1',
      codeHash: 'other',
    })
    const first = await order(FULL)
    const second = await order(later, { nonceStr: 'fedcba9876543210fedcba9876543210' })

    const withoutNonce = { nonce_str: undefined, sign: undefined }
    expect(changed(second, withoutNonce)).toEqual(changed(first, withoutNonce))
    expect(second).toMatchObject({ nonce_str: 'fedcba9876543210fedcba9876543210' })
    expect(second['sign']).not.toBe(first['sign'])
  })

  it('is byte for byte the same with the same nonce', async () => {
    expect(await unifiedOrderMessage(FULL, signing())).toBe(
      await unifiedOrderMessage(FULL, signing()),
    )
  })

  it('contains the appid and mch_id of the attempt, not the current ones', async () => {
    const merchant = { ...MERCHANT, appid: 'wx0000000000000000', mchId: '10000101' }

    expect(await order(FULL, { merchant })).toMatchObject({
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
    })
  })
})

describe('the messages of orderquery and closeorder', () => {
  const OUT_TRADE_NO = toOutTradeNo('T20240102030405_0001*2')

  it.each(['MD5', 'HMAC-SHA256'] as const)(
    'contain only the number of the order, signed with %s',
    async (type) => {
      const messages = [
        await orderQueryMessage({ outTradeNo: OUT_TRADE_NO }, signing({ signType: type })),
        await closeOrderMessage(OUT_TRADE_NO, signing({ signType: type })),
      ]

      for (const message of messages.map(fieldsOf)) {
        expect(message).toEqual({
          appid: 'wxd930ea5d5a258f4f',
          mch_id: '10000100',
          out_trade_no: 'T20240102030405_0001*2',
          nonce_str: '0123456789abcdef0123456789abcdef',
          sign_type: type,
          sign: signature(message, type),
        })
      }
    },
  )
})
