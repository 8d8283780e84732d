/** SQL for our side of a difference: what our records say about a payment or a refund. */

/**
 * SQL for an attempt's out_trade_no. Both parameters are SQL expressions: the ordercode, and the attempt's
 * number.
 */
export const outTradeNo = (ordercode: string, number: string): string =>
  `${ordercode} || iif(${number} = 1, '', '*' || ${number})`

/** SQL for the JSON of a payment. The query names the table of payments `p`. */
export const PAYMENT = `json_object('transaction_id', p.transaction_id,
  'out_trade_no', ${outTradeNo('p.ordercode', 'p.number')}, 'total_fee', p.total_fee)`
/** SQL that is true for a refund that the shop has called off. The query names the table of refunds `r`. */
export const CANCELLED = `(r.state = 'closed' AND r.cancelled_at IS NOT NULL)`
/** SQL for the JSON of a refund. The query names the table of refunds `r`. */
export const REFUND = `json_object('out_refund_no', r.out_refund_no, 'transaction_id', r.transaction_id,
  'refund_fee', r.refund_fee, 'state', iif(${CANCELLED}, 'cancelled', r.state))`
