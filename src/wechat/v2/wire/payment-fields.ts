import { parseTransactionId, toOutTradeNo } from '../../../core/ids.ts'
import { parseFen } from '../../../core/money.ts'
import type { Payment } from '../../../core/order/payment.ts'
import { parseBeijing } from '../../../core/time.ts'
import type { AuthenticFields } from './envelope.ts'

/**
 * Reads the fields of a payment. They are the same in a payment notice and in WeChat's answer to orderquery.
 *
 * @returns the payment, or the name of the field that is missing or invalid.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937248
 */
export function readPayment(
  fields: AuthenticFields,
): Readonly<{ payment: Payment }> | Readonly<{ badField: string }> {
  const text = (name: string): string => fields.get(name) ?? ''

  const transactionId = parseTransactionId(text('transaction_id'))
  if (transactionId === undefined) return { badField: 'transaction_id' }
  const totalFee = parseFen(text('total_fee'))
  if (totalFee === undefined) return { badField: 'total_fee' }
  const paidAt = parseBeijing(text('time_end'))
  if (paidAt === undefined) return { badField: 'time_end' }
  if (text('out_trade_no') === '') return { badField: 'out_trade_no' }

  return {
    payment: {
      appid: text('appid'),
      mchId: text('mch_id'),
      transactionId,
      outTradeNo: toOutTradeNo(text('out_trade_no')),
      openid: text('openid'),
      tradeType: text('trade_type'),
      feeType: text('fee_type') === '' ? 'CNY' : text('fee_type'), // a missing fee_type means CNY
      totalFee,
      cashFee: parseFen(text('cash_fee')),
      bankType: text('bank_type') === '' ? undefined : text('bank_type'),
      paidAt,
    },
  }
}
