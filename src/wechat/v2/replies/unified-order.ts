import type { UnifiedOrderAnswer } from '../../../ports/wechat.ts'
import type { AuthenticFields } from '../wire/envelope.ts'

/**
 * Reads WeChat's answer to unifiedorder.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011940985 for every err_code
 */
export function readUnifiedOrderReply(fields: AuthenticFields): UnifiedOrderAnswer {
  if (fields.get('result_code') === 'SUCCESS') {
    const prepayId = fields.get('prepay_id') ?? ''
    if (fields.get('trade_type') !== 'JSAPI' || !/^[\x21-\x7e]{1,64}$/.test(prepayId)) {
      return { kind: 'unknown', cause: 'no_prepay_id' }
    }
    return { kind: 'prepared', prepayId }
  }

  const errCode = fields.get('err_code') ?? ''
  const errCodeDes = fields.get('err_code_des') ?? ''
  switch (errCode) {
    case 'ORDERPAID':
      return { kind: 'order_paid' }
    case 'ORDERCLOSED':
      return { kind: 'order_closed' }
    case 'OUT_TRADE_NO_USED':
      return { kind: 'number_used' }
    case 'INVALID_REQUEST':
      // WeChat uses INVALID_REQUEST for several errors. Only this err_code_des means that the out_trade_no
      // was sent before with other parameters.
      return errCodeDes.includes('商户订单号重复')
        ? { kind: 'number_used' }
        : { kind: 'refused', errCode, errCodeDes }
    case 'SYSTEMERROR':
      return { kind: 'busy' }
    case 'FREQUENCY_LIMITED':
      return { kind: 'too_many_requests' }
    case 'NOAUTH':
    case 'APPID_NOT_EXIST':
    case 'MCHID_NOT_EXIST':
    case 'APPID_MCHID_NOT_MATCH':
    case 'SIGNERROR':
      return { kind: 'misconfigured', errCode, errCodeDes }
    case 'NOTENOUGH':
    case 'LACK_PARAMS':
    case 'PARAM_ERROR':
    case 'XML_FORMAT_ERROR':
    case 'REQUIRE_POST_METHOD':
    case 'POST_DATA_EMPTY':
    case 'NOT_UTF8':
      return { kind: 'refused', errCode, errCodeDes }
    case '':
      return { kind: 'unknown', cause: 'no err_code' }
    default: // for example NO_AUTH "此商家的收款功能已被限制": the payer sees the words, and the order may exist all the same
      return { kind: 'refused_unlisted', errCode, errCodeDes }
  }
}
