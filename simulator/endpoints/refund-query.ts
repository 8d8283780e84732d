import { REFUNDS_BY_PAGE, REFUNDS_PER_PAGE } from '../lib/limits.ts'
import type { Answer } from '../protocol/answer.ts'
import type { CheckedRequest, PayEndpoint } from '../protocol/endpoint.ts'
import { lookUpOrder } from '../protocol/order-lookup.ts'
import { OUT_TRADE_NO } from '../protocol/order-number.ts'
import { settlementFields } from '../protocol/payment-fields.ts'
import { numberedRefundFields } from '../protocol/refund-fields.ts'
import {
  INVALID_TRANSACTION_ID,
  MISSING_PARAMETER,
  PAGE_TOO_FAR,
  REFUND_UNKNOWN,
  type Refusal,
} from '../protocol/refusals.ts'
import type { Capture, SimulatedOrder } from '../state/ledger.ts'
import type { SimulatedRefund } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { OUT_REFUND_NO } from './refund-parameters.ts'

const NUMBERS = ['refund_id', 'out_refund_no', 'transaction_id', 'out_trade_no']

/**
 * refundquery: answers the state of refunds. The request names one refund, or an order whose refunds are listed ten per page.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxa/wxa_api.php?chapter=9_5
 */
export const REFUND_QUERY: PayEndpoint = {
  name: 'refundquery',
  parameters: {
    refund_id: { bytesMax: 32 },
    out_refund_no: OUT_REFUND_NO,
    transaction_id: { bytesMax: 32 },
    out_trade_no: OUT_TRADE_NO,
    offset: { bytesMax: 9, format: (value) => /^\d+$/.test(value) },
  },
  check: (fields) => (NUMBERS.some((name) => fields.has(name)) ? undefined : MISSING_PARAMETER),
  act,
}

type Found = { order: SimulatedOrder | undefined; refunds: readonly SimulatedRefund[] }

function act({ fields }: CheckedRequest, world: World): Answer | Refusal {
  const found = look(fields, world)
  if ('level' in found) return found
  const { order, refunds } = found
  const offset = fields.get('offset')
  const first = Number(offset ?? 0)
  const page = refunds.slice(first, first + REFUNDS_PER_PAGE)
  if (first >= REFUNDS_BY_PAGE) return PAGE_TOO_FAR
  if (order?.capture === undefined || page.length === 0) return REFUND_UNKNOWN
  return pageAnswer(page, order.capture, offset === undefined ? undefined : refunds.length)
}

/**
 * Finds the refunds that a request names. Of refund_id, out_refund_no, transaction_id and out_trade_no, only the first one that
 * is present counts.
 */
function look(fields: ReadonlyMap<string, string>, world: World): Found | Refusal {
  const refundId = fields.get('refund_id')
  const outRefundNo = fields.get('out_refund_no')
  if (refundId !== undefined || outRefundNo !== undefined) {
    const refund =
      refundId === undefined
        ? world.refunds.find(outRefundNo ?? '')
        : world.refunds.findById(refundId)
    if (refund === undefined) return REFUND_UNKNOWN
    return { order: world.ledger.find(refund.outTradeNo, world.clock.now()), refunds: [refund] }
  }
  if (!/^\d*$/.test(fields.get('transaction_id') ?? '')) return INVALID_TRANSACTION_ID
  const order = lookUpOrder(fields, world)
  return { order, refunds: order === undefined ? [] : world.refunds.ofOrder(order.outTradeNo) }
}

function pageAnswer(
  page: readonly SimulatedRefund[],
  capture: Capture,
  totalCount: number | undefined,
): Answer {
  const values: Record<string, string> = {
    transaction_id: capture.transactionId,
    out_trade_no: capture.outTradeNo,
    total_fee: String(capture.totalFee),
    ...settlementFields(capture),
    fee_type: 'CNY',
    cash_fee: String(capture.cashFee),
    refund_count: String(page.length),
    refund_fee: String(page.reduce((sum, { refundFee }) => sum + refundFee, 0)),
    // total_refund_count is present only if the request has an offset.
    ...(totalCount === undefined ? {} : { total_refund_count: String(totalCount) }),
  }
  for (const [n, refund] of page.entries()) Object.assign(values, numberedRefundFields(refund, n))
  const envelope = ['appid', 'mch_id', 'nonce_str', 'result_code', 'return_code', 'return_msg']
  return { order: [...envelope, 'sign', ...Object.keys(values)].sort(), values }
}
