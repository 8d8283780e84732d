/** Checks of refunds that an operator calls off or holds back: what is called off never leaves, and no review stays behind. */
import { feesOf, isOtherRefund, refundsOf } from './refunds.ts'
import { type Check, rows } from './rows.ts'

/**
 * A refund is called off, which releases its amount, only if no message of it is at WeChat or on its way there. Calls of the
 * simulation arrive within half a minute, so WeChat never has a refund that was called off.
 */
const cancelledRefundsNeverLeave: Check = (evidence) =>
  rows(evidence, 'events')
    .filter(({ type }) => type === 'refund_cancelled')
    .flatMap(({ data }) => {
      const number = (JSON.parse(String(data)) as { out_refund_no?: string }).out_refund_no
      const row = rows(evidence, 'refunds').find((each) => each['out_refund_no'] === number)
      const refund = evidence.wechatRefunds.find(({ outRefundNo }) => outRefundNo === number)
      return row === undefined || refund === undefined || isOtherRefund(row, refund)
        ? []
        : [`${number} was called off, but at WeChat it is ${refund.status}`]
    })

/**
 * The sum of all refunds of a payment that succeeded is the same here and at WeChat. This check does not match numbers, so it
 * would also notice an error in the matching of the other checks.
 */
const refundSumsAgree: Check = (evidence) =>
  rows(evidence, 'payments').flatMap(({ transaction_id: transactionId }) => {
    const there = evidence.wechatRefunds.filter((each) => each.transactionId === transactionId)
    const here = refundsOf(evidence, transactionId)
    const numbers = new Set(there.map(({ outRefundNo }) => outRefundNo))
    // Where WeChat has another refund under our number, the two sums cannot agree, and a review says so.
    const isTaken = rows(evidence, 'refunds').some((row) =>
      evidence.wechatRefunds.some(
        (each) =>
          each.outRefundNo === row['out_refund_no'] &&
          isOtherRefund(row, each) &&
          (row['transaction_id'] === transactionId || numbers.has(each.outRefundNo)),
      ),
    )
    if (isTaken) return []
    const returned = there
      .filter(({ status }) => status === 'SUCCESS')
      .reduce((sum, { refundFee }) => sum + refundFee, 0)
    const recorded = feesOf(here.filter(({ state }) => state === 'succeeded'))
    return returned === recorded
      ? []
      : [`of payment ${transactionId} WeChat returned ${returned} fen, recorded are ${recorded}`]
  })

/** A review that a refund waits ends by itself when the refund goes on, is refused or is called off, or refunds are resumed. */
const waitingReviewsEnd: Check = (evidence) =>
  rows(evidence, 'reviews')
    .filter(({ kind, resolved_at: resolvedAt }) => kind === 'refund_waiting' && resolvedAt === null)
    .map(({ id }) => `review ${id} is open, but no refund waits`)

/** All checks about refunds that are called off or held back, by name. */
export const HELD_REFUND_CHECKS = {
  cancelledRefundsNeverLeave,
  refundSumsAgree,
  waitingReviewsEnd,
} satisfies Record<string, Check>
