/** Checks of refunds: never more than was paid, never twice, and the same in our records as in WeChat's ledger. */
import { isLiveRefund, type SimulatedRefund } from '../../../simulator/state/refund.ts'
import type { SqlRow } from '../d1/sqlite.ts'
import type { Evidence } from './evidence.ts'
import { isAccepted, isUnrecorded } from './losses.ts'
import { historyOf } from './refund-story.ts'
import { type Check, failures, rows } from './rows.ts'
import { isLate } from './webhooks.ts'
import type { AcceptedRefund } from './witness.ts'

const STATE_OF: Readonly<Record<string, string>> = {
  PROCESSING: 'processing',
  SUCCESS: 'succeeded',
  CHANGE: 'abnormal',
  REFUNDCLOSE: 'closed',
}

/** Whether the shop or an operator called the refund off. The row's state is `closed`, which holds until WeChat's later word. */
const isCancelled = ({ state, cancelled_at: cancelledAt, refund_id: refundId }: SqlRow): boolean =>
  state === 'closed' && cancelledAt !== null && refundId === null

const isReserved = ({ state }: SqlRow): boolean => state !== 'refused' && state !== 'closed'

/** Our refunds of a payment. */
export const refundsOf = (evidence: Evidence, transactionId: unknown): readonly SqlRow[] =>
  rows(evidence, 'refunds').filter((row) => row['transaction_id'] === transactionId)

/** The sum of refunds, in fen. */
export const feesOf = (refunds: readonly SqlRow[]): number =>
  refunds.reduce((sum, row) => sum + Number(row['refund_fee']), 0)

/** The refunds of a payment do not exceed its amount, neither in our records, with reservations, nor at WeChat. */
const refundsFitPayments: Check = (evidence) =>
  rows(evidence, 'payments').flatMap(({ transaction_id: transactionId, total_fee: total }) => {
    const here = feesOf(refundsOf(evidence, transactionId).filter(isReserved))
    const there = evidence.wechatRefunds
      .filter((each) => each.transactionId === transactionId && isLiveRefund(each))
      .reduce((sum, { refundFee }) => sum + refundFee, 0)
    return failures([
      here <= Number(total) || `${here} fen are reserved for refunds`,
      there <= Number(total) || `WeChat refunded ${there} fen`,
    ]).map((what) => `of payment ${transactionId}, ${total} fen, ${what}`)
  })

/**
 * Whether WeChat has another refund under the number of our refund, made on the merchant platform or for another order. Such
 * a refund must have a review.
 */
export const isOtherRefund = (row: SqlRow, refund: SimulatedRefund): boolean =>
  row['transaction_id'] !== refund.transactionId || row['refund_fee'] !== refund.refundFee

/** Every refund at WeChat is in our records, with the same payment, amount and state. */
const wechatRefundsAreRecorded: Check = (evidence) =>
  evidence.wechatRefunds.flatMap((refund) => {
    const { outRefundNo, refundFee, status, transactionId } = refund
    const row = rows(evidence, 'refunds').find((each) => each['out_refund_no'] === outRefundNo)
    const what = `${outRefundNo} of ${transactionId}, ${refundFee} fen`
    if (row === undefined && isUnrecorded(evidence, outRefundNo)) return []
    if (row === undefined) return [`${what}, is ${status} at WeChat, but does not exist here`]
    if (isOtherRefund(row, refund)) {
      const isReviewed = rows(evidence, 'reviews').some(
        ({ subject, kind }) =>
          (subject === outRefundNo && kind === 'refund_conflict') ||
          (kind === 'bill_difference' && String(subject).endsWith(`.${outRefundNo}`)),
      )
      return isReviewed ? [] : [`${what}, differs from our refund of that number, without a review`]
    }
    return row['state'] === STATE_OF[status]
      ? []
      : [`${what}, is ${status} at WeChat, but ${row['state']} here`]
  })

/** Every refund of our records that is processing, succeeded, abnormal or closed exists at WeChat. */
const refundsExistAtWeChat: Check = (evidence) =>
  rows(evidence, 'refunds')
    .filter(
      (row) => row['state'] !== 'refused' && row['state'] !== 'requested' && !isCancelled(row),
    )
    .flatMap((row) => {
      const { out_refund_no: number, state } = row
      const refund = evidence.wechatRefunds.find(({ outRefundNo }) => outRefundNo === number)
      if (refund === undefined) return [`${number} is ${state}, but WeChat has no such refund`]
      return failures([
        !isOtherRefund(row, refund) || 'WeChat has another refund under that number',
        row['refund_id'] === refund.refundId || `its refund_id at WeChat is ${refund.refundId}`,
        row['source'] !== 'merchant_platform' ||
          evidence.restores.hasLost(refund.appliedAt) ||
          refund.source === 'VENDOR_PLATFORM' ||
          'our API call made it, not the merchant platform',
      ]).map((what) => `${number} is ${state}, but ${what}`)
    })

/** A refund is `refused`, which releases its reservation, only if WeChat really had no such refund when the refusal was recorded. */
const refusedRefundsWereRefused: Check = (evidence) => [
  ...rows(evidence, 'refunds')
    .filter(({ state }) => state === 'refused')
    .flatMap((row) => {
      const refund = evidence.wechatRefunds.find(
        ({ outRefundNo }) => outRefundNo === row['out_refund_no'],
      )
      return failures([
        refund === undefined || isOtherRefund(row, refund) || `at WeChat it is ${refund.status}`,
        row['err_code'] !== null || 'there is no err_code',
      ]).map((what) => `${row['out_refund_no']} is refused, but ${what}`)
    }),
  ...rows(evidence, 'events')
    .filter(({ type }) => type === 'refund_refused')
    .flatMap(({ at, data }) => {
      const number = (JSON.parse(String(data)) as { out_refund_no?: string }).out_refund_no
      const row = rows(evidence, 'refunds').find((each) => each['out_refund_no'] === number)
      const refund = evidence.wechatRefunds.find(({ outRefundNo }) => outRefundNo === number)
      if (row === undefined || refund === undefined || isOtherRefund(row, refund)) return []
      const isKnown = refund.source === 'API' && refund.appliedAt < Number(at) * 1_000
      return isKnown ? [`${number} was recorded as refused after WeChat had accepted it`] : []
    }),
]

/** Whether the refund was confirmed and then lost with a restore, before WeChat got it, or with its payment. */
const isLostRefund = (
  evidence: Evidence,
  { outRefundNo, refundFee, atMs }: AcceptedRefund,
): boolean =>
  evidence.restores.hasLost(atMs) &&
  (isUnrecorded(evidence, outRefundNo) ||
    !evidence.wechatRefunds.some(
      (each) => each.outRefundNo === outRefundNo && each.refundFee === refundFee,
    ))

/** No refund waits forever, and every refund that the Worker confirmed to the shop exists. */
const refundsReachAnEnd: Check = (evidence) => [
  ...rows(evidence, 'refunds')
    .filter(({ state }) => state === 'requested' || state === 'processing')
    .map((row) => `${row['out_refund_no']} is still ${row['state']}`),
  ...evidence.acceptedRefunds
    .filter(
      (accepted) =>
        !isLostRefund(evidence, accepted) &&
        !rows(evidence, 'refunds').some(
          (row) =>
            row['out_refund_no'] === accepted.outRefundNo &&
            row['ordercode'] === accepted.ordercode &&
            row['refund_fee'] === accepted.refundFee,
        ),
    )
    .map(
      ({ outRefundNo, refundFee }) =>
        `${outRefundNo}, ${refundFee} fen, was confirmed to the shop, but does not exist`,
    ),
]

/** Replaying the events of a refund gives its state, and there are no events of a refund that does not exist. */
const refundEventsMatchState: Check = (evidence) => [
  ...rows(evidence, 'refunds').flatMap((refund) =>
    historyOf(evidence, refund).contradictions.map(
      (what) => `${refund['out_refund_no']} is ${refund['state']}, but its events say: ${what}`,
    ),
  ),
  ...rows(evidence, 'events')
    .filter(({ type }) => String(type).startsWith('refund_'))
    .map((row) => (JSON.parse(String(row['data'])) as { out_refund_no?: string }).out_refund_no)
    .filter((number) => !rows(evidence, 'refunds').some((row) => row['out_refund_no'] === number))
    .map((number) => `${number} has events, but no row`),
]

const WEBHOOK_OF: Readonly<Record<string, string>> = {
  succeeded: 'refund.succeeded',
  refused: 'refund.failed',
  closed: 'refund.failed',
}

/** Each final state that a refund reached has one webhook, with the order's revision at that time; and webhooks are true. */
const refundsHaveWebhooks: Check = (evidence) => {
  const expected = rows(evidence, 'refunds').flatMap((refund) =>
    historyOf(evidence, refund).steps.flatMap(({ state, revision }) => {
      const type = WEBHOOK_OF[state]
      return type === undefined ? [] : [{ id: `${type}.${refund['out_refund_no']}`, revision }]
    }),
  )
  const sent = rows(evidence, 'deliveries').filter(({ type }) => String(type).startsWith('refund.'))
  return [
    ...expected
      .filter(({ id }) => !sent.some((row) => row['id'] === id))
      .map(({ id }) => `webhook ${id} is missing`),
    ...sent
      .filter((row) => {
        const ends = expected.filter(({ id }) => id === row['id'])
        return !ends.some(({ revision }) => revision === row['revision'])
      })
      .map(({ id, revision }) => `webhook ${id} of revision ${revision} has no cause`),
    ...evidence.received
      .filter(({ type }) => type.startsWith('refund.'))
      .flatMap(({ id, type, data }) => {
        const refund = evidence.wechatRefunds.find(
          ({ outRefundNo }) => outRefundNo === data.out_refund_no,
        )
        const isSuccess = type === 'refund.succeeded'
        return failures([
          !isSuccess || refund?.status === 'SUCCESS' || 'the refund did not succeed at WeChat',
          !isSuccess || refund?.refundFee === data.refund_fee || `not ${data.refund_fee} fen`,
          WEBHOOK_OF[data.state ?? ''] === type || `its state is ${data.state}`,
        ]).map((what) => `${id}: ${what}`)
      }),
  ]
}

const isRefundedOnPlatform = (evidence: Evidence, transactionId: unknown): boolean =>
  evidence.wechatRefunds.some(
    (each) => each.transactionId === transactionId && each.source === 'VENDOR_PLATFORM',
  )

/** Second payments, and late payments where LATE_PAYMENT=refund, are refunded automatically and once; no other payment is. */
const wrongPaymentsAreRefunded: Check = (evidence) => {
  const { hasCertificate, latePayment } = evidence.settings
  return rows(evidence, 'payments').flatMap((payment) => {
    const { transaction_id: transactionId, ordercode, total_fee: total } = payment
    const isReturned = payment['returned'] === 1
    const late = isLate(evidence, ordercode, transactionId)
    if (latePayment !== 'accept' && late === undefined) return []
    // Where the operator has switched LATE_PAYMENT, the row says what the policy was.
    const isRefunding = latePayment === 'refund' || (latePayment === 'either' && isReturned)
    const isByPolicy = isRefunding && late === true
    const isSecond =
      payment['further'] === 1 && payment['returned'] === 0 && !isAccepted(evidence, transactionId)
    const isWrong = hasCertificate && (isSecond || isByPolicy)
    const own = refundsOf(evidence, transactionId)
    const automatic = own.find((row) => row['out_refund_no'] === `auto*${transactionId}`)
    if (automatic === undefined) {
      // If the merchant's staff refunded the payment on the merchant platform first, no automatic refund is needed.
      return isWrong && !isRefundedOnPlatform(evidence, transactionId)
        ? [`${transactionId} must be refunded, but has no automatic refund`]
        : []
    }
    const decided = rows(evidence, 'reviews').some(
      ({ id }) =>
        id === `late_payment.${transactionId}` || id === `second_payment.${transactionId}`,
    )
    const isOurs = automatic['source'] === 'automatic'
    return failures([
      isWrong || !isOurs || 'is refunded automatically, but must not be',
      // If a restore lost the payment with its review, its return is the first that the Worker hears of it.
      decided || (!isOurs && evidence.restores.list.length > 0) || 'is refunded without a review',
      !isOurs || automatic['refund_fee'] === total || `only ${automatic['refund_fee']} refunded`,
    ]).map((what) => `${transactionId}, ${total} fen, ${what}`)
  })
}

/**
 * A review that the operator resolved with `refund` led to a refund, even if WeChat refused it, or the payment was already
 * fully refunded.
 */
const resolvedReviewsAreRefunded: Check = (evidence) =>
  rows(evidence, 'reviews')
    .filter(({ action }) => action === 'refund')
    .filter(({ subject }) => {
      const payment = rows(evidence, 'payments').find((row) => row['transaction_id'] === subject)
      const own = refundsOf(evidence, subject)
      const isTried = own.some((row) => row['out_refund_no'] === `auto*${subject}`)
      return !isTried && feesOf(own) < Number(payment?.['total_fee'])
    })
    .map(({ id }) => `review ${id} was resolved with refund, but there is no refund`)

/** A refund that WeChat cannot deliver has a review, and a second one when it is overdue; there are no other such reviews. */
const stuckRefundsAreReviewed: Check = (evidence) => {
  const reviews = rows(evidence, 'reviews').map(({ id }) => String(id))
  const refunds = rows(evidence, 'refunds')
  const wasStuck = refunds
    .filter((row) => historyOf(evidence, row).steps.some(({ state }) => state === 'abnormal'))
    .map((row) => `refund_abnormal.${row['out_refund_no']}`)
  const isStuck = refunds
    .filter(({ state }) => state === 'abnormal')
    .map((row) => `refund_overdue.${row['out_refund_no']}`)
  const expected = [...wasStuck, ...isStuck]
  return [
    ...expected.filter((id) => !reviews.includes(id)).map((id) => `review ${id} is missing`),
    ...reviews
      .filter((id) => /^refund_(abnormal|overdue)\./.test(id) && !expected.includes(id))
      .map((id) => `review ${id} has no cause`),
  ]
}

/** All checks about refunds, by name. */
export const REFUND_CHECKS = {
  refundsFitPayments,
  wechatRefundsAreRecorded,
  refundsExistAtWeChat,
  refusedRefundsWereRefused,
  refundsReachAnEnd,
  refundEventsMatchState,
  refundsHaveWebhooks,
  wrongPaymentsAreRefunded,
  resolvedReviewsAreRefunded,
  stuckRefundsAreReviewed,
}
