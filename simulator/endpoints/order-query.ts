import { type Answer, inOrder } from '../protocol/answer.ts'
import type { CheckedRequest, PayEndpoint } from '../protocol/endpoint.ts'
import { lookUpOrder } from '../protocol/order-lookup.ts'
import { OUT_TRADE_NO } from '../protocol/order-number.ts'
import { couponFields, settlementFields } from '../protocol/payment-fields.ts'
import { MISSING_PARAMETER, ORDER_UNKNOWN, type Refusal } from '../protocol/refusals.ts'
import type { Capture, SimulatedOrder, TradeState } from '../state/ledger.ts'
import type { World } from '../state/world.ts'

/**
 * The texts of trade_state_desc. Those of NOTPAY, CLOSED, SUCCESS and REFUND are from WeChat's real answers, the others are
 * ours.
 */
const TRADE_STATE_DESC = {
  SUCCESS: '支付成功',
  REFUND: '订单发生过退款，退款详情请查询退款单',
  NOTPAY: '订单未支付',
  CLOSED: '订单已关闭',
  REVOKED: '订单已撤销',
  USERPAYING: '用户支付中',
  PAYERROR: '支付失败',
  ACCEPT: '已接收，等待扣款',
} as const satisfies Record<TradeState, string>

/**
 * orderquery: answers the state of an order. Many elements that WeChat's document calls required are present only for a paid
 * order.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxa/wxa_api.php?chapter=9_2
 */
export const ORDER_QUERY: PayEndpoint = {
  name: 'orderquery',
  parameters: {
    transaction_id: { bytesMax: 32 },
    out_trade_no: OUT_TRADE_NO,
    version: { bytesMax: 32, format: (value) => value === '1.0' },
  },
  check: (fields) =>
    fields.has('transaction_id') || fields.has('out_trade_no') ? undefined : MISSING_PARAMETER,
  act,
}

function act({ fields }: CheckedRequest, world: World): Answer | Refusal {
  const order = lookUpOrder(fields, world)
  if (order === undefined) return ORDER_UNKNOWN
  if (order.capture !== undefined) return paidAnswer(order, order.capture)
  return order.tradeState === 'CLOSED' || order.tradeState === 'REVOKED'
    ? closedAnswer(order)
    : unpaidAnswer(order)
}

function unpaidAnswer(order: SimulatedOrder): Answer {
  return {
    order: inOrder(`return_code return_msg result_code mch_id appid device_info nonce_str sign
      trade_state out_trade_no total_fee trade_state_desc`),
    values: {
      ...stateValues(order),
      // For an order without device_info, WeChat's real answers contain an empty device_info element.
      device_info: order.deviceInfo,
      total_fee: String(order.totalFee),
    },
  }
}

function closedAnswer(order: SimulatedOrder): Answer {
  return {
    order: inOrder(`return_code return_msg result_code appid mch_id nonce_str sign
      out_trade_no attach trade_state trade_state_desc`),
    values: { ...stateValues(order), attach: order.attach },
  }
}

function paidAnswer(order: SimulatedOrder, capture: Capture): Answer {
  const coupons = couponFields(capture)
  const settlement = settlementFields(capture)
  return {
    order: inOrder(`return_code return_msg appid mch_id device_info nonce_str sign result_code
      openid is_subscribe trade_type bank_type total_fee ${Object.keys(settlement).join(' ')} fee_type
      ${Object.keys(coupons).join(' ')} transaction_id out_trade_no attach time_end trade_state
      cash_fee cash_fee_type trade_state_desc`),
    values: {
      ...stateValues(order),
      device_info: order.deviceInfo === '' ? undefined : order.deviceInfo,
      openid: capture.openid,
      is_subscribe: 'N',
      trade_type: 'JSAPI',
      bank_type: capture.bankType,
      total_fee: String(capture.totalFee),
      fee_type: 'CNY',
      cash_fee: String(capture.cashFee),
      cash_fee_type: 'CNY',
      ...settlement,
      ...coupons,
      transaction_id: capture.transactionId,
      attach: order.attach,
      time_end: capture.timeEnd,
    },
  }
}

function stateValues({ outTradeNo, tradeState }: SimulatedOrder): Record<string, string> {
  return {
    out_trade_no: outTradeNo,
    trade_state: tradeState,
    trade_state_desc: TRADE_STATE_DESC[tradeState],
  }
}
