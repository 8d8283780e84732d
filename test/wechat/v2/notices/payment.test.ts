import { describe, expect, it } from 'vitest'
import { readPaymentNotice } from '../../../../src/wechat/v2/notices/payment.ts'
import { NOTICE_REPLY } from '../../../../src/wechat/v2/notices/readers.ts'
import {
  changed,
  type Changes,
  MERCHANT,
  type Message,
  NOTICE,
  signature,
  signed,
  utf8,
  wire,
} from '../../../../testing/wire/wire.ts'

type Type = 'MD5' | 'HMAC-SHA256'

const read = (message: Message, type: Type = 'MD5') =>
  readPaymentNotice(wire(message), MERCHANT, type)
/** Reads the sample notice with these changes and a valid signature. */
const readChanged = (changes: Changes) => read(signed(changed(NOTICE, changes)))
const refused = (error: Record<string, string>) => ({ ok: false, error })

/** 2024-01-02 03:04:59 in Beijing. */
const PAID_AT = Date.UTC(2024, 0, 1, 19, 4, 59) / 1_000
const PAYMENT = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  transactionId: '4200000540202401020123456789',
  outTradeNo: 'T20240102030405_0001',
  openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
  tradeType: 'JSAPI',
  feeType: 'CNY',
  totalFee: 100,
  cashFee: 70,
  bankType: 'OTHERS',
  paidAt: PAID_AT,
}

const GENUINE = { ok: true, value: { payment: PAYMENT, isUnderOldKey: false } }

describe('a payment notice', () => {
  it('is read as a payment with its full amount, coupons included', async () => {
    expect(await read(signed(NOTICE))).toEqual(GENUINE)
  })

  it('has the signature of the reference', () => {
    expect(signature(NOTICE)).toBe('DB117E503BF5C5EE96FD65E133134EA4')
    expect(signature(NOTICE, 'HMAC-SHA256')).toBe(
      '8F603EE2DDA8A6134851754F65CB65DE8ADFACEE55974254C29BC05523E63D9C',
    )
  })

  it('of an HMAC-SHA256 merchant is accepted with and without sign_type', async () => {
    const announced = { ...NOTICE, sign_type: 'HMAC-SHA256' }

    expect(await read(signed(NOTICE, 'HMAC-SHA256'), 'HMAC-SHA256')).toMatchObject({ ok: true })
    expect(await read(signed(announced, 'HMAC-SHA256'), 'HMAC-SHA256')).toMatchObject({ ok: true })
  })

  it('may have sign_type MD5, which is signed too', async () => {
    expect(await readChanged({ sign_type: 'MD5' })).toEqual(GENUINE)
    expect(await read({ ...signed(NOTICE), sign_type: 'MD5' })).toEqual(
      refused({ reason: 'bad_signature' }),
    )
  })

  it('may contain unknown elements, which are signed too', async () => {
    expect(await readChanged({ future_field_x: '1' })).toEqual(GENUINE)
    const tampered = { ...signed({ ...NOTICE, future_field_x: '1' }), future_field_x: '2' }
    expect(await read(tampered)).toEqual(refused({ reason: 'bad_signature' }))
  })

  it('is read in the form of a real gateway, with plain text and CDATA mixed', async () => {
    const { total_fee: fee = '', ...rest } = signed(NOTICE)
    const elements = Object.entries(rest).map(([name, value]) =>
      value === '' ? `<${name}/>` : `<${name}><![CDATA[${value}]]></${name}>`,
    )
    const text = `<xml>${elements.join('\n')}\n<total_fee>${fee}</total_fee>\n</xml>\n`

    expect(await readPaymentNotice(utf8(text), MERCHANT, 'MD5')).toMatchObject({ ok: true })
  })

  it.each([
    ['no signature', changed(signed(NOTICE), { sign: undefined })],
    ['an empty signature', { ...NOTICE, sign: '' }],
    ['a wrong signature', { ...NOTICE, sign: '0'.repeat(32) }],
    ['a signature in lower case', { ...NOTICE, sign: signature(NOTICE).toLowerCase() }],
    ['a signature cut short', { ...NOTICE, sign: signature(NOTICE).slice(0, 31) }],
    ['the signature of another key', signed(NOTICE, 'MD5', 'k'.repeat(32))],
    ['the signature of another notice', { ...NOTICE, sign: signature({ ...NOTICE, attach: '' }) }],
    ['another amount under a good signature', { ...signed(NOTICE), total_fee: '1' }],
    ['another number under a good signature', { ...signed(NOTICE), out_trade_no: 'T2' }],
    ['HMAC-SHA256 where MD5 is configured', signed(NOTICE, 'HMAC-SHA256')],
    [
      'HMAC-SHA256 and the matching sign_type',
      signed({ ...NOTICE, sign_type: 'HMAC-SHA256' }, 'HMAC-SHA256'),
    ],
  ])('with %s is refused', async (_, message) => {
    expect(await read(message)).toEqual(refused({ reason: 'bad_signature' }))
  })

  it('signed with MD5 is refused when HMAC-SHA256 is configured', async () => {
    const claims = signed({ ...NOTICE, sign_type: 'MD5' })

    expect(await read(signed(NOTICE), 'HMAC-SHA256')).toEqual(refused({ reason: 'bad_signature' }))
    expect(await read(claims, 'HMAC-SHA256')).toEqual(refused({ reason: 'bad_signature' }))
  })

  it('that is an unsigned FAIL is refused', async () => {
    expect(await read({ return_code: 'FAIL', return_msg: 'x' })).toEqual(
      refused({ reason: 'return_fail', returnMsg: 'x' }),
    )
  })

  it('for another merchant is refused', async () => {
    expect(await readChanged({ mch_id: '10000101' })).toEqual(refused({ reason: 'wrong_merchant' }))
    expect(await readChanged({ mch_id: undefined })).toEqual(refused({ reason: 'wrong_merchant' }))
  })

  it('names the mini program, which is compared with that of the attempt', async () => {
    const former = { appid: 'wx2421b1c4370ec43b' }

    expect(await readChanged(former)).toMatchObject({ ok: true, value: { payment: former } })
    expect(await readChanged({ appid: undefined })).toMatchObject({
      ok: true,
      value: { payment: { appid: '' } },
    })
  })

  it.each(['FAIL', '', 'success', undefined])(
    'with result_code %s is not a success',
    async (resultCode) => {
      expect(await readChanged({ result_code: resultCode })).toEqual(
        refused({ reason: 'not_a_success' }),
      )
    },
  )

  it('with a trade_state other than SUCCESS is not a success', async () => {
    expect(await readChanged({ trade_state: 'PAYERROR' })).toEqual(
      refused({ reason: 'not_a_success' }),
    )
    expect(await readChanged({ trade_state: 'SUCCESS' })).toEqual(GENUINE)
  })

  it.each([undefined, '', ' ', '4200000540 202401020123456789', 'x'.repeat(33), '支付'])(
    'with transaction_id %s is refused',
    async (transactionId) => {
      expect(await readChanged({ transaction_id: transactionId })).toEqual(
        refused({ reason: 'bad_field', field: 'transaction_id' }),
      )
    },
  )

  it.each([
    '1.00',
    '0100',
    ' 1',
    '1 ',
    '1e3',
    '-1',
    '+1',
    '',
    '0x10',
    '1,000',
    '１００',
    '1_000',
    'NaN',
    'Infinity',
    '99999999999999999999',
    undefined,
  ])('with total_fee %s is refused', async (totalFee) => {
    expect(await readChanged({ total_fee: totalFee })).toEqual(
      refused({ reason: 'bad_field', field: 'total_fee' }),
    )
  })

  it.each([
    '',
    '2024-01-02 03:04:59',
    '20240230030459',
    '20241301030459',
    '20240102240000',
    '20240102030460',
    '2024010203045',
    '202401020304590',
    ' 0240102030459',
    '1704135899',
    undefined,
  ])('with time_end %s is refused', async (timeEnd) => {
    expect(await readChanged({ time_end: timeEnd })).toEqual(
      refused({ reason: 'bad_field', field: 'time_end' }),
    )
  })

  it('without out_trade_no is refused', async () => {
    expect(await readChanged({ out_trade_no: undefined })).toEqual(
      refused({ reason: 'bad_field', field: 'out_trade_no' }),
    )
  })

  it('without a fee_type is in CNY, and another fee_type is kept for the comparison', async () => {
    expect(await readChanged({ fee_type: undefined })).toEqual(GENUINE)
    expect(await readChanged({ fee_type: '' })).toEqual(GENUINE)
    expect(await readChanged({ fee_type: 'USD' })).toMatchObject({
      value: { payment: { feeType: 'USD' } },
    })
  })

  it('is read with the order amount, not the settlement amount or the cash of the payer', async () => {
    const message = { total_fee: '8800', cash_fee: '1', settlement_total_fee: '8000' }

    expect(await readChanged(message)).toMatchObject({
      value: { payment: { totalFee: 8_800, cashFee: 1 } },
    })
  })

  it('without openid is read with an empty openid, which matches no payer', async () => {
    expect(await readChanged({ openid: undefined })).toMatchObject({
      value: { payment: { openid: '' } },
    })
  })

  it('that is hostile XML is refused as unreadable', async () => {
    const text = `<!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><sign>&x;</sign></xml>`

    expect(await readPaymentNotice(utf8(text), MERCHANT, 'MD5')).toMatchObject(
      refused({ reason: 'unreadable' }),
    )
    expect(await readPaymentNotice(new Uint8Array(), MERCHANT, 'MD5')).toMatchObject(
      refused({ reason: 'unreadable' }),
    )
  })
})

describe('the answer to a notice', () => {
  it('that was accepted is the exact text of the official page', () => {
    expect(NOTICE_REPLY.accepted).toBe(
      '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>',
    )
  })

  it('that was refused is FAIL in the same form', () => {
    expect(NOTICE_REPLY.refused).toMatch(
      /^<xml><return_code><!\[CDATA\[FAIL\]\]><\/return_code><return_msg><!\[CDATA\[\w+\]\]><\/return_msg><\/xml>$/,
    )
  })
})
