import { describe, expect, it } from 'vitest'
import { toOutTradeNo } from '../../../../src/core/ids.ts'
import { readLoginReply } from '../../../../src/wechat/login.ts'
import { unknown } from '../../../../src/wechat/v2/call.ts'
import { readUnopened } from '../../../../src/wechat/v2/refusal.ts'
import { readCloseOrderReply } from '../../../../src/wechat/v2/replies/close-order.ts'
import { readOrderQueryReply } from '../../../../src/wechat/v2/replies/order-query.ts'
import { readRefundQueryReply } from '../../../../src/wechat/v2/replies/refund-query.ts'
import { readRefundReply } from '../../../../src/wechat/v2/replies/refund.ts'
import { readUnifiedOrderReply } from '../../../../src/wechat/v2/replies/unified-order.ts'
import { aRefund } from '../../../../testing/samples/refund-samples.ts'
import { authentic, type Changes, NOTICE, refusal } from '../../../../testing/wire/wire.ts'

const fields = (changes: Changes) => authentic(changes)
const asked = { outTradeNo: toOutTradeNo(NOTICE['out_trade_no'] ?? '') }
const PAID = { ...NOTICE, trade_state: 'SUCCESS' }
const FOUND = {
  transaction_id: '4200000540202401020123456789',
  refund_count: '1',
  out_refund_no_0: 'R1',
  refund_fee_0: '30',
  refund_status_0: 'SUCCESS',
}

const READERS = {
  unifiedorder: async (changes: Changes) => readUnifiedOrderReply(await fields(changes)),
  orderquery: async (changes: Changes) => readOrderQueryReply(await fields(changes), asked),
  closeorder: async (changes: Changes) => readCloseOrderReply(await fields(changes)),
  refund: async (changes: Changes) => readRefundReply(await fields(changes), aRefund()),
  refundquery: async (changes: Changes) => readRefundQueryReply(await fields(changes)),
}

/** The operator reads the cause in the log and in reviews. */
describe('why an answer is unknown', () => {
  it.each<[keyof typeof READERS, Changes, string]>([
    ['unifiedorder', { trade_type: 'JSAPI' }, 'no_prepay_id'],
    ['unifiedorder', refusal(''), 'no err_code'],
    ['orderquery', { ...PAID, out_trade_no: 'T20240102030405_0002' }, 'other_order'],
    ['orderquery', { ...PAID, total_fee: '-1' }, 'bad total_fee'],
    ['orderquery', { ...PAID, trade_state: 'NEW' }, 'trade_state NEW'],
    ['orderquery', refusal('SYSTEMERROR'), 'err_code SYSTEMERROR'],
    ['closeorder', refusal('SYSTEMERROR'), 'err_code SYSTEMERROR'],
    ['refund', { transaction_id: '42' }, 'other_refund'],
    ['refund', refusal(''), 'no err_code'],
    ['refundquery', refusal('SYSTEMERROR'), 'err_code SYSTEMERROR'],
    ['refundquery', { ...FOUND, transaction_id: '-' }, 'bad transaction_id'],
    ['refundquery', { ...FOUND, refund_count: '11' }, 'bad refund_count'],
    ['refundquery', { ...FOUND, out_refund_no_0: '' }, 'bad out_refund_no_0'],
    ['refundquery', { ...FOUND, refund_fee_0: '0' }, 'bad refund_fee_0'],
    ['refundquery', { ...FOUND, refund_status_0: 'NEW' }, 'bad refund_status_0'],
  ])('to %s with %j is "%s"', async (call, changes, cause) => {
    expect(await READERS[call](changes)).toEqual({ kind: 'unknown', cause })
  })

  it.each([
    ['<html>', 'not_json'],
    ['null', 'unreadable'],
    ['{"errcode":"0"}', 'unreadable'],
    ['{}', 'no_openid'],
    ['{"openid":"o 1"}', 'no_openid'],
  ])('to jscode2session with %s is "%s"', (text, cause) => {
    expect(readLoginReply(text)).toEqual({ kind: 'unknown', cause })
  })

  it('without a verified answer is why it was not verified, or the words of its return_msg', () => {
    expect(readUnopened({ reason: 'bad_signature' })).toEqual({
      kind: 'unknown',
      cause: 'bad_signature',
    })
    expect(unknown({ reason: 'wrong_merchant' })).toEqual({
      kind: 'unknown',
      cause: 'wrong_merchant',
    })
    expect(unknown({ reason: 'return_fail', returnMsg: '签名错误' })).toEqual({
      kind: 'unknown',
      cause: 'return_msg 签名错误',
    })
  })
})
