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

// Rows about payments and refunds that never happened here: those of another mini program of the same merchant, or mistakes.

type PaidOrder = SimulatedOrder & { capture: Capture }

const NOON_MS = 12 * 3_600_000
const ONE_YUAN = 100

/** The row of a payment of one yuan at noon. */
export function fabricatePayment(date: string, world: World): BillRow {
  const order = fabricatePaidOrder(date, world)
  return paymentRow(order, order.capture, world)
}

/** The row of a refund at noon, of a real payment or by default of one that never happened. */
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

function fabricatePaidOrder(date: string, { random }: World): PaidOrder {
  const at = startOfDay(date) + NOON_MS
  const transactionId = makeTransactionId(random, at)
  const openid = makeOpenid(random)
  const capture: Capture = {
    transactionId,
    outTradeNo: `X${transactionId}`,
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
