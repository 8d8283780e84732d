/** The routes for refunds, called by the shop. */
import * as v from 'valibot'
import { refundJson } from '../../contract/refund.ts'
import { isOrdercode, parseTransactionId, TRANSACTION_ID } from '../../core/ids.ts'
import { ORDER_FEN_MAX, toFen } from '../../core/money.ts'
import { isAutomatic, parseOutRefundNo } from '../../core/order/refund.ts'
import { cancelRefund } from '../../service/refund/cancel-refund.ts'
import { readRefund } from '../../service/refund/read-refund.ts'
import { requestRefund } from '../../service/refund/request-refund.ts'
import type { HttpDeps } from '../http/deps.ts'
import { decodedParam, integer, readInput, readOrdercode, wireText } from '../http/input.ts'
import { invalidRequest, json, problem } from '../http/problem.ts'
import type { RouteRequest } from '../http/request.ts'

type RefundsRouteDeps = Pick<
  HttpDeps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

const NUMBER =
  'must be 1 to 64 letters, digits, "_", "-", "*", "@" or "|", and must not begin with "auto*"'

/** The body of `PUT …/refunds/{out_refund_no}`. */
export const RefundInput = v.strictObject(
  {
    refund_fee: integer(1, ORDER_FEN_MAX),
    reason: v.optional(wireText(0, 80)),
    refund_account: v.optional(
      v.picklist(['unsettled', 'available'], 'must be unsettled, available or absent'),
    ),
    transaction_id: v.optional(
      v.pipe(
        v.string('must be a string'),
        v.regex(
          TRANSACTION_ID,
          'must be the transaction_id of a payment: 1 to 32 letters and digits',
        ),
      ),
    ),
  },
  'must be an object',
)

/**
 * `PUT /orders/{ordercode}/refunds/{out_refund_no}`:
 * refunds a payment of the order, or a part of the payment.
 */
export async function putRefund(request: RouteRequest, deps: RefundsRouteDeps): Promise<Response> {
  const ordercode = readOrdercode(request.params)
  if (!ordercode.ok) return ordercode.error
  const outRefundNo = parseOutRefundNo(decodedParam(request, 'out_refund_no'))
  if (outRefundNo === undefined || isAutomatic(outRefundNo)) {
    return invalidRequest([{ field: 'out_refund_no', message: NUMBER }])
  }
  const input = await readInput(request, RefundInput)
  if (!input.ok) return input.error

  const { refund_fee, reason, refund_account, transaction_id } = input.value
  const requested = await requestRefund(
    deps,
    ordercode.value,
    {
      outRefundNo,
      refundFee: toFen(refund_fee),
      reason: reason === '' ? undefined : reason,
      account: refund_account ?? 'unsettled',
      transactionId: transaction_id === undefined ? undefined : parseTransactionId(transaction_id),
    },
    'shop',
  )
  if (!requested.ok) {
    const { error } = requested
    if ('left' in error) return problem(error.reason, { left: error.left })
    if (error.reason === 'payment_not_found') {
      const message = 'is not a payment of this order'
      return invalidRequest([{ field: 'transaction_id', message }])
    }
    return problem(error.reason === 'contended' ? 'order_busy' : error.reason)
  }
  const { created, refund } = requested.value
  return json(refundJson(refund, ordercode.value), created ? 201 : 200)
}

/**
 * `DELETE /orders/{ordercode}/refunds/{out_refund_no}`: calls off a refund that WeChat has not taken on.
 */
export async function deleteRefund(
  request: RouteRequest,
  deps: RefundsRouteDeps,
): Promise<Response> {
  const ordercode = request.params['ordercode'] ?? ''
  if (!isOrdercode(ordercode)) return problem('order_not_found')
  const outRefundNo = parseOutRefundNo(decodedParam(request, 'out_refund_no'))
  const cancelled = await cancelRefund(deps, ordercode, outRefundNo)
  if (cancelled.ok) return json(refundJson(cancelled.value, ordercode))
  const { error } = cancelled
  return problem(error.reason, 'state' in error ? { state: error.state } : {})
}

/** `GET /orders/{ordercode}/refunds/{out_refund_no}`: one refund as it is stored. */
export async function getRefund(
  request: RouteRequest,
  deps: Pick<HttpDeps, 'orders'>,
): Promise<Response> {
  const ordercode = request.params['ordercode'] ?? ''
  if (!isOrdercode(ordercode)) return problem('order_not_found')
  const outRefundNo = parseOutRefundNo(decodedParam(request, 'out_refund_no'))
  const refund = await readRefund(deps, ordercode, outRefundNo)
  return refund.ok ? json(refundJson(refund.value, ordercode)) : problem(refund.error.reason)
}
