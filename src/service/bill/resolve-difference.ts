/** What becomes of one difference between a bill and the books. */
import {
  collectedReview,
  type Difference,
  differenceReview,
  REVIEWS_MAX,
} from '../../core/bill/difference.ts'
import { TRIES_MAX, TRIES_TO_TELL } from '../../core/bill/schedule.ts'
import { parseTransactionId, toOutTradeNo } from '../../core/ids.ts'
import type { OrderView } from '../../core/order/order.ts'
import { isReserved, toOutRefundNo } from '../../core/order/refund.ts'
import type { Deps } from '../../ports/deps.ts'
import { StoreUnavailable } from '../../ports/store.ts'
import { openReview } from '../open-review.ts'
import { settlePayment } from '../order/record-payment.ts'
import { discoverRefund } from '../refund/discover-refunds.ts'

type Verdict = 'booked' | 'review' | 'ask_again'

/**
 * What WeChat confirms is booked, through the same door as a notice; the rest becomes a review.
 *
 * @returns whether it is settled; otherwise WeChat did not say, and is to be asked again.
 */
export async function settleDifference(deps: Deps, difference: Difference): Promise<boolean> {
  const asked = await ask(deps, difference).catch((error: unknown): Verdict => {
    if (error instanceof StoreUnavailable) throw error
    // A bug of ours: it costs this one difference its tries, and not the day.
    const reason = error instanceof Error ? error.name : 'unknown'
    deps.log({ event: 'bill_difference_failed', reason, subject: difference.subject })
    return 'ask_again'
  })
  const tries = difference.tries + 1
  const verdict = asked === 'ask_again' && tries >= TRIES_MAX ? 'review' : asked
  const outcome = verdict === 'review' ? await lookAt(deps, difference) : verdict
  if (outcome === 'ask_again' && tries >= TRIES_TO_TELL) {
    await openReview(deps, differenceReview(difference))
  }
  await deps.store.bills.settleDifference(difference, outcome === 'ask_again' ? undefined : outcome)
  return outcome !== 'ask_again'
}

/**
 * Puts it before a person, and with very many of a kind all of them at once. Before that is noted: a crash
 * in between opens nothing twice.
 */
async function lookAt(deps: Deps, difference: Difference): Promise<'review' | 'collected'> {
  const { day, kind } = difference
  const others = await deps.store.bills.countReviewed(day, kind, REVIEWS_MAX)
  if (others < REVIEWS_MAX) {
    await openReview(deps, differenceReview(difference))
    return 'review'
  }
  await openReview(deps, collectedReview(day, kind, others))
  return 'collected'
}

async function ask(deps: Deps, difference: Difference): Promise<Verdict> {
  const { ordercode } = difference
  const view = ordercode === undefined ? undefined : await deps.store.load(ordercode)
  if (view === undefined) return 'review'
  switch (difference.kind) {
    case 'payment_not_here':
      return askForPayment(deps, difference)
    case 'refund_not_here':
    case 'refund_differs':
      return askForRefund(deps, view, difference)
    default:
      return 'review'
  }
}

/** A bill is not signed, so WeChat's signed answer is what is booked. */
async function askForPayment(deps: Deps, { subject, bill }: Difference): Promise<Verdict> {
  const reply = await deps.wechat.orderQuery(toOutTradeNo(String(bill?.['out_trade_no'])))
  if (reply.kind === 'unknown') return 'ask_again'
  if (reply.kind !== 'paid' || reply.payment.transactionId !== subject) return 'review'
  const settled = await settlePayment(deps, reply.payment, 'bill', reply.refunded)
  if (settled.ok) return 'booked'
  const { reason } = settled.error
  return reason === 'contended' || reason === 'illegal_transition' ? 'ask_again' : 'review'
}

async function askForRefund(
  deps: Deps,
  view: OrderView,
  { subject, bill, tries }: Difference,
): Promise<Verdict> {
  const transactionId = parseTransactionId(String(bill?.['transaction_id']))
  const payment = view.payments.find((each) => each.transactionId === transactionId)
  // Its payment is one of the other differences, perhaps, and is booked in a moment.
  if (payment === undefined) return tries + 1 < TRIES_TO_TELL ? 'ask_again' : 'review'
  const number = toOutRefundNo(subject)
  const { view: after, known } = await discoverRefund(deps, view, payment.transactionId, number)
  if (known === undefined) return 'ask_again'
  const refund = after.refunds.find(({ outRefundNo }) => outRefundNo === subject)
  const agrees =
    refund !== undefined &&
    refund.transactionId === payment.transactionId &&
    refund.refundFee === bill?.['refund_fee'] &&
    refund.state !== 'requested' &&
    (isReserved(refund) || refund.state === 'closed')
  return agrees ? 'booked' : 'review'
}
