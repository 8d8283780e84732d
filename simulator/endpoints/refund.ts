import { haveSameFields } from '../lib/fields.ts'
import { type Answer, inOrder } from '../protocol/answer.ts'
import type { CheckedRequest, PayEndpoint } from '../protocol/endpoint.ts'
import { isNotifyUrl } from '../protocol/notify-url.ts'
import { lookUpOrder } from '../protocol/order-lookup.ts'
import { settlementFields } from '../protocol/payment-fields.ts'
import { couponRefundFields, settlementRefundFields } from '../protocol/refund-fields.ts'
import {
  badFormat,
  type GatewayRefusal,
  INVALID_TRANSACTION_ID,
  MISSING_PARAMETER,
  REFUND_AMOUNTS_CHANGED,
  REFUND_OF_OTHER_APPID,
  REFUND_ORDER_UNKNOWN,
  REFUND_PARAMETERS_CHANGED,
  type Refusal,
} from '../protocol/refusals.ts'
import { acceptRefund } from '../refunds/accept-refund.ts'
import type { Capture } from '../state/ledger.ts'
import { REFUND_ACCOUNTS, type SimulatedRefund, UNSETTLED_FUNDS } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { REFUND_PARAMETERS } from './refund-parameters.ts'

/**
 * refund: accepts a refund, only from a client that shows the merchant's certificate. An accepted refund is PROCESSING: the
 * payer does not have the money yet.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxa/wxa_api.php?chapter=9_4
 */
export const REFUND: PayEndpoint = {
  name: 'refund',
  parameters: REFUND_PARAMETERS,
  check,
  act,
}

function check(fields: ReadonlyMap<string, string>, { strict }: World): GatewayRefusal | undefined {
  if (!fields.has('transaction_id') && !fields.has('out_trade_no')) return MISSING_PARAMETER
  const notifyUrl = fields.get('notify_url')
  if (notifyUrl === undefined || isNotifyUrl(notifyUrl, strict)) return undefined
  return badFormat('notify_url')
}

function act({ fields }: CheckedRequest, world: World): Answer | Refusal {
  if (!/^\d*$/.test(fields.get('transaction_id') ?? '')) return INVALID_TRANSACTION_ID
  const order = lookUpOrder(fields, world)
  if (order?.capture === undefined) return REFUND_ORDER_UNKNOWN
  if (order.appid !== fields.get('appid') && world.strict.refundByOtherAppid === 'refuse') {
    return REFUND_OF_OTHER_APPID
  }
  const outRefundNo = fields.get('out_refund_no') ?? ''
  const refundFee = Number(fields.get('refund_fee'))
  const hasTotal = Number(fields.get('total_fee')) === order.totalFee
  const known = world.refunds.find(outRefundNo)
  if (known !== undefined) {
    const isSameMoney =
      hasTotal && known.outTradeNo === order.outTradeNo && known.refundFee === refundFee
    if (!isSameMoney) return REFUND_AMOUNTS_CHANGED
    if (!haveSameFields(known.parameters, refundParameters(fields)))
      return REFUND_PARAMETERS_CHANGED
    return refundAnswer(known, order.capture)
  }
  if (!hasTotal) return REFUND_AMOUNTS_CHANGED

  const notifyUrl = fields.get('notify_url')
  const account = fields.get('refund_account')
  const refund = acceptRefund(
    order,
    {
      outRefundNo,
      refundFee,
      source: 'API',
      account: REFUND_ACCOUNTS.find((each) => each === account) ?? UNSETTLED_FUNDS,
      ...(notifyUrl === undefined ? {} : { notifyUrl }),
      parameters: refundParameters(fields),
    },
    world,
  )
  return 'level' in refund ? refund : refundAnswer(refund, order.capture)
}

function refundAnswer(refund: SimulatedRefund, capture: Capture): Answer {
  const coupons = couponRefundFields(refund)
  const settlement = settlementFields(capture)
  const settlementRefund = settlementRefundFields(refund)
  return {
    order: inOrder(`return_code return_msg appid mch_id nonce_str sign result_code transaction_id
      out_trade_no out_refund_no refund_id refund_channel refund_fee
      ${Object.keys(settlementRefund).join(' ')} ${Object.keys(coupons).join(' ')}
      total_fee ${Object.keys(settlement).join(' ')} fee_type cash_fee cash_refund_fee`),
    values: {
      transaction_id: refund.transactionId,
      out_trade_no: refund.outTradeNo,
      out_refund_no: refund.outRefundNo,
      refund_id: refund.refundId,
      // WeChat's real answers contain refund_channel with an empty value.
      refund_channel: '',
      refund_fee: String(refund.refundFee),
      ...settlementRefund,
      ...coupons,
      total_fee: String(refund.totalFee),
      ...settlement,
      fee_type: 'CNY',
      cash_fee: String(capture.cashFee),
      cash_refund_fee: String(refund.cashRefundFee),
    },
  }
}

const NOT_REPEATED = ['nonce_str', 'sign', 'sign_type', 'transaction_id', 'out_trade_no']

/**
 * The parameters that must be equal in every request for one out_refund_no. The order's numbers are not among them, because a
 * repeated request may name the order by its other number.
 */
function refundParameters(fields: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...fields].filter(([name]) => !NOT_REPEATED.includes(name)))
}
