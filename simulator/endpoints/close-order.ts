import { type Answer, inOrder } from '../protocol/answer.ts'
import type { CheckedRequest, PayEndpoint } from '../protocol/endpoint.ts'
import { OUT_TRADE_NO } from '../protocol/order-number.ts'
import {
  CLOSE_OF_PAID_ORDER,
  ORDER_ALREADY_CLOSED,
  ORDER_UNKNOWN,
  type Refusal,
  WRONG_TRADE_STATE,
} from '../protocol/refusals.ts'
import { isPaid } from '../state/ledger.ts'
import type { World } from '../state/world.ts'

/**
 * closeorder: closes an unpaid order, so that the payer can no longer pay it.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxa/wxa_api.php?chapter=9_3
 */
export const CLOSE_ORDER: PayEndpoint = {
  name: 'closeorder',
  parameters: { out_trade_no: { ...OUT_TRADE_NO, required: true } },
  act,
}

/**
 * The answer to a successful closeorder. With the fault `close_without_effect`, the client gets this answer although the order
 * stays open.
 */
export const CLOSED_ANSWER: Answer = {
  order: inOrder('return_code return_msg appid mch_id nonce_str sign result_code result_msg'),
  values: { result_msg: 'OK' },
}

function act({ fields }: CheckedRequest, world: World): Answer | Refusal {
  const now = world.clock.now()
  const order = world.ledger.find(fields.get('out_trade_no') ?? '', now)
  if (order === undefined) return ORDER_UNKNOWN
  if (isPaid(order)) return CLOSE_OF_PAID_ORDER
  if (order.tradeState === 'CLOSED' || order.tradeState === 'REVOKED') return ORDER_ALREADY_CLOSED
  // In USERPAYING and ACCEPT the payer's money is on its way, so WeChat does not close the order.
  if (order.tradeState === 'USERPAYING' || order.tradeState === 'ACCEPT') return WRONG_TRADE_STATE
  if (now - order.createdAt < world.strict.refuseCloseUnderMs) return WRONG_TRADE_STATE
  world.ledger.put({ ...order, tradeState: 'CLOSED' })
  world.record({ type: 'order_closed', outTradeNo: order.outTradeNo })
  return CLOSED_ANSWER
}
