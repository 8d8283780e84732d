/** What the books say of a payment `p` or a refund `r`, as one side of a difference. */

/** Of an attempt. */
export const outTradeNo = (ordercode: string, number: string): string =>
  `${ordercode} || iif(${number} = 1, '', '*' || ${number})`

export const PAYMENT = `json_object('transaction_id', p.transaction_id,
  'out_trade_no', ${outTradeNo('p.ordercode', 'p.number')}, 'total_fee', p.total_fee)`
export const REFUND = `json_object('out_refund_no', r.out_refund_no, 'transaction_id', r.transaction_id,
  'refund_fee', r.refund_fee, 'state', r.state)`
