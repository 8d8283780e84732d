// WeChat's own words. `return` refusals stop at the gateway: HTTP 200, return_code FAIL, no ids and no sign. `result` refusals
// come from the business behind it: a full, signed envelope with err_code. Texts without a published original say so.

export type GatewayRefusal = { level: 'return'; returnMsg: string }
export type BusinessRefusal = { level: 'result'; errCode: string; errCodeDes: string }
export type Refusal = GatewayRefusal | BusinessRefusal

export const WRONG_METHOD = returned('require POST method')
export const BAD_XML = returned('XML格式错误')
export const UNDOCUMENTED_PARAMETER = returned('请求中含有未在API文档中定义的参数')
export const MISSING_PARAMETER = returned('缺少参数')
export const UNKNOWN_APPID = returned('appid不存在')
export const UNKNOWN_MCH_ID = returned('商户号mch_id或sub_mch_id不存在')
export const APPID_NOT_BOUND = returned('商户号mch_id与appid不匹配')
export const BAD_SIGN = returned('签名错误')
export const BAD_TOTAL_FEE = returned('invalid total_fee')
export const BAD_CREATE_IP = returned('invalid spbill_create_ip')
export const OPENID_REQUIRED = returned('JSAPI支付必须传openid')
export const OPENID_OF_ANOTHER_APPID = returned('appid and openid not match')
export const TIME_EXPIRE_TOO_SHORT = returned('time_expire时间过短，刷卡至少1分钟，其他5分钟')
export const PRODUCT_NOT_ENABLED = returned(
  '商户号该产品权限未开通，请前往商户平台>产品中心检查后重试',
)

export const ORDER_REUSED = refused('INVALID_REQUEST', '201 商户订单号重复')
export const ORDER_ALREADY_PAID = refused('ORDERPAID', '该订单已支付')
export const ORDER_ALREADY_CLOSED = refused('ORDERCLOSED', '该订单已关闭')
export const ORDER_UNKNOWN = refused('ORDERNOTEXIST', 'order not exist')
/** closeorder says it in English. */
export const CLOSE_OF_PAID_ORDER = refused('ORDERPAID', 'order paid')
/** The code is listed for closeorder; the words are those published for refunds. */
export const WRONG_TRADE_STATE = refused('TRADE_STATE_ERROR', '订单状态错误')

export const BAD_REFUND_FEE = returned('invalid refund_fee')
export const REFUND_ORDER_UNKNOWN = refused('ORDERNOTEXIST', '订单不存在')
export const REFUND_AMOUNTS_CHANGED = refused(
  'INVALID_REQUEST',
  '订单金额或退款金额与之前请求不一致，请核实后再试',
)
/** The rule is documented (same number, same parameters), the words for it are ours. */
export const REFUND_PARAMETERS_CHANGED = refused('INVALID_REQUEST', '请求参数与之前请求不一致')
export const REFUND_SUM_TOO_HIGH = refused('REFUND_FEE_INVALID', '累计退款金额大于支付金额')
export const ORDER_FULLY_REFUNDED = refused('TRADE_STATE_ERROR', '订单已全额退款')
export const BALANCE_TOO_LOW = refused('NOTENOUGH', '基本账户余额不足，请充值后重新发起')
/** The codes are in the official table, the words are ours; for the fifty refunds of an order the code is ours, too. */
export const REFUND_TOO_LATE = refused('TRADE_OVERDUE', '订单已经超过退款期限')
export const REFUNDS_TOO_MANY = refused('ERROR', '一笔订单最多支持50次部分退款')
export const REFUNDS_TOO_FAST = {
  INVALID_REQ_TOO_MUCH: refused('INVALID_REQ_TOO_MUCH', '无效请求过多'),
  FREQUENCY_LIMITED: refused('FREQUENCY_LIMITED', '频率限制'),
}
export const REFUND_UNKNOWN = refused('REFUNDNOTEXIST', '退款订单不存在')
/** The des is unpublished; that there are no more than twenty by page is in the text. */
export const PAGE_TOO_FAR = refused('PARAM_ERROR', 'offset参数错误')
export const INVALID_TRANSACTION_ID = refused('INVALID_TRANSACTIONID', '无效transaction_id')

/** The des is unpublished; the codes are in the official table. */
export const SYSTEM_ERROR = refused('SYSTEMERROR', '系统错误，请稍后再试')
export const FREQUENCY_LIMITED = refused('FREQUENCY_LIMITED', '频率限制')
export const NO_AUTH = refused('NOAUTH', '商户无此接口权限')

export function lengthWrong(name: string): GatewayRefusal {
  return returned(`${name}参数长度有误`)
}

export function formatWrong(name: string): GatewayRefusal {
  return returned(`${name}参数格式错误`)
}

export function returned(returnMsg: string): GatewayRefusal {
  return { level: 'return', returnMsg }
}

export function refused(errCode: string, errCodeDes: string): BusinessRefusal {
  return { level: 'result', errCode, errCodeDes }
}
