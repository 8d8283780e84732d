/** Money on its way back: never more than was paid, never twice, and the same on our books as on WeChat's. */
import { isLiveRefund, type SimulatedRefund } from '../../../simulator/state/refund.ts'
import type { SqlRow } from '../d1/sqlite.ts'
import type { Evidence } from './evidence.ts'
import { historyOf } from './refund-story.ts'
import { failures, type Check, rows } from './rows.ts'
import { isLate } from './webhooks.ts'

const STATE_OF: Readonly<Record<string, string>> = {
  PROCESSING: 'processing',
  SUCCESS: 'succeeded',
  CHANGE: 'abnormal',
  REFUNDCLOSE: 'closed',
}

const isReserved = ({ state }: SqlRow): boolean => state !== 'refused' && state !== 'closed'

const refundsOf = (evidence: Evidence, transactionId: unknown): readonly SqlRow[] =>
  rows(evidence, 'refunds').filter((row) => row['transaction_id'] === transactionId)

const feesOf = (refunds: readonly SqlRow[]): number =>
  refunds.reduce((sum, row) => sum + Number(row['refund_fee']), 0)

/** Of a payment no more is promised, and no more is returned, than was paid; by both ledgers. */
const refundsFitPayments: Check = (evidence) =>
  rows(evidence, 'payments').flatMap(({ transaction_id: transactionId, total_fee: total }) => {
    const here = feesOf(refundsOf(evidence, transactionId).filter(isReserved))
    const there = evidence.wechatRefunds
      .filter((each) => each.transactionId === transactionId && isLiveRefund(each))
      .reduce((sum, { refundFee }) => sum + refundFee, 0)
    return failures([
      here <= Number(total) || `${here} fen are to go back`,
      there <= Number(total) || `${there} fen went back`,
    ]).map((what) => `of ${transactionId}, ${total} fen, ${what}`)
  })

/** The number is on our books for other money: made by hand at WeChat, or for another order. A person sees it. */
const isOtherRefund = (row: SqlRow, refund: SimulatedRefund): boolean =>
  row['transaction_id'] !== refund.transactionId || row['refund_fee'] !== refund.refundFee

/** What WeChat has taken on is on our books: of the same payment, as much, and as far. */
const wechatRefundsAreRecorded: Check = (evidence) =>
  evidence.wechatRefunds.flatMap((refund) => {
    const { outRefundNo, refundFee, status, transactionId } = refund
    const row = rows(evidence, 'refunds').find((each) => each['out_refund_no'] === outRefundNo)
    const what = `${outRefundNo} of ${transactionId}, ${refundFee} fen`
    if (row === undefined) return [`${what}, is ${status} at WeChat and not here`]
    if (isOtherRefund(row, refund)) {
      const isSeen = rows(evidence, 'reviews').some(
        ({ subject, kind }) =>
          (subject === outRefundNo && kind === 'refund_conflict') ||
          (kind === 'bill_difference' && String(subject).endsWith(`.${outRefundNo}`)),
      )
      return isSeen ? [] : [`${what}, is not ours under its number, and nobody is to look at it`]
    }
    return row['state'] === STATE_OF[status]
      ? []
      : [`${what}, is ${status} at WeChat and ${row['state']} here`]
  })

/** And the reverse: nothing is on its way, arrived, stuck or closed that WeChat does not know. */
const refundsExistAtWeChat: Check = (evidence) =>
  rows(evidence, 'refunds')
    .filter(({ state }) => state !== 'refused' && state !== 'requested')
    .flatMap((row) => {
      const { out_refund_no: number, state } = row
      const refund = evidence.wechatRefunds.find(({ outRefundNo }) => outRefundNo === number)
      if (refund === undefined) return [`${number} is ${state}, and WeChat has no such refund`]
      return failures([
        !isOtherRefund(row, refund) || 'WeChat has it for other money',
        row['refund_id'] === refund.refundId || `WeChat calls it ${refund.refundId}`,
        row['source'] !== 'merchant_platform' ||
          refund.source === 'VENDOR_PLATFORM' ||
          'we made it',
      ]).map((what) => `${number} is ${state}, and ${what}`)
    })

/** A reservation is given free only by a refusal that is true, and was when it was believed. */
const refusedRefundsWereRefused: Check = (evidence) => [
  ...rows(evidence, 'refunds')
    .filter(({ state }) => state === 'refused')
    .flatMap((row) => {
      const refund = evidence.wechatRefunds.find(
        ({ outRefundNo }) => outRefundNo === row['out_refund_no'],
      )
      return failures([
        refund === undefined || isOtherRefund(row, refund) || `WeChat has it as ${refund.status}`,
        row['err_code'] !== null || 'nobody said why',
      ]).map((what) => `${row['out_refund_no']} is refused, and ${what}`)
    }),
  ...rows(evidence, 'events')
    .filter(({ type }) => type === 'refund_refused')
    .flatMap(({ at, data }) => {
      const number = (JSON.parse(String(data)) as { out_refund_no?: string }).out_refund_no
      const row = rows(evidence, 'refunds').find((each) => each['out_refund_no'] === number)
      const refund = evidence.wechatRefunds.find(({ outRefundNo }) => outRefundNo === number)
      if (row === undefined || refund === undefined || isOtherRefund(row, refund)) return []
      const isKnown = refund.source === 'API' && refund.appliedAt < Number(at) * 1_000
      return isKnown ? [`${number} was taken for refused when WeChat had it`] : []
    }),
]

/** Nothing waits for ever; and what the shop was promised is there. */
const refundsReachAnEnd: Check = (evidence) => [
  ...rows(evidence, 'refunds')
    .filter(({ state }) => state === 'requested' || state === 'processing')
    .map((row) => `${row['out_refund_no']} is ${row['state']} after all that time`),
  ...evidence.acceptedRefunds
    .filter(
      ({ outRefundNo, ordercode, refundFee }) =>
        !rows(evidence, 'refunds').some(
          (row) =>
            row['out_refund_no'] === outRefundNo &&
            row['ordercode'] === ordercode &&
            row['refund_fee'] === refundFee,
        ),
    )
    .map(({ outRefundNo, refundFee }) => `${outRefundNo}, ${refundFee} fen, was promised`),
]

const refundEventsMatchState: Check = (evidence) => [
  ...rows(evidence, 'refunds').flatMap((refund) =>
    historyOf(evidence, refund).contradictions.map(
      (what) => `${refund['out_refund_no']} is ${refund['state']}, its events say: ${what}`,
    ),
  ),
  ...rows(evidence, 'events')
    .filter(({ type }) => String(type).startsWith('refund_'))
    .map((row) => (JSON.parse(String(row['data'])) as { out_refund_no?: string }).out_refund_no)
    .filter((number) => !rows(evidence, 'refunds').some((row) => row['out_refund_no'] === number))
    .map((number) => `${number} has events and no row`),
]

const WEBHOOK_OF: Readonly<Record<string, string>> = {
  succeeded: 'refund.succeeded',
  refused: 'refund.failed',
  closed: 'refund.failed',
}

/** One webhook for each end that a refund came to, from the revision at which it did. */
const refundsHaveWebhooks: Check = (evidence) => {
  const expected = rows(evidence, 'refunds').flatMap((refund) =>
    historyOf(evidence, refund).steps.flatMap(({ state, revision }) => {
      const type = WEBHOOK_OF[state]
      return type === undefined ? [] : [{ id: `${type}.${refund['out_refund_no']}`, revision }]
    }),
  )
  const told = rows(evidence, 'deliveries').filter(({ type }) => String(type).startsWith('refund.'))
  return [
    ...expected
      .filter(({ id }) => !told.some((row) => row['id'] === id))
      .map(({ id }) => `no webhook ${id}`),
    ...told
      .filter((row) => {
        const ends = expected.filter(({ id }) => id === row['id'])
        return !ends.some(({ revision }) => revision === row['revision'])
      })
      .map(({ id, revision }) => `webhook ${id} of revision ${revision} is about nothing`),
    ...evidence.received
      .filter(({ type }) => type.startsWith('refund.'))
      .flatMap(({ id, type, data }) => {
        const refund = evidence.wechatRefunds.find(
          ({ outRefundNo }) => outRefundNo === data.out_refund_no,
        )
        const isSuccess = type === 'refund.succeeded'
        return failures([
          !isSuccess || refund?.status === 'SUCCESS' || 'the money did not arrive',
          !isSuccess || refund?.refundFee === data.refund_fee || `not ${data.refund_fee} fen`,
          WEBHOOK_OF[data.state ?? ''] === type || `says ${data.state}`,
        ]).map((what) => `${id}: ${what}`)
      }),
  ]
}

const isRefundedOnPlatform = (evidence: Evidence, transactionId: unknown): boolean =>
  evidence.wechatRefunds.some(
    (each) => each.transactionId === transactionId && each.source === 'VENDOR_PLATFORM',
  )

/** Money that is not the order's goes back by itself, once; and no other does. */
const wrongPaymentsAreRefunded: Check = (evidence) => {
  const { hasCertificate, latePayment } = evidence.settings
  return rows(evidence, 'payments').flatMap((payment) => {
    const { transaction_id: transactionId, ordercode, total_fee: total } = payment
    const isByPolicy = latePayment === 'refund' && isLate(evidence, ordercode, transactionId)
    const isWrong = hasCertificate && (payment['further'] === 1 || isByPolicy)
    const own = refundsOf(evidence, transactionId)
    const automatic = own.find((row) => row['out_refund_no'] === `auto*${transactionId}`)
    if (automatic === undefined) {
      // Somebody was quicker, and we heard of it first.
      return isWrong && !isRefundedOnPlatform(evidence, transactionId)
        ? [`${transactionId} is to go back, and nothing is done`]
        : []
    }
    const decided = rows(evidence, 'reviews').some(
      ({ id }) =>
        id === `late_payment.${transactionId}` || id === `second_payment.${transactionId}`,
    )
    const isOurs = automatic['source'] === 'automatic'
    return failures([
      isWrong || !isOurs || 'goes back by itself',
      decided || 'goes back, and there was nothing to decide',
      !isOurs || automatic['refund_fee'] === total || `only ${automatic['refund_fee']} fen of it`,
    ]).map((what) => `${transactionId}, ${total} fen, ${what}`)
  })
}

/** A person's word is kept: what was to be refunded is, or was tried. */
const resolvedReviewsAreRefunded: Check = (evidence) =>
  rows(evidence, 'reviews')
    .filter(({ action }) => action === 'refund')
    .filter(({ subject }) => {
      const payment = rows(evidence, 'payments').find((row) => row['transaction_id'] === subject)
      const own = refundsOf(evidence, subject)
      const isTried = own.some((row) => row['out_refund_no'] === `auto*${subject}`)
      return !isTried && feesOf(own) < Number(payment?.['total_fee'])
    })
    .map(({ id }) => `${id} was to be refunded, and is not`)

/** A person gets to see money that does not arrive, and is told again when it never does. */
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
    ...expected.filter((id) => !reviews.includes(id)).map((id) => `no review ${id}`),
    ...reviews
      .filter((id) => /^refund_(abnormal|overdue)\./.test(id) && !expected.includes(id))
      .map((id) => `review ${id} is about nothing`),
  ]
}

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
