import { describe, expect, it } from 'vitest'
import { readRefundReply } from '../../../../src/wechat/v2/replies/refund.ts'
import { PAYMENT } from '../../../../testing/samples/order-samples.ts'
import { aRefund, R1, R2 } from '../../../../testing/samples/refund-samples.ts'
import { authentic, type Changes, refusal } from '../../../../testing/wire/wire.ts'

const REFUND = aRefund()

/** WeChat's answer to the refund, with every element of the official page. */
const ACCEPTED: Changes = {
  transaction_id: PAYMENT.transactionId,
  out_trade_no: PAYMENT.outTradeNo,
  out_refund_no: R1,
  refund_id: '50000405502018022503594217469',
  refund_channel: '',
  refund_fee: '30',
  settlement_refund_fee: '30',
  total_fee: '100',
  settlement_total_fee: '100',
  fee_type: 'CNY',
  cash_fee: '100',
  cash_refund_fee: '30',
  coupon_refund_fee: '0',
  coupon_refund_count: '0',
}
const read = async (changes: Changes) => readRefundReply(await authentic(changes), REFUND)
const unknown = expect.objectContaining({ kind: 'unknown' })

describe('the answer to a refund', () => {
  it('with SUCCESS means that WeChat accepted it, not that the money is refunded', async () => {
    expect(await read(ACCEPTED)).toEqual({
      kind: 'accepted',
      record: {
        outRefundNo: R1,
        transactionId: PAYMENT.transactionId,
        refundId: '50000405502018022503594217469',
        refundFee: 30,
        status: 'processing',
        succeededAt: undefined,
        receivedBy: undefined,
      },
    })
  })

  it('may lack the coupon and cash amounts', async () => {
    const short = { ...ACCEPTED, coupon_refund_fee: undefined, cash_refund_fee: undefined }

    expect(await read(short)).toMatchObject({ kind: 'accepted' })
  })

  it.each([
    ['number', { out_refund_no: R2 }],
    ['number, in another case', { out_refund_no: R1.toLowerCase() }],
    ['payment', { transaction_id: '4200000540202401029999999999' }],
    ['amount', { refund_fee: '31' }],
    ['amount, in another form', { refund_fee: '30.00' }],
  ])('with another %s is unknown', async (_, changes) => {
    expect(await read({ ...ACCEPTED, ...changes })).toEqual(unknown)
  })

  it.each(['out_refund_no', 'transaction_id', 'refund_fee', 'refund_id'])(
    'without %s is unknown',
    async (name) => {
      expect(await read({ ...ACCEPTED, [name]: undefined })).toEqual(unknown)
      expect(await read({ ...ACCEPTED, [name]: '' })).toEqual(unknown)
    },
  )

  it('with FAIL is no acceptance, even with the fields of a refund', async () => {
    expect(await read({ ...ACCEPTED, ...refusal('SYSTEMERROR') })).toEqual({ kind: 'busy' })
    expect(await read({ ...ACCEPTED, result_code: undefined })).toEqual(unknown)
  })
})

describe('a refund that WeChat does not accept', () => {
  it.each(['SYSTEMERROR', 'BIZERR_NEED_RETRY'])(
    'is busy after %s, to be sent again unchanged',
    async (errCode) => {
      expect(await read(refusal(errCode))).toEqual({ kind: 'busy' })
    },
  )

  it.each([
    ['NOTENOUGH', '基本账户余额不足，请充值后重新发起'],
    ['INVALID_REQ_TOO_MUCH', '无效请求过多'],
    ['FREQUENCY_LIMITED', '频率限制'],
    ['ORDER_NOT_READY', '订单处理中，暂时无法退款，请稍后再试'],
  ])('waits and stays reserved after %s', async (errCode, errCodeDes) => {
    expect(await read(refusal(errCode, errCodeDes))).toEqual({
      kind: 'waiting',
      errCode,
      errCodeDes,
    })
  })

  it.each([
    ['TRADE_OVERDUE', '订单已经超过退款期限'],
    ['USER_ACCOUNT_ABNORMAL', '退款请求失败'],
    ['ORDERNOTEXIST', '订单不存在'],
    ['REFUND_FEE_INVALID', '累计退款金额大于支付金额'],
    ['REFUND_FEE_MISMATCH', '订单金额或退款金额与之前请求不一致，请核实后再试'],
    ['INVALID_REQUEST', '订单金额或退款金额与之前请求不一致，请核实后再试'],
    ['TRADE_STATE_ERROR', '订单已全额退款'],
  ])('is finally refused after %s', async (errCode, errCodeDes) => {
    expect(await read(refusal(errCode, errCodeDes))).toEqual({
      kind: 'refused',
      errCode,
      errCodeDes,
    })
  })

  it.each([
    'APPID_NOT_EXIST',
    'MCHID_NOT_EXIST',
    'REQUIRE_POST_METHOD',
    'SIGNERROR',
    'XML_FORMAT_ERROR',
    'CERT_ERROR',
  ])('is misconfigured after %s', async (errCode) => {
    expect(await read(refusal(errCode, '原因'))).toEqual({
      kind: 'misconfigured',
      errCode,
      errCodeDes: '原因',
    })
  })

  it.each(['INVALID_TRANSACTIONID', 'PARAM_ERROR'])(
    'is refused or misconfigured after %s, which no second try can fix',
    async (errCode) => {
      const reply = await read(refusal(errCode, '原因'))

      expect(['refused', 'misconfigured']).toContain(reply.kind)
      expect(reply).toMatchObject({ errCode, errCodeDes: '原因' })
    },
  )

  it.each([
    ['ERROR', '订单已全额退款'],
    ['ERROR', '该同意的用户不存在'],
    ...['SOMETHING_NEW', 'notenough', 'ORDERNOTEXIST ', 'constructor', '__proto__'].map(
      (unknown) => [unknown, '原因'] as const,
    ),
  ] as const)(
    'is doubtful, with the reason, after %j (%s), which the words do not decide',
    async (errCode, errCodeDes) => {
      expect(await read(refusal(errCode, errCodeDes))).toEqual({
        kind: 'doubtful',
        errCode,
        errCodeDes,
      })
    },
  )

  it('is unknown with an empty err_code', async () => {
    expect(await read(refusal(''))).toEqual(unknown)
  })

  it('is misconfigured after NOAUTH', async () => {
    expect((await read(refusal('NOAUTH'))).kind).toBe('misconfigured')
  })

  it('is unknown when the answer is only FAIL', async () => {
    expect(await read({ result_code: 'FAIL' })).toEqual(unknown)
  })
})
