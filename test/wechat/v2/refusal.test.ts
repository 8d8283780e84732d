import { describe, expect, it } from 'vitest'
import { readUnopened } from '../../../src/wechat/v2/refusal.ts'
import { readCloseOrderReply } from '../../../src/wechat/v2/replies/close-order.ts'
import { readUnifiedOrderReply } from '../../../src/wechat/v2/replies/unified-order.ts'
import { authentic, type Changes, refusal } from '../../../testing/wire/wire.ts'

describe('unifiedorder', () => {
  const read = async (changes: Changes) => readUnifiedOrderReply(await authentic(changes))
  const PREPARED = { trade_type: 'JSAPI', prepay_id: 'wx02030405123456abcdef0123456789ab00' }

  it('gives a prepay_id when it succeeds', async () => {
    const prepared = { kind: 'prepared', prepayId: 'wx02030405123456abcdef0123456789ab00' }

    expect(await read(PREPARED)).toEqual(prepared)
    expect(await read({ ...PREPARED, openid: 'o1', device_info: '' })).toEqual(prepared)
  })

  it.each([
    ['no prepay_id', { prepay_id: undefined }],
    ['an empty prepay_id', { prepay_id: '' }],
    ['a prepay_id longer than documented', { prepay_id: 'x'.repeat(65) }],
    ['a prepay_id with a blank', { prepay_id: 'wx 1' }],
    ['another trade_type', { trade_type: 'NATIVE' }],
    ['no result_code', { result_code: undefined }],
    ['a strange result_code', { result_code: 'MAYBE' }],
  ])('with %s is unknown', async (_, changes) => {
    expect(await read({ ...PREPARED, ...changes })).toMatchObject({ kind: 'unknown' })
  })

  it.each([
    ['INVALID_REQUEST', 'refused'],
    ['NOAUTH', 'misconfigured'],
    ['NOTENOUGH', 'refused'],
    ['ORDERPAID', 'order_paid'],
    ['ORDERCLOSED', 'order_closed'],
    ['SYSTEMERROR', 'busy'],
    ['APPID_NOT_EXIST', 'misconfigured'],
    ['MCHID_NOT_EXIST', 'misconfigured'],
    ['APPID_MCHID_NOT_MATCH', 'misconfigured'],
    ['LACK_PARAMS', 'refused'],
    ['OUT_TRADE_NO_USED', 'number_used'],
    ['SIGNERROR', 'misconfigured'],
    ['XML_FORMAT_ERROR', 'refused'],
    ['REQUIRE_POST_METHOD', 'refused'],
    ['POST_DATA_EMPTY', 'refused'],
    ['NOT_UTF8', 'refused'],
    ['PARAM_ERROR', 'refused'],
    ['FREQUENCY_LIMITED', 'too_many_requests'],
    ['NO_AUTH', 'refused_unlisted'],
    ['SOMETHING_NEW', 'refused_unlisted'],
    ['orderpaid', 'refused_unlisted'],
    ['', 'unknown'],
  ])('with the err_code %s is %s', async (errCode, kind) => {
    expect(await read(refusal(errCode))).toMatchObject({ kind })
  })

  it('keeps the err_code and the text of WeChat when its documents do not list the err_code', async () => {
    expect(await read(refusal('NO_AUTH', '此商家的收款功能已被限制'))).toEqual({
      kind: 'refused_unlisted',
      errCode: 'NO_AUTH',
      errCodeDes: '此商家的收款功能已被限制',
    })
  })

  it('keeps the err_code and the text of WeChat when it is refused or misconfigured', async () => {
    expect(await read(refusal('PARAM_ERROR', 'JSAPI支付必须传openid'))).toEqual({
      kind: 'refused',
      errCode: 'PARAM_ERROR',
      errCodeDes: 'JSAPI支付必须传openid',
    })
    expect(await read(refusal('NOAUTH', '商户无此接口权限'))).toEqual({
      kind: 'misconfigured',
      errCode: 'NOAUTH',
      errCodeDes: '商户无此接口权限',
    })
  })

  it('has three forms of the refusal that its number was used', async () => {
    const used = { kind: 'number_used' }

    expect(await read(refusal('INVALID_REQUEST', '201 商户订单号重复'))).toEqual(used)
    expect(await read(refusal('OUT_TRADE_NO_USED', '商户订单号重复'))).toEqual(used)
    expect(await read(refusal('OUT_TRADE_NO_USED'))).toEqual(used)
    expect(await read(refusal('INVALID_REQUEST', '参数错误'))).toMatchObject({ kind: 'refused' })
  })

  it('is read for a paid order in the form of a real gateway', async () => {
    const reply = { ...refusal('ORDERPAID', '该订单已支付'), device_info: '' }

    expect(await read(reply)).toEqual({ kind: 'order_paid' })
  })
})

describe('closeorder', () => {
  const read = async (changes: Changes) => readCloseOrderReply(await authentic(changes))

  it('is closed when it succeeds', async () => {
    expect(await read({ result_msg: 'OK' })).toEqual({ kind: 'closed' })
    expect(await read({})).toEqual({ kind: 'closed' })
  })

  it.each([
    ['ORDERCLOSED', 'closed'],
    ['ORDERPAID', 'order_paid'],
    ['ORDERNOTEXIST', 'absent'],
    ['TRADE_STATE_ERROR', 'not_closable'],
    ['SYSTEMERROR', 'unknown'],
    ['FREQUENCY_LIMITED', 'unknown'],
    ['SIGNERROR', 'unknown'],
    ['REQUIRE_POST_METHOD', 'unknown'],
    ['XML_FORMAT_ERROR', 'unknown'],
    ['SOMETHING_NEW', 'unknown'],
    ['', 'unknown'],
  ])('with the err_code "%s" is %s', async (errCode, kind) => {
    expect(await read(refusal(errCode, 'order paid'))).toMatchObject({ kind })
  })

  it('without a result_code is unknown', async () => {
    expect(await read({ result_code: undefined })).toMatchObject({ kind: 'unknown' })
  })
})

describe('an answer without a valid signature', () => {
  const kindOf = (returnMsg: string) => readUnopened({ reason: 'return_fail', returnMsg }).kind

  it.each([
    '签名错误',
    '签名校验失败,请检查后重试',
    'appid不存在',
    '商户号mch_id与appid不匹配',
    'mch_id参数格式错误',
    'mch_id参数长度有误',
    '商户号mch_id或sub_mch_id不存在',
    'appid参数长度有误',
    '商户号该产品权限未开通，请前往商户平台>产品中心检查后重试',
    '受理机构必须传入sub_mch_id',
  ])('with the return_msg "%s" is misconfigured', (returnMsg) => {
    expect(kindOf(returnMsg)).toBe('misconfigured')
  })

  it.each([
    '缺少参数',
    '缺少参数openid',
    'JSAPI支付必须传openid',
    'appid and openid not match',
    'body参数长度有误',
    'attach参数长度有误',
    'out_trade_no参数长度有误',
    'spbill_create_ip参数长度有误',
    'invalid out_trade_no',
    'body参数格式错误',
    'invalid total_fee',
    'invalid spbill_create_ip',
    '请求中含有未在API文档中定义的参数',
    '不识别的参数foo',
    'XML格式错误',
    'time_expire时间过短，刷卡至少1分钟，其他5分钟',
    '',
  ])('with the return_msg "%s" is refused', (returnMsg) => {
    expect(readUnopened({ reason: 'return_fail', returnMsg })).toEqual({
      kind: 'refused',
      errCode: 'FAIL',
      errCodeDes: returnMsg,
    })
  })

  it.each(['SYSTEMERROR', 'system error', '系统繁忙', '系统超时'])(
    'with the return_msg "%s" is busy, and the request may be sent again',
    (returnMsg) => {
      expect(kindOf(returnMsg)).toBe('busy')
    },
  )

  it('is unknown when it is forged, for another merchant or unreadable', () => {
    expect(readUnopened({ reason: 'bad_signature' })).toMatchObject({ kind: 'unknown' })
    expect(readUnopened({ reason: 'wrong_merchant' })).toMatchObject({ kind: 'unknown' })
    expect(readUnopened({ reason: 'unreadable', cause: 'malformed' })).toMatchObject({
      kind: 'unknown',
    })
  })
})
