// The refusals in WeChat's own words. A comment marks every text that WeChat has not published.

/** A refusal of the gateway: HTTP 200 with return_code FAIL, without ids and sign. */
export type GatewayRefusal = { level: 'return'; returnMsg: string }
/** A refusal of the business behind the gateway: a full, signed envelope with err_code. */
export type BusinessRefusal = { level: 'result'; errCode: string; errCodeDes: string }
/**
 * A refusal by WeChat: by its gateway (level `return`: return_code is FAIL) or by its business rules (level
 * `result`: result_code is FAIL).
 */
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
/** closeorder refuses a paid order with this English text, unifiedorder with the Chinese one of ORDER_ALREADY_PAID. */
export const CLOSE_OF_PAID_ORDER = businessRefusal('ORDERPAID', 'order paid')
/** WeChat documents the err_code TRADE_STATE_ERROR for closeorder, but has published its err_code_des only for refunds. */
export const WRONG_TRADE_STATE = businessRefusal('TRADE_STATE_ERROR', '订单状态错误')

export const BAD_REFUND_FEE = gatewayRefusal('invalid refund_fee')
export const REFUND_ORDER_UNKNOWN = businessRefusal('ORDERNOTEXIST', '订单不存在')
export const REFUND_AMOUNTS_CHANGED = businessRefusal(
  'INVALID_REQUEST',
  '订单金额或退款金额与之前请求不一致，请核实后再试',
)
/** WeChat documents that a repeated out_refund_no must have the same parameters, but no err_code_des; this one is ours. */
export const REFUND_PARAMETERS_CHANGED = businessRefusal(
  'INVALID_REQUEST',
  '请求参数与之前请求不一致',
)
/** The refusal of a refund whose request names another mini program than the order's unifiedorder. */
export const REFUND_OF_OTHER_APPID = businessRefusal('ERROR', '您的请求参数与订单信息不一致')
export const REFUND_SUM_TOO_HIGH = businessRefusal('REFUND_FEE_INVALID', '累计退款金额大于支付金额')
export const ORDER_FULLY_REFUNDED = businessRefusal('TRADE_STATE_ERROR', '订单已全额退款')
/** The refusals of a refund whose account lacks the money: of unsettled funds, and of the available balance. */
export const UNSETTLED_FUNDS_TOO_LOW = businessRefusal(
  'NOTENOUGH',
  '交易未结算资金不足，请使用可用余额退款',
)
export const BALANCE_TOO_LOW = businessRefusal('NOTENOUGH', '基本账户余额不足，请充值后重新发起')
/**
 * The err_code_des of REFUND_TOO_LATE, REFUNDS_TOO_MANY and REFUNDS_TOO_FAST are ours. Their err_codes are in WeChat's
 * table, except that of REFUNDS_TOO_MANY, which is ours, too.
 */
export const REFUND_TOO_LATE = businessRefusal('TRADE_OVERDUE', '订单已经超过退款期限')
export const REFUNDS_TOO_MANY = businessRefusal('ERROR', '一笔订单最多支持50次部分退款')
export const REFUNDS_TOO_FAST = {
  INVALID_REQ_TOO_MUCH: businessRefusal('INVALID_REQ_TOO_MUCH', '无效请求过多'),
  FREQUENCY_LIMITED: businessRefusal('FREQUENCY_LIMITED', '频率限制'),
}
export const REFUND_UNKNOWN = businessRefusal('REFUNDNOTEXIST', '退款订单不存在')
/**
 * The refusal of a refundquery beyond the twentieth refund of an order. WeChat documents the limit and not the
 * message, so the err_code_des is our own wording.
 */
export const PAGE_TOO_FAR = businessRefusal('PARAM_ERROR', 'offset参数错误')
export const INVALID_TRANSACTION_ID = businessRefusal('INVALID_TRANSACTIONID', '无效transaction_id')

/**
 * The err_codes of SYSTEM_ERROR, FREQUENCY_LIMITED and NO_AUTH are in WeChat's table. WeChat has not published their
 * err_code_des, so these are ours.
 */
export const SYSTEM_ERROR = businessRefusal('SYSTEMERROR', '系统错误，请稍后再试')
export const FREQUENCY_LIMITED = businessRefusal('FREQUENCY_LIMITED', '频率限制')
export const NO_AUTH = businessRefusal('NOAUTH', '商户无此接口权限')

/** The gateway's refusal of a parameter that is too long or too short. */
export function badLength(name: string): GatewayRefusal {
  return gatewayRefusal(`${name}参数长度有误`)
}

/** Makes the gateway's refusal of a request whose parameter `name` is malformed. */
export function badFormat(name: string): GatewayRefusal {
  return gatewayRefusal(`${name}参数格式错误`)
}

/** Makes a refusal of the gateway with the given return_msg. */
export function gatewayRefusal(returnMsg: string): GatewayRefusal {
  return { level: 'return', returnMsg }
}

/** Makes a refusal of the business with any err_code and err_code_des. */
export function businessRefusal(errCode: string, errCodeDes: string): BusinessRefusal {
  return { level: 'result', errCode, errCodeDes }
}
