import { formatBeijingTime, startOfDay } from '../lib/clock.ts'
import {
  makeOpenid,
  makePlatformRefundNo,
  makeRefundId,
  makeTransactionId,
} from '../lib/identifiers.ts'
import type { BillRow } from '../state/bill-plan.ts'
import type { Capture, SimulatedOrder } from '../state/ledger.ts'
import { type SimulatedRefund, UNSETTLED_FUNDS } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { paymentRow, refundRow } from './rows.ts'

// Bill rows about payments and refunds that are not in the ledgers: as if they belonged to another mini program of the same
// merchant, or were WeChat's mistakes.

type PaidOrder = SimulatedOrder & { capture: Capture }

const NOON_MS = 12 * 3_600_000
const ONE_YUAN = 100

/** Makes the bill row of an invented payment of one yuan, at noon of the day. */
export function fabricatePayment(date: string, world: World): BillRow {
  const order = fabricatePaidOrder(date, world)
  return paymentRow(order, order.capture, world)
}

/**
 * Makes the bill row of an invented refund, at noon of the day.
 * @param order The refunded order; by default an invented one.
 */
export function fabricateRefund(
  date: string,
  world: World,
  order: SimulatedOrder = fabricatePaidOrder(date, world),
  refundFee = ONE_YUAN,
): BillRow {
  const { random } = world
  const at = startOfDay(date) + NOON_MS
  const capture = order.capture ?? fabricatePaidOrder(date, world).capture
  const refund: SimulatedRefund = {
    outRefundNo: makePlatformRefundNo(random, at),
    refundId: makeRefundId(random, at),
    outTradeNo: order.outTradeNo,
    transactionId: capture.transactionId,
    totalFee: capture.totalFee,
    refundFee,
    settlementRefundFee: refundFee,
    cashRefundFee: refundFee,
    coupons: [],
    status: 'SUCCESS',
    steps: [{ status: 'SUCCESS', at }],
    source: 'VENDOR_PLATFORM',
    account: UNSETTLED_FUNDS,
    channel: 'ORIGINAL',
    receivedIn: '',
    appliedAt: at,
    parameters: new Map(),
  }
  return refundRow(refund, order, capture, at, world)
}

function fabricatePaidOrder(date: string, { random, merchant }: World): PaidOrder {
  const at = startOfDay(date) + NOON_MS
  const transactionId = makeTransactionId(random, at)
  const openid = makeOpenid(random)
  const capture: Capture = {
    transactionId,
    outTradeNo: `X${transactionId}`,
    appid: merchant.appid,
    openid,
    totalFee: ONE_YUAN,
    cashFee: ONE_YUAN,
    coupons: [],
    bankType: 'OTHERS',
    paidAt: at,
    timeEnd: formatBeijingTime(at),
  }
  return {
    outTradeNo: capture.outTradeNo,
    appid: capture.appid,
    openid,
    totalFee: ONE_YUAN,
    body: '别的商品',
    attach: '',
    deviceInfo: '',
    notifyUrl: '',
    signType: 'MD5',
    tradeState: 'SUCCESS',
    createdAt: at,
    prepays: [],
    parameters: new Map(),
    capture,
  }
}
