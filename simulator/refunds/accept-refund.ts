import { makeRefundId } from '../lib/identifiers.ts'
import { REFUND_AGE_MAX_MS, REFUND_INTERVAL_MS, REFUNDS_PER_ORDER_MAX } from '../lib/limits.ts'
import {
  BALANCE_TOO_LOW,
  type BusinessRefusal,
  ORDER_FULLY_REFUNDED,
  REFUND_ORDER_UNKNOWN,
  REFUND_SUM_TOO_HIGH,
  REFUND_TOO_LATE,
  REFUNDS_TOO_FAST,
  REFUNDS_TOO_MANY,
  UNSETTLED_FUNDS_TOO_LOW,
} from '../protocol/refusals.ts'
import { type Capture, isPaid, type SimulatedOrder } from '../state/ledger.ts'
import {
  RECHARGE_FUNDS,
  type RefundAccount,
  type SimulatedRefund,
  UNSETTLED_FUNDS,
} from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { allocateRefund, refundableFen } from './refund-allocation.ts'

/** A refund to accept, requested by the API or on the merchant platform. */
export type RefundRequest = Pick<
  SimulatedRefund,
  'outRefundNo' | 'refundFee' | 'source' | 'account' | 'notifyUrl' | 'parameters'
>

const TOO_LOW: Readonly<Record<RefundAccount, BusinessRefusal>> = {
  [UNSETTLED_FUNDS]: UNSETTLED_FUNDS_TOO_LOW,
  [RECHARGE_FUNDS]: BALANCE_TOO_LOW,
}

const WECHAT_BALANCE = '支付用户零钱'
const RECEIVED_IN: Readonly<Record<string, string>> = { CMB_CREDIT: '招商银行信用卡0403' }

/**
 * Accepts a refund, which is then PROCESSING, or returns WeChat's refusal. The caller has checked that `outRefundNo` is new.
 */
export function acceptRefund(
  order: SimulatedOrder | undefined,
  request: RefundRequest,
  world: World,
): SimulatedRefund | BusinessRefusal {
  if (order?.capture === undefined || !isPaid(order)) return REFUND_ORDER_UNKNOWN
  const { capture } = order
  const earlier = world.refunds.ofOrder(order.outTradeNo)
  const refusal = whyNotRefundable(request, capture, earlier, world)
  if (refusal !== undefined) return refusal
  const refund = makeRefund(request, capture, earlier, world)
  const { account, settlementRefundFee } = refund
  if (settlementRefundFee > world.refunds.balances[account]) return TOO_LOW[account]

  world.refunds.add(refund)
  if (order.tradeState !== 'REFUND') world.ledger.put({ ...order, tradeState: 'REFUND' })
  world.record({
    type: 'refund_accepted',
    outTradeNo: order.outTradeNo,
    outRefundNo: refund.outRefundNo,
    outcome: `${refund.refundFee} fen, ${refund.refundId}`,
  })
  return refund
}

function whyNotRefundable(
  { refundFee, source }: RefundRequest,
  capture: Capture,
  earlier: readonly SimulatedRefund[],
  { clock, strict }: World,
): BusinessRefusal | undefined {
  const now = clock.now()
  const left = refundableFen(capture, earlier)
  if (now > capture.paidAt + REFUND_AGE_MAX_MS) return REFUND_TOO_LATE
  if (left === 0) return ORDER_FULLY_REFUNDED
  if (refundFee > left) return REFUND_SUM_TOO_HIGH
  if (earlier.length >= REFUNDS_PER_ORDER_MAX) return REFUNDS_TOO_MANY
  const newest = earlier.at(-1)?.appliedAt ?? -Infinity
  // Only the API requires a minute between two refunds of an order; the merchant platform does not.
  if (source === 'VENDOR_PLATFORM' || strict.refundsTooFast === 'accept') return undefined
  return now < newest + REFUND_INTERVAL_MS ? REFUNDS_TOO_FAST[strict.refundsTooFast] : undefined
}

function makeRefund(
  request: RefundRequest,
  capture: Capture,
  earlier: readonly SimulatedRefund[],
  { clock, random, refunds }: World,
): SimulatedRefund {
  const now = clock.now()
  let refundId = makeRefundId(random, now)
  while (refunds.findById(refundId) !== undefined) refundId = makeRefundId(random, now)
  const { transactionId, outTradeNo, totalFee, bankType } = capture
  return {
    ...request,
    refundId,
    outTradeNo,
    transactionId,
    totalFee,
    ...allocateRefund(request.refundFee, capture, earlier),
    status: 'PROCESSING',
    steps: [{ status: 'PROCESSING', at: now }],
    channel: 'ORIGINAL',
    receivedIn: RECEIVED_IN[bankType] ?? WECHAT_BALANCE,
    appliedAt: now,
  }
}
