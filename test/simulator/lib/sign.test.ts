import { describe, expect, it } from 'vitest'
import { isSignedBy, sign, signedText } from '../../../simulator/lib/sign.ts'

const DOCS_KEY = '192006250b4c09247ec02edce69f6a2d'

const UNIFIED_ORDER = {
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
  trade_type: 'JSAPI',
  openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
}

const PAY_PARAMS = {
  appId: 'wxd930ea5d5a258f4f',
  nonceStr: 'Zx9cV8bN7mQ6wE5rT4yU3iO2pL1kJ0hG',
  package: 'prepay_id=wx02030405123456abcdef0123456789ab00',
  timeStamp: '1704135845',
}

const NOTICE = {
  appid: 'wxd930ea5d5a258f4f',
  attach: 'a=1&b=<2>',
  bank_type: 'OTHERS',
  cash_fee: '70',
  coupon_count: '2',
  coupon_fee: '30',
  coupon_fee_0: '10',
  coupon_fee_1: '20',
  coupon_id_0: '10000001',
  coupon_id_1: '10000002',
  coupon_type_0: 'CASH',
  coupon_type_1: 'NO_CASH',
  device_info: '',
  fee_type: 'CNY',
  is_subscribe: 'N',
  mch_id: '10000100',
  nonce_str: '1704135900123',
  openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
  out_trade_no: 'T20240102030405_0001',
  result_code: 'SUCCESS',
  return_code: 'SUCCESS',
  settlement_total_fee: '80',
  time_end: '20240102030459',
  total_fee: '100',
  trade_type: 'JSAPI',
  transaction_id: '4200000540202401020123456789',
}

describe("WeChat's signature", () => {
  it("matches the official page's worked example with both algorithms", () => {
    const fields = {
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      device_info: '1000',
      body: 'test',
      nonce_str: 'ibuaiVcKdpRxkhJA',
    }

    expect(signedText(fields)).toBe(
      'appid=wxd930ea5d5a258f4f&body=test&device_info=1000&mch_id=10000100&nonce_str=ibuaiVcKdpRxkhJA',
    )
    expect(sign(fields, DOCS_KEY, 'MD5')).toBe('9A0A8659F005D6984697E2CA0A9CF3B7')
    expect(sign(fields, DOCS_KEY, 'HMAC-SHA256')).toBe(
      '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6',
    )
  })

  it("matches the official page's paySign", () => {
    const fields = {
      appId: 'wxd678efh567hg6787',
      nonceStr: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
      package: 'prepay_id=wx2017033010242291fcfe0db70013231072',
      signType: 'MD5',
      timeStamp: '1490840662',
    }

    expect(sign(fields, 'qazwsxedcrfvtgbyhnujmikolp111111', 'MD5')).toBe(
      '22D9B4E54AB1950F51E0649E8810ACD6',
    )
  })

  it('is right for a unified order without sign_type (S1) and with it (S2)', () => {
    expect(sign(UNIFIED_ORDER, DOCS_KEY, 'MD5')).toBe('46E19D29F8E15E28E6E7529F559AD3F4')
    expect(sign({ ...UNIFIED_ORDER, sign_type: 'HMAC-SHA256' }, DOCS_KEY, 'HMAC-SHA256')).toBe(
      '722FEB82C033CBCE09DB49705CF58C6F00EE4DEB63B8552C2E27969E369B56ED',
    )
  })

  it('is right for the reply of a unified order (S3)', () => {
    const fields = {
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: 'wxd930ea5d5a258f4f',
      mch_id: '10000100',
      nonce_str: 'R1qW2eR3tY4uI5oP',
      result_code: 'SUCCESS',
      prepay_id: 'wx02030405123456abcdef0123456789ab00',
      trade_type: 'JSAPI',
    }

    expect(sign(fields, DOCS_KEY, 'MD5')).toBe('5B2D0B9B5F8EF712DC54DB93ABD3379A')
    expect(sign(fields, DOCS_KEY, 'HMAC-SHA256')).toBe(
      '9CAC2B636F93235EE1E66B9452FD827DCE61F9BE7C670E0E6D0F16570EB97B68',
    )
  })

  it('is right for paySign with both types (S4, S5)', () => {
    expect(sign({ ...PAY_PARAMS, signType: 'MD5' }, DOCS_KEY, 'MD5')).toBe(
      '9FB05F753EF3C9A8E3766A3CED3A0F8F',
    )
    expect(sign({ ...PAY_PARAMS, signType: 'HMAC-SHA256' }, DOCS_KEY, 'HMAC-SHA256')).toBe(
      '7EC77BE39B8FF7F61FDA6040797734C040DB1B7BE68AD5EFAEDD75426D61457C',
    )
  })

  it('is right for a business refusal (S6)', () => {
    const fields = {
      appid: 'wxd930ea5d5a258f4f',
      err_code: 'ORDERPAID',
      err_code_des: '该订单已支付',
      mch_id: '10000100',
      nonce_str: 'N0nceForOrderPaid',
      result_code: 'FAIL',
      return_code: 'SUCCESS',
      return_msg: 'OK',
    }

    expect(sign(fields, DOCS_KEY, 'MD5')).toBe('971B203919DD10725AD8252FA42BBCA9')
    expect(sign(fields, DOCS_KEY, 'HMAC-SHA256')).toBe(
      '860A493727C099937204B1D3A399F725412C5EFB232FBF5D31E2D97F439269EF',
    )
  })

  it('skips empty elements of a notice (S7), and includes unknown ones (S8) and sign_type (S9)', () => {
    expect(sign(NOTICE, DOCS_KEY, 'MD5')).toBe('DB117E503BF5C5EE96FD65E133134EA4')
    expect(sign(NOTICE, DOCS_KEY, 'HMAC-SHA256')).toBe(
      '8F603EE2DDA8A6134851754F65CB65DE8ADFACEE55974254C29BC05523E63D9C',
    )
    expect(sign({ ...NOTICE, future_field_x: '1' }, DOCS_KEY, 'MD5')).toBe(
      'DFEEAF1EB18B25180DDA3BF7C46603D0',
    )
    expect(sign({ ...NOTICE, future_field_x: '1' }, DOCS_KEY, 'HMAC-SHA256')).toBe(
      '982772A5BD58896C15467F38C66935F37FC2BDAA4BBAF19CD83FC9F9BE9E077F',
    )
    expect(sign({ ...NOTICE, sign_type: 'HMAC-SHA256' }, DOCS_KEY, 'HMAC-SHA256')).toBe(
      '7A02EB361651A4E81271094607F9BAEEB869E0A8B70925F8038659FF3BC33E13',
    )
  })

  it('sorts by bytes, not alphabetically (S15)', () => {
    const fields = {
      zero: '0',
      nonce_str: 'n',
      a: '1',
      B: '4',
      _x: '5',
      coupon_refund_fee_1: '1',
      coupon_refund_fee_1_0: '3',
      coupon_refund_fee_10: '2',
    }

    expect(signedText(fields)).toBe(
      'B=4&_x=5&a=1&coupon_refund_fee_1=1&coupon_refund_fee_10=2&coupon_refund_fee_1_0=3&nonce_str=n&zero=0',
    )
    expect(sign(fields, DOCS_KEY, 'MD5')).toBe('CCB99CE3681305D82852135FF7281726')
    expect(sign(fields, DOCS_KEY, 'HMAC-SHA256')).toBe(
      '8CE92EB49FE01BE9CF7E205D207E56543FEF8A9932F99C57F01D14DAFFCBFA57',
    )
  })

  it('is wrong when it is absent, lower case, or made with another key', () => {
    const good = sign(PAY_PARAMS, DOCS_KEY, 'MD5')

    expect(isSignedBy({ ...PAY_PARAMS, sign: good }, DOCS_KEY, 'MD5')).toBe(true)
    expect(isSignedBy(PAY_PARAMS, DOCS_KEY, 'MD5')).toBe(false)
    expect(isSignedBy({ ...PAY_PARAMS, sign: good.toLowerCase() }, DOCS_KEY, 'MD5')).toBe(false)
    expect(isSignedBy({ ...PAY_PARAMS, sign: good }, `${DOCS_KEY}x`, 'MD5')).toBe(false)
    expect(isSignedBy({ ...PAY_PARAMS, sign: good }, DOCS_KEY, 'HMAC-SHA256')).toBe(false)
  })
})
