import { formatBeijingDateTime } from '../lib/clock.ts'
import { FEE_BASIS_POINTS, formatFeeRate, formatServiceFee, formatYuan } from '../lib/yuan.ts'
import type { BillColumns, BillRow, BillType } from '../state/bill-plan.ts'
import { couponSum } from '../state/coupons.ts'
import type { Capture, SimulatedOrder } from '../state/ledger.ts'
import { RECHARGE_FUNDS, type SimulatedRefund, statusAt, successAt } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { BOTH_COUPONS } from './layouts.ts'

/** The kinds of rows that each type of bill lists. */
export const ROW_KINDS: Readonly<Record<BillType, readonly BillRow['kind'][]>> = {
  ALL: ['payment', 'refund'],
  SUCCESS: ['payment'],
  REFUND: ['refund'],
  RECHARGE_REFUND: ['recharge_refund'],
}

/**
 * Makes the row of a payment for the bill of the day of payment. The row's 交易状态 (trade state) is SUCCESS, even after refunds.
 */
export function paymentRow(order: SimulatedOrder, capture: Capture, world: World): BillRow {
  const settledFen = capture.settlementTotalFee ?? capture.totalFee
  return {
    kind: 'payment',
    number: capture.transactionId,
    columns: {
      ...commonColumns(order, capture, world),
      交易时间: formatBeijingDateTime(capture.paidAt),
      交易状态: 'SUCCESS',
      应结订单金额: formatYuan(settledFen),
      代金券金额: formatYuan(capture.totalFee - capture.cashFee),
      手续费: formatServiceFee(settledFen),
      订单金额: formatYuan(capture.totalFee),
    },
  }
}

/**
 * Makes the row of a refund for the bill of the day on which the refund was requested. The row shows the refund's status at
 * `madeAt`, when WeChat makes the bill, because WeChat never updates a bill.
 */
export function refundRow(
  refund: SimulatedRefund,
  order: SimulatedOrder,
  capture: Capture,
  madeAt: number,
  world: World,
): BillRow {
  const status = statusAt(refund, madeAt)
  const arrivedAt = status === 'SUCCESS' ? successAt(refund) : undefined
  return {
    kind: refund.account === RECHARGE_FUNDS ? 'recharge_refund' : 'refund',
    number: refund.outRefundNo,
    columns: {
      ...commonColumns(order, capture, world),
      交易时间: formatBeijingDateTime(refund.appliedAt),
      交易状态: 'REFUND',
      退款申请时间: formatBeijingDateTime(refund.appliedAt),
      退款成功时间: arrivedAt === undefined ? '' : formatBeijingDateTime(arrivedAt),
      微信退款单号: refund.refundId,
      商户退款单号: refund.outRefundNo,
      退款金额: formatYuan(refund.settlementRefundFee),
      充值券退款金额: formatYuan(couponSum(refund.coupons, 'CASH')),
      退款类型: refund.channel,
      退款状态: status,
      申请退款金额: formatYuan(refund.refundFee),
      [BOTH_COUPONS]: formatYuan(couponSum(refund.coupons)),
    },
  }
}

function commonColumns(order: SimulatedOrder, capture: Capture, world: World): BillColumns {
  return {
    公众账号ID: capture.appid,
    商户号: world.merchant.mchId,
    // The column 特约商户号 (sub-merchant number) is 0, because our merchant is direct.
    特约商户号: '0',
    设备号: order.deviceInfo,
    微信订单号: capture.transactionId,
    商户订单号: capture.outTradeNo,
    用户标识: capture.openid,
    交易类型: 'JSAPI',
    付款银行: capture.bankType,
    货币种类: 'CNY',
    应结订单金额: '0.00',
    代金券金额: '0.00',
    退款申请时间: '',
    退款成功时间: '',
    微信退款单号: '0',
    商户退款单号: '0',
    退款金额: '0.00',
    充值券退款金额: '0.00',
    退款类型: '',
    退款状态: '',
    商品名称: order.body,
    商户数据包: order.attach,
    手续费: '0.00000',
    费率: formatFeeRate(FEE_BASIS_POINTS),
    订单金额: '0.00',
    申请退款金额: '0.00',
    费率备注: '',
    返还手续费: '0.00000',
    [BOTH_COUPONS]: '0.00',
  }
}
