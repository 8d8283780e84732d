import { describe, expect, it } from 'vitest'
import { toOutTradeNo } from '../../../../src/core/ids.ts'
import { readOrderQueryReply } from '../../../../src/wechat/v2/replies/order-query.ts'
import { authentic, changed, type Changes, NOTICE, refusal } from '../../../../testing/wire/wire.ts'

const OUT_TRADE_NO = 'T20240102030405_0001'

describe('orderquery', () => {
  const read = async (changes: Changes) =>
    readOrderQueryReply(await authentic(changes), { outTradeNo: toOutTradeNo(OUT_TRADE_NO) })
  const PAID = changed(NOTICE, { trade_state: 'SUCCESS', trade_state_desc: '支付成功' })

  it('of a paid order contains the payment', async () => {
    expect(await read(PAID)).toEqual({
      kind: 'paid',
      refunded: false,
      payment: {
        appid: 'wxd930ea5d5a258f4f',
        mchId: '10000100',
        transactionId: '4200000540202401020123456789',
        outTradeNo: OUT_TRADE_NO,
        openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
        tradeType: 'JSAPI',
        feeType: 'CNY',
        totalFee: 100,
        cashFee: 70,
        bankType: 'OTHERS',
        paidAt: Date.UTC(2024, 0, 1, 19, 4, 59) / 1_000,
      },
    })
  })

  it('of a refunded order is paid and refunded', async () => {
    const reply = {
      ...PAID,
      trade_state: 'REFUND',
      trade_state_desc: '订单发生过退款，退款详情请查询退款单',
    }

    expect(await read(reply)).toMatchObject({ kind: 'paid', refunded: true })
  })

  it.each([
    ['NOTPAY', 'unpaid'],
    ['PAYERROR', 'unpaid'],
    ['USERPAYING', 'user_paying'],
    ['ACCEPT', 'user_paying'],
    ['CLOSED', 'closed'],
    ['REVOKED', 'closed'],
    ['SOMETHING_NEW', 'unknown'],
    ['closed', 'unknown'],
    ['', 'unknown'],
    [undefined, 'unknown'],
  ])('with trade_state %s is %s', async (tradeState, kind) => {
    const reply = { out_trade_no: OUT_TRADE_NO, trade_state: tradeState }

    expect(await read(reply)).toMatchObject({ kind })
  })

  it('of an unpaid and of a closed order is read in the form of a real gateway', async () => {
    const unpaid = {
      device_info: '',
      trade_state: 'NOTPAY',
      out_trade_no: OUT_TRADE_NO,
      total_fee: '100',
      trade_state_desc: '订单未支付',
    }
    const closed = {
      out_trade_no: OUT_TRADE_NO,
      attach: '',
      trade_state: 'CLOSED',
      trade_state_desc: '订单已关闭',
    }

    expect(await read(unpaid)).toEqual({ kind: 'unpaid' })
    expect(await read(closed)).toEqual({ kind: 'closed' })
  })

  it.each(['SUCCESS', 'REFUND', 'NOTPAY', 'USERPAYING', 'CLOSED'])(
    'about another number is unknown, with trade_state %s too',
    async (tradeState) => {
      const about = (outTradeNo: string | undefined) =>
        read({ ...PAID, trade_state: tradeState, out_trade_no: outTradeNo })

      expect(await about('T20240102030405_0002')).toMatchObject({ kind: 'unknown' })
      expect(await about(`${OUT_TRADE_NO}*2`)).toMatchObject({ kind: 'unknown' })
      expect(await about(OUT_TRADE_NO.toLowerCase())).toMatchObject({ kind: 'unknown' })
      expect(await about(undefined)).toMatchObject({ kind: 'unknown' })
    },
  )

  it.each([
    ['transaction_id', undefined],
    ['total_fee', '1.00'],
    ['total_fee', undefined],
    ['time_end', ''],
  ])('of a paid order is unknown with %s %s', async (name, value) => {
    expect(await read({ ...PAID, [name]: value })).toMatchObject({ kind: 'unknown' })
    expect(await read({ ...PAID, trade_state: 'REFUND', [name]: value })).toMatchObject({
      kind: 'unknown',
    })
  })

  it('is absent with ORDERNOTEXIST', async () => {
    expect(await read(refusal('ORDERNOTEXIST', 'order not exist'))).toEqual({ kind: 'absent' })
    expect(await read(refusal('ORDERNOTEXIST', '订单不存在'))).toEqual({ kind: 'absent' })
  })

  it.each([
    'SYSTEMERROR',
    'FREQUENCY_LIMITED',
    'SIGNERROR',
    'APPID_NOT_EXIST',
    'MCHID_NOT_EXIST',
    'APPID_MCHID_NOT_MATCH',
    'NOAUTH',
    'INVALID_REQUEST',
    'PARAM_ERROR',
    'LACK_PARAMS',
    'XML_FORMAT_ERROR',
    'REQUIRE_POST_METHOD',
    'POST_DATA_EMPTY',
    'NOT_UTF8',
    'ORDERPAID',
    'ORDERCLOSED',
    'SOMETHING_NEW',
    '',
  ])('with the err_code "%s" is unknown', async (errCode) => {
    expect(await read(refusal(errCode))).toMatchObject({ kind: 'unknown' })
  })

  it('without result_code SUCCESS is unknown', async () => {
    expect(await read({ ...PAID, result_code: undefined })).toMatchObject({ kind: 'unknown' })
    expect(await read({ ...PAID, result_code: 'FAIL' })).toMatchObject({ kind: 'unknown' })
  })
})
