import { describe, expect, it } from 'vitest'
import { Secret } from '../../../../src/lib/secret.ts'
import { canonicalString, sign, verify } from '../../../../src/wechat/v2/wire/sign.ts'
import {
  API_KEY,
  changed,
  type Message,
  NOTICE,
  signature,
  signed,
} from '../../../../testing/wire/wire.ts'

const key = new Secret(API_KEY)
const fields = (message: Message) => new Map(Object.entries(message))

const ORDER: Message = {
  trade_type: 'JSAPI',
  appid: 'wxd930ea5d5a258f4f',
  mch_id: '10000100',
  nonce_str: '0123456789abcdefghijABCDEFGHIJ00',
  body: '测试商店-图书',
  attach: 'a=1&b=<2>',
  detail: '{"goods_detail":[{"goods_id":"g1","goods_name":"书","quantity":1,"price":100}]}',
  out_trade_no: 'T20240102030405_0001',
  total_fee: '100',
  spbill_create_ip: '203.0.113.7',
  time_start: '20240102030405',
  time_expire: '20240102033405',
  notify_url: 'https://shop.example.com/wxpay/notify',
  openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
}

describe('a signature', () => {
  const EXAMPLE: Message = {
    mch_id: '10000100',
    device_info: '1000',
    appid: 'wxd930ea5d5a258f4f',
    nonce_str: 'ibuaiVcKdpRxkhJA',
    body: 'test',
  }

  it('covers the text that the official example prints', () => {
    expect(canonicalString(fields(EXAMPLE))).toBe(
      'appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100&nonce_str=ibuaiVcKdpRxkhJA',
    )
  })

  it('of the official example is the one on the page, with either algorithm', async () => {
    expect(await sign(fields(EXAMPLE), key, 'MD5')).toBe('9A0A8659F005D6984697E2CA0A9CF3B7')
    expect(await sign(fields(EXAMPLE), key, 'HMAC-SHA256')).toBe(
      '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6',
    )
  })

  it('of the official paySign example is the one on the page', async () => {
    const message = {
      timeStamp: '1490840662',
      appId: 'wxd678efh567hg6787',
      package: 'prepay_id=wx2017033010242291fcfe0db70013231072',
      nonceStr: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
      signType: 'MD5',
    }

    expect(await sign(fields(message), new Secret('qazwsxedcrfvtgbyhnujmikolp111111'), 'MD5')).toBe(
      '22D9B4E54AB1950F51E0649E8810ACD6',
    )
  })

  it('of a unified order covers raw values: ampersands, angle brackets, Chinese (S1)', async () => {
    expect(canonicalString(fields(ORDER))).toBe(
      'appid=wxd930ea5d5a258f4f&attach=a=1&b=<2>&body=测试商店-图书&detail={"goods_detail":[{"goods_id":"g1","goods_name":"书","quantity":1,"price":100}]}&mch_id=10000100&nonce_str=0123456789abcdefghijABCDEFGHIJ00&notify_url=https://shop.example.com/wxpay/notify&openid=oUpF8uMuAJO_M2pxb1Q9zNjWeS6o&out_trade_no=T20240102030405_0001&spbill_create_ip=203.0.113.7&time_expire=20240102033405&time_start=20240102030405&total_fee=100&trade_type=JSAPI',
    )
    expect(await sign(fields(ORDER), key, 'MD5')).toBe('46E19D29F8E15E28E6E7529F559AD3F4')
  })

  it('includes sign_type when it is sent (S2)', async () => {
    const message = { ...ORDER, sign_type: 'HMAC-SHA256' }

    expect(await sign(fields(message), key, 'HMAC-SHA256')).toBe(
      '722FEB82C033CBCE09DB49705CF58C6F00EE4DEB63B8552C2E27969E369B56ED',
    )
  })

  it('of a reply includes return_code, return_msg and result_code (S3)', async () => {
    const message = {
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      nonce_str: 'R1qW2eR3tY4uI5oP',
      result_code: 'SUCCESS',
      prepay_id: 'wx02030405123456abcdef0123456789ab00',
      trade_type: 'JSAPI',
    }

    expect(await sign(fields(message), key, 'MD5')).toBe('5B2D0B9B5F8EF712DC54DB93ABD3379A')
    expect(await sign(fields(message), key, 'HMAC-SHA256')).toBe(
      '9CAC2B636F93235EE1E66B9452FD827DCE61F9BE7C670E0E6D0F16570EB97B68',
    )
  })

  it.each([
    ['S4', 'MD5', '9FB05F753EF3C9A8E3766A3CED3A0F8F'],
    ['S5', 'HMAC-SHA256', '7EC77BE39B8FF7F61FDA6040797734C040DB1B7BE68AD5EFAEDD75426D61457C'],
  ] as const)('of the payment parameters puts appId first (%s)', async (_, signType, expected) => {
    const message = {
      timeStamp: '1704135845',
      nonceStr: 'Zx9cV8bN7mQ6wE5rT4yU3iO2pL1kJ0hG',
      package: 'prepay_id=wx02030405123456abcdef0123456789ab00',
      signType,
      appId: 'wxd930ea5d5a258f4f',
    }

    expect(await sign(fields(message), key, signType)).toBe(expected)
  })

  it('of a refusal includes err_code and err_code_des (S6)', async () => {
    const message = {
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      nonce_str: 'N0nceForOrderPaid',
      result_code: 'FAIL',
      err_code: 'ORDERPAID',
      err_code_des: '该订单已支付',
    }

    expect(await sign(fields(message), key, 'MD5')).toBe('971B203919DD10725AD8252FA42BBCA9')
    expect(await sign(fields(message), key, 'HMAC-SHA256')).toBe(
      '860A493727C099937204B1D3A399F725412C5EFB232FBF5D31E2D97F439269EF',
    )
  })

  it('of a notice leaves the empty device_info out (S7)', async () => {
    expect(await sign(fields(NOTICE), key, 'MD5')).toBe('DB117E503BF5C5EE96FD65E133134EA4')
    expect(await sign(fields(NOTICE), key, 'HMAC-SHA256')).toBe(
      '8F603EE2DDA8A6134851754F65CB65DE8ADFACEE55974254C29BC05523E63D9C',
    )
  })

  it('of a notice includes an unknown element (S8)', async () => {
    const message = { ...NOTICE, future_field_x: '1' }

    expect(await sign(fields(message), key, 'MD5')).toBe('DFEEAF1EB18B25180DDA3BF7C46603D0')
    expect(await sign(fields(message), key, 'HMAC-SHA256')).toBe(
      '982772A5BD58896C15467F38C66935F37FC2BDAA4BBAF19CD83FC9F9BE9E077F',
    )
  })

  it('of a notice includes its sign_type when there is one (S9)', async () => {
    const message = { ...NOTICE, sign_type: 'HMAC-SHA256' }

    expect(await sign(fields(message), key, 'HMAC-SHA256')).toBe(
      '7A02EB361651A4E81271094607F9BAEEB869E0A8B70925F8038659FF3BC33E13',
    )
  })

  it('sorts names by byte, not alphabetically, and keeps a zero (S15)', async () => {
    const message = {
      zero: '0',
      nonce_str: 'n',
      coupon_refund_fee_1_0: '3',
      coupon_refund_fee_10: '2',
      coupon_refund_fee_1: '1',
      a: '1',
      _x: '5',
      B: '4',
      empty: '',
    }

    expect(canonicalString(fields(message))).toBe(
      'B=4&_x=5&a=1&coupon_refund_fee_1=1&coupon_refund_fee_10=2&coupon_refund_fee_1_0=3&nonce_str=n&zero=0',
    )
    expect(await sign(fields(message), key, 'MD5')).toBe('CCB99CE3681305D82852135FF7281726')
    expect(await sign(fields(message), key, 'HMAC-SHA256')).toBe(
      '8CE92EB49FE01BE9CF7E205D207E56543FEF8A9932F99C57F01D14DAFFCBFA57',
    )
  })

  it('does not cover itself', async () => {
    const message = { ...ORDER, sign: 'anything' }

    expect(await sign(fields(message), key, 'MD5')).toBe('46E19D29F8E15E28E6E7529F559AD3F4')
  })

  it('leaves the signed message unchanged', async () => {
    const message = fields(ORDER)
    await sign(message, key, 'MD5')

    expect([...message]).toEqual(Object.entries(ORDER))
  })
})

describe('a signed message', () => {
  const isGenuine = (message: Message, type: 'MD5' | 'HMAC-SHA256' = 'MD5') =>
    verify(fields(message), key, type)

  it('is genuine with the signature of the expected type', async () => {
    expect(await isGenuine(signed(NOTICE))).toBe(true)
    expect(await isGenuine(signed(NOTICE, 'HMAC-SHA256'), 'HMAC-SHA256')).toBe(true)
  })

  it('is not genuine without a signature, or with an empty one', async () => {
    expect(await isGenuine(NOTICE)).toBe(false)
    expect(await isGenuine({ ...NOTICE, sign: '' })).toBe(false)
    expect(await isGenuine(NOTICE, 'HMAC-SHA256')).toBe(false)
    expect(await isGenuine({ ...NOTICE, sign: '' }, 'HMAC-SHA256')).toBe(false)
  })

  it('is not genuine with the right signature in lower case', async () => {
    expect(await isGenuine({ ...NOTICE, sign: signature(NOTICE).toLowerCase() })).toBe(false)
  })

  it('is not genuine with a signature that is too short or too long', async () => {
    const whole = signature(NOTICE)

    expect(await isGenuine({ ...NOTICE, sign: whole.slice(0, -1) })).toBe(false)
    expect(await isGenuine({ ...NOTICE, sign: whole.slice(1) })).toBe(false)
    expect(await isGenuine({ ...NOTICE, sign: `${whole}A` })).toBe(false)
    expect(await isGenuine({ ...NOTICE, sign: ` ${whole}` })).toBe(false)
  })

  it('is not genuine with one character changed, first or last', async () => {
    const whole = signature(NOTICE)
    const other = (character: string) => (character === '0' ? '1' : '0')

    const first = other(whole.slice(0, 1)) + whole.slice(1)
    const last = whole.slice(0, -1) + other(whole.slice(-1))
    expect(await isGenuine({ ...NOTICE, sign: first })).toBe(false)
    expect(await isGenuine({ ...NOTICE, sign: last })).toBe(false)
  })

  it('is not genuine with the signature of the other type, since the sender does not choose', async () => {
    const claims = { ...NOTICE, sign_type: 'MD5' }

    expect(await isGenuine(signed(NOTICE, 'HMAC-SHA256'), 'MD5')).toBe(false)
    expect(await isGenuine(signed(NOTICE, 'MD5'), 'HMAC-SHA256')).toBe(false)
    expect(await isGenuine(signed(claims, 'MD5'), 'HMAC-SHA256')).toBe(false)
  })

  it('is not genuine under another key', async () => {
    const otherKey = 'qazwsxedcrfvtgbyhnujmikolp111111'

    expect(await isGenuine(signed(NOTICE, 'MD5', otherKey))).toBe(false)
    expect(await isGenuine(signed(NOTICE, 'HMAC-SHA256', otherKey), 'HMAC-SHA256')).toBe(false)
  })

  it('is not genuine with an element added, removed or changed', async () => {
    const genuine = signed(NOTICE)

    expect(await isGenuine({ ...genuine, future_field_x: '1' })).toBe(false)
    expect(await isGenuine(changed(genuine, { coupon_fee_1: undefined }))).toBe(false)
    expect(await isGenuine({ ...genuine, total_fee: '1' })).toBe(false)
  })
})
