import { isTotalFee, OUT_TRADE_NO } from '../protocol/order-number.ts'
import type { ParameterRule } from '../protocol/parameter-rule.ts'
import { BAD_REFUND_FEE, BAD_TOTAL_FEE } from '../protocol/refusals.ts'
import { REFUND_ACCOUNTS } from '../state/refund.ts'

/** The rule for out_refund_no: at most 64 letters, digits and `_-|*@`. */
export const OUT_REFUND_NO: ParameterRule = {
  bytesMax: 64,
  format: (value) => /^[0-9A-Za-z_\-|*@]+$/.test(value),
}

/**
 * The rules for every documented parameter of `refund`. Lengths are in UTF-8 bytes.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxa/wxa_api.php?chapter=9_4
 */
export const REFUND_PARAMETERS: Readonly<Record<string, ParameterRule>> = {
  transaction_id: { bytesMax: 32 },
  out_trade_no: OUT_TRADE_NO,
  out_refund_no: { ...OUT_REFUND_NO, required: true },
  total_fee: { required: true, bytesMax: 32, format: isTotalFee, refusal: BAD_TOTAL_FEE },
  refund_fee: { required: true, bytesMax: 32, format: isTotalFee, refusal: BAD_REFUND_FEE },
  refund_fee_type: { bytesMax: 8, format: (value) => value === 'CNY' },
  refund_desc: { bytesMax: 80 },
  refund_account: {
    bytesMax: 30,
    format: (value) => REFUND_ACCOUNTS.some((account) => account === value),
  },
  notify_url: { bytesMax: 256 },
  op_user_id: { bytesMax: 32 },
}
