import type { OrderEvent } from '../../core/order/order.ts'

/**
 * Makes the JSON of an event that is stored beside its type and time. The shop reads it unchanged in the
 * list of an order's events.
 */
export function eventData(event: OrderEvent): Readonly<Record<string, string | number>> {
  switch (event.type) {
    case 'order_changed':
      return { total_fee: event.terms.totalFee }
    case 'attempt_opened':
      return { out_trade_no: event.attempt.outTradeNo, total_fee: event.attempt.terms.totalFee }
    case 'attempt_resent':
    case 'attempt_closing':
      return { out_trade_no: event.outTradeNo }
    case 'attempt_closed':
      return { out_trade_no: event.outTradeNo, reason: event.reason }
    case 'payment_booked':
    case 'second_payment_recorded':
      return {
        out_trade_no: event.payment.outTradeNo,
        transaction_id: event.payment.transactionId,
        total_fee: event.payment.totalFee,
        source: event.source,
      }
    case 'payment_restored':
      return {
        out_trade_no: event.payment.outTradeNo,
        transaction_id: event.payment.transactionId,
        total_fee: event.payment.totalFee,
      }
    case 'payment_accepted':
      return { transaction_id: event.transactionId }
    case 'order_closed':
      return {
        reason: event.reason,
        ...(event.attempt === undefined
          ? {}
          : { out_trade_no: event.attempt.outTradeNo, attempt_reason: event.attempt.reason }),
      }
    case 'refund_requested': {
      const { outRefundNo, transactionId, refundFee, source } = event.refund
      return {
        out_refund_no: outRefundNo,
        transaction_id: transactionId,
        refund_fee: refundFee,
        source,
      }
    }
    case 'refund_started':
    case 'refund_cancelled':
      return { out_refund_no: event.outRefundNo }
    case 'refund_refused':
    case 'refund_given_up':
      return {
        out_refund_no: event.outRefundNo,
        err_code: event.errCode,
        err_code_des: event.errCodeDes,
      }
    case 'refund_accepted':
    case 'refund_succeeded':
    case 'refund_closed':
    case 'refund_abnormal':
    case 'refund_discovered': {
      const { outRefundNo, refundId, refundFee, status } = event.record
      return { out_refund_no: outRefundNo, refund_id: refundId, refund_fee: refundFee, status }
    }
  }
}
