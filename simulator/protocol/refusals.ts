// Refusals in WeChat's own words. The comments mark every text that is not published.

/** The gateway refuses the request: HTTP 200, return_code FAIL, no ids and no sign. */
export type GatewayRefusal = { level: 'return'; returnMsg: string }
/** The business behind the gateway refuses the request: a full, signed envelope with err_code. */
export type BusinessRefusal = { level: 'result'; errCode: string; errCodeDes: string }
/** Either of the two; `level` tells which. */
export type Refusal = GatewayRefusal | BusinessRefusal

export const WRONG_METHOD = gatewayRefusal('require POST method')
export const BAD_XML = gatewayRefusal('XML格式错误')
export const UNDOCUMENTED_PARAMETER = gatewayRefusal('请求中含有未在API文档中定义的参数')
export const MISSING_PARAMETER = gatewayRefusal('缺少参数')
export const UNKNOWN_APPID = gatewayRefusal('appid不存在')
export const UNKNOWN_MCH_ID = gatewayRefusal('商户号mch_id或sub_mch_id不存在')
export const APPID_NOT_BOUND = gatewayRefusal('商户号mch_id与appid不匹配')
export const BAD_SIGN = gatewayRefusal('签名错误')
export const BAD_TOTAL_FEE = gatewayRefusal('invalid total_fee')
export const BAD_CREATE_IP = gatewayRefusal('invalid spbill_create_ip')
export const OPENID_REQUIRED = gatewayRefusal('JSAPI支付必须传openid')
export const OPENID_OF_ANOTHER_APPID = gatewayRefusal('appid and openid not match')
export const TIME_EXPIRE_TOO_SHORT = gatewayRefusal('time_expire时间过短，刷卡至少1分钟，其他5分钟')
export const PRODUCT_NOT_ENABLED = gatewayRefusal(
  '商户号该产品权限未开通，请前往商户平台>产品中心检查后重试',
)

export const ORDER_REUSED = businessRefusal('INVALID_REQUEST', '201 商户订单号重复')
export const ORDER_ALREADY_PAID = businessRefusal('ORDERPAID', '该订单已支付')
export const ORDER_ALREADY_CLOSED = businessRefusal('ORDERCLOSED', '该订单已关闭')
export const ORDER_UNKNOWN = businessRefusal('ORDERNOTEXIST', 'order not exist')
/** closeorder answers this one in English. */
export const CLOSE_OF_PAID_ORDER = businessRefusal('ORDERPAID', 'order paid')
/** The code is documented for closeorder; the words are the ones published for refunds. */
export const WRONG_TRADE_STATE = businessRefusal('TRADE_STATE_ERROR', '订单状态错误')

export const BAD_REFUND_FEE = gatewayRefusal('invalid refund_fee')
export const REFUND_ORDER_UNKNOWN = businessRefusal('ORDERNOTEXIST', '订单不存在')
export const REFUND_AMOUNTS_CHANGED = businessRefusal(
  'INVALID_REQUEST',
  '订单金额或退款金额与之前请求不一致，请核实后再试',
)
/** The rule is documented (same number, same parameters), the words are ours. */
export const REFUND_PARAMETERS_CHANGED = businessRefusal(
  'INVALID_REQUEST',
  '请求参数与之前请求不一致',
)
export const REFUND_SUM_TOO_HIGH = businessRefusal('REFUND_FEE_INVALID', '累计退款金额大于支付金额')
export const ORDER_FULLY_REFUNDED = businessRefusal('TRADE_STATE_ERROR', '订单已全额退款')
export const BALANCE_TOO_LOW = businessRefusal('NOTENOUGH', '基本账户余额不足，请充值后重新发起')
/** The codes are in the official table, the words are ours. Of REFUNDS_TOO_MANY the code is ours, too. */
export const REFUND_TOO_LATE = businessRefusal('TRADE_OVERDUE', '订单已经超过退款期限')
export const REFUNDS_TOO_MANY = businessRefusal('ERROR', '一笔订单最多支持50次部分退款')
export const REFUNDS_TOO_FAST = {
  INVALID_REQ_TOO_MUCH: businessRefusal('INVALID_REQ_TOO_MUCH', '无效请求过多'),
  FREQUENCY_LIMITED: businessRefusal('FREQUENCY_LIMITED', '频率限制'),
}
export const REFUND_UNKNOWN = businessRefusal('REFUNDNOTEXIST', '退款订单不存在')
/** err_code_des is unpublished; the limit of twenty refunds by page is documented. */
export const PAGE_TOO_FAR = businessRefusal('PARAM_ERROR', 'offset参数错误')
export const INVALID_TRANSACTION_ID = businessRefusal('INVALID_TRANSACTIONID', '无效transaction_id')

/** err_code_des is unpublished; the codes are in the official table. */
export const SYSTEM_ERROR = businessRefusal('SYSTEMERROR', '系统错误，请稍后再试')
export const FREQUENCY_LIMITED = businessRefusal('FREQUENCY_LIMITED', '频率限制')
export const NO_AUTH = businessRefusal('NOAUTH', '商户无此接口权限')

/** The gateway's refusal of a parameter that is too long or too short. */
export function badLength(name: string): GatewayRefusal {
  return gatewayRefusal(`${name}参数长度有误`)
}

/** The gateway's refusal of a malformed parameter. */
export function badFormat(name: string): GatewayRefusal {
  return gatewayRefusal(`${name}参数格式错误`)
}

/** A refusal of the gateway with any text. */
export function gatewayRefusal(returnMsg: string): GatewayRefusal {
  return { level: 'return', returnMsg }
}

/** A refusal of the business with any code and text. */
export function businessRefusal(errCode: string, errCodeDes: string): BusinessRefusal {
  return { level: 'result', errCode, errCodeDes }
}
