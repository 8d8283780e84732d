import type { Refund } from '../core/order/refund.ts'
import { formatRfc3339, timeOrNull } from '../core/time.ts'

/** A refund as the shop sees it. Contract: fields are added, never renamed. Amounts are in fen. */
export const refundJson = (refund: Refund, ordercode: string) => ({
  out_refund_no: refund.outRefundNo,
  ordercode,
  transaction_id: refund.transactionId,
  state: refund.state,
  refund_fee: refund.refundFee,
  total_fee: refund.totalFee,
  reason: refund.reason ?? null,
  refund_account: refund.account ?? null,
  source: refund.source,
  actor: refund.actor ?? null,
  refund_id: refund.refundId ?? null,
  received_by: refund.receivedBy ?? null,
  err_code: refund.errCode ?? null,
  err_code_des: refund.errCodeDes ?? null,
  requested_at: formatRfc3339(refund.requestedAt),
  accepted_at: timeOrNull(refund.acceptedAt),
  succeeded_at: refund.state === 'succeeded' ? timeOrNull(refund.endedAt) : null,
  ended_at: timeOrNull(refund.endedAt),
  cancelled_at: timeOrNull(refund.cancelledAt),
})
