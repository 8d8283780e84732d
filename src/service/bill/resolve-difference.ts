/** Resolves one difference between a bill and our records. */
import type { Bill } from '../../core/bill/bill.ts'
import {
  collectedReview,
  type Difference,
  differenceReview,
  REVIEWS_MAX,
  type Side,
} from '../../core/bill/difference.ts'
import { TRIES_BEFORE_REVIEW, TRIES_MAX } from '../../core/bill/schedule.ts'
import { hasWrongFee, sidesAgree } from '../../core/bill/sides.ts'
import { parseTransactionId, toOutTradeNo } from '../../core/ids.ts'
import { findAttempt, type OrderView } from '../../core/order/order.ts'
import type { Payment } from '../../core/order/payment.ts'
import { isReserved, toOutRefundNo } from '../../core/order/refund.ts'
import { isRetryable } from '../../core/order/rejection.ts'
import { detailsOf } from '../../lib/words.ts'
import type { Deps } from '../../ports/deps.ts'
import { StoreUnavailable } from '../../ports/store.ts'
import { openReview } from '../open-review.ts'
import { recordQueriedPayment } from '../order/record-queried-payment.ts'
import { importRefund } from '../refund/import-refunds.ts'

type ResolveDifferenceDeps = Pick<
  Deps,
  'bills' | 'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

type Verdict = 'booked' | 'review' | 'try_again'

/**
 * Resolves a difference and stores the outcome. What WeChat confirms in a query is recorded in the same way
 * as a payment from a notice; anything else becomes a review.
 *
 * @param bill The difference's bill, whose lease the caller holds.
 * @returns false when WeChat gave no clear answer, so that the difference must be tried again.
 */
export async function resolveDifference(
  deps: ResolveDifferenceDeps,
  bill: Bill,
  difference: Difference,
): Promise<boolean> {
  const asked = await queryDifference(deps, difference).catch((error: unknown): Verdict => {
    if (error instanceof StoreUnavailable) throw error
    // An unexpected exception counts as a failed try of this difference, and the run goes on with the day's
    // other differences.
    deps.log({
      event: 'bill_difference_failed',
      ...detailsOf(error),
      subject: difference.subject,
    })
    return 'try_again'
  })
  const tries = difference.tries + 1
  const verdict = asked === 'try_again' && tries >= TRIES_MAX ? 'review' : asked
  const outcome = verdict === 'review' ? await openDifferenceReview(deps, difference) : verdict
  // The review is opened before the try is stored. So it is opened once, and also after a crash in between.
  if (outcome === 'try_again' && tries === TRIES_BEFORE_REVIEW) {
    await openReview(deps, differenceReview(difference))
  }
  const known = outcome === 'try_again' ? undefined : outcome
  await deps.bills.resolveDifference(bill, difference, known)
  return outcome !== 'try_again'
}

/**
 * Opens a review about a difference. The first hundred differences of a kind have a review each; one more
 * review covers all others. The review is opened before the outcome is stored, so a crash in between loses no
 * review: the next run finds it open and does not open it twice.
 */
async function openDifferenceReview(
  deps: ResolveDifferenceDeps,
  difference: Difference,
): Promise<'review' | 'collected'> {
  const { day, kind } = difference
  const others = await deps.bills.countReviewed(day, kind, REVIEWS_MAX)
  if (others < REVIEWS_MAX) {
    await openReview(deps, differenceReview(difference))
    return 'review'
  }
  await openReview(deps, collectedReview(day, kind, others))
  return 'collected'
}

async function queryDifference(
  deps: ResolveDifferenceDeps,
  difference: Difference,
): Promise<Verdict> {
  const { ordercode } = difference
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  if (view === undefined) return 'review'
  switch (difference.kind) {
    case 'payment_not_here':
      return queryPayment(deps, view, difference)
    case 'payment_of_unknown_order':
      // Meanwhile the shop may have registered the order again, and the payment may be recorded.
      return isRecorded(view, difference) ? 'booked' : 'review'
    case 'refund_not_here':
    case 'refund_differs':
      return queryRefundRow(deps, view, difference)
    default:
      return 'review'
  }
}

const isRecorded = ({ payments }: OrderView, { subject }: Difference): boolean =>
  payments.some(({ transactionId }) => transactionId === subject)

/**
 * Queries WeChat about a payment that only the bill has, and records it from the signed answer, because a
 * bill is not signed.
 */
async function queryPayment(
  deps: ResolveDifferenceDeps,
  view: OrderView,
  { subject, bill }: Difference,
): Promise<Verdict> {
  const outTradeNo = toOutTradeNo(String(bill?.['out_trade_no']))
  const ids = findAttempt(view, outTradeNo)?.terms ?? deps.config
  const reply = await deps.wechat.orderQuery(outTradeNo, ids)
  if (reply.kind === 'unknown') return 'try_again'
  if (reply.kind !== 'paid' || reply.payment.transactionId !== subject) return 'review'
  const recorded = await recordQueriedPayment(deps, reply, 'bill')
  if (recorded.ok) return agreesWith(bill, reply.payment) ? 'booked' : 'review'
  const { reason } = recorded.error
  return isRetryable(reason) || reason === 'refunds_unknown' ? 'try_again' : 'review'
}

/** Whether the bill's row agrees with the payment that WeChat confirmed, and its fee with its own rate. */
const agreesWith = (bill: Side | undefined, payment: Payment): boolean =>
  bill !== undefined &&
  !hasWrongFee(bill) &&
  sidesAgree(bill, {
    total_fee: payment.totalFee,
    openid: payment.openid,
    trade_type: payment.tradeType,
    fee_type: payment.feeType,
  })

/**
 * Imports the refund of a bill's row from WeChat, and checks that our records agree with the row afterwards.
 */
async function queryRefundRow(
  deps: ResolveDifferenceDeps,
  view: OrderView,
  { subject, bill, tries }: Difference,
): Promise<Verdict> {
  const transactionId = parseTransactionId(String(bill?.['transaction_id']))
  const payment = view.payments.find((each) => each.transactionId === transactionId)
  // The refund's payment may be another open difference that is recorded soon, so the refund is tried again.
  if (payment === undefined) return tries + 1 < TRIES_BEFORE_REVIEW ? 'try_again' : 'review'
  const number = toOutRefundNo(subject)
  const { view: after, known } = await importRefund(deps, view, payment, number)
  if (known === undefined) return 'try_again'
  const refund = after.refunds.find(({ outRefundNo }) => outRefundNo === subject)
  const agrees =
    refund !== undefined &&
    refund.transactionId === payment.transactionId &&
    refund.refundFee === bill?.['refund_fee'] &&
    refund.state !== 'requested' &&
    (isReserved(refund) || refund.state === 'closed') &&
    !hasWrongFee(bill)
  return agrees ? 'booked' : 'review'
}
