/** What a refusal says about the configuration, in the words that WeChat was seen to use. */
import { expect, it } from 'vitest'
import { keyKindOf } from '../../../src/wechat/v2/refusal.ts'

it.each([
  ['ORDERNOTEXIST', 'order not exist', 'known'],
  ['SIGNERROR', '签名错误', 'key'],
  ['FAIL', '签名错误', 'key'],
  ['FAIL', '签名错误，请检查后再试', 'key'],
  ['FAIL', '验签失败，签名校验错误', 'key'],
  ['MCHID_NOT_EXIST', 'mchid not exist', 'merchant'],
  ['FAIL', '商户号mch_id或sub_mch_id不存在', 'merchant'],
  ['FAIL', 'mch_id参数格式错误', 'merchant'],
  ['APPID_NOT_EXIST', 'appid not exist', 'appid'],
  ['FAIL', 'appid不存在', 'appid'],
  ['FAIL', 'appid参数长度有误', 'appid'],
  ['APPID_MCHID_NOT_MATCH', 'appid and mch_id not match', 'unbound'],
  ['FAIL', '商户号mch_id与appid不匹配', 'unbound'],
  ['NOAUTH', '商户无此接口权限', 'product'],
  ['FAIL', '商户号该产品权限未开通，请前往商户平台>产品中心检查后重试', 'product'],
  ['SYSTEMERROR', '系统错误', 'busy'],
  ['FAIL', '系统繁忙，请稍后再试', 'busy'],
  ['FREQUENCY_LIMITED', '频率限制', 'busy'],
  ['FAIL', 'unheard of', 'other'],
  ['SUCCESS', '', 'other'],
])('%s %s', (code, words, kind) => {
  expect(keyKindOf(code, words).kind).toBe(kind)
})
