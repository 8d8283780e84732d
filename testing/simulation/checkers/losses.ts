/** What a restore may take away, and the checks of what it must not. */
import type { Capture } from '../../../simulator/state/ledger.ts'
import { statusAt } from '../../../simulator/state/refund.ts'
import type { Evidence } from './evidence.ts'
import { type Check, failures, rows } from './rows.ts'
import { codeOf } from './witness.ts'

/** The reviews under which a payment may stand whose attempt was lost. */
const KINDS = ['unknown_order', 'foreign_payment', 'amount_mismatch']

/**
 * Payments that are not recorded and need not be: the attempt was lost with a restore, and a review that was not accepted stands
 * for the payment, because the order or its amount is not the same any more.
 */
export const unrecorded = (evidence: Evidence): readonly Capture[] =>
  evidence.captures.filter(
    ({ transactionId, outTradeNo }) =>
      evidence.restores.hasLostNumber(outTradeNo) &&
      !rows(evidence, 'payments').some((row) => row['transaction_id'] === transactionId) &&
      rows(evidence, 'reviews').some(
        ({ kind, subject, action }) =>
          KINDS.includes(String(kind)) && subject === transactionId && action !== 'accept',
      ),
  )

/** Whether a payment or refund with this number is one of the {@link unrecorded} payments, or of one of them. */
export const isUnrecorded = (evidence: Evidence, number: unknown): boolean => {
  const payments = unrecorded(evidence).map(({ transactionId }) => transactionId)
  const refund = evidence.wechatRefunds.find(({ outRefundNo }) => outRefundNo === number)
  return payments.includes(String(number)) || payments.includes(refund?.transactionId ?? '')
}

/** How long before an event WeChat may have been asked about its payment: a call ends after eight seconds. */
const ASKED_MS = 10_000

/**
 * Whether all of the payment had gone back at WeChat, or was going back, when the payment was recorded. If a restore lost the
 * payment, its return is the first that the Worker hears of it, and it cannot know that the shop has shipped before: to tell
 * `order.paid` could ship what is refunded. Later WeChat may close the refund, and then a review asks a person.
 */
export const isWhollyReturned = (evidence: Evidence, id: string): boolean => {
  const capture = evidence.captures.find(({ transactionId }) => transactionId === id)
  const times = rows(evidence, 'events')
    .filter(({ data }) => transactionOf(data) === id)
    .map(({ at }) => Number(at))
  // Of a payment that is not recorded, what WeChat has in the end counts.
  const recordedMs = Math.min(...times) * 1_000
  const returned = evidence.wechatRefunds
    .filter((each) => each.transactionId === id && each.appliedAt < recordedMs + 1_000)
    .filter((each) => statusAt(each, recordedMs - ASKED_MS) !== 'REFUNDCLOSE')
    .reduce((sum, { refundFee }) => sum + refundFee, 0)
  return capture !== undefined && returned >= capture.totalFee
}

/** Whether a person decided that the payment is kept, so that the rules about late and second payments say nothing about it. */
export const isAccepted = (evidence: Evidence, transactionId: unknown): boolean =>
  rows(evidence, 'events').some(
    (event) =>
      transactionOf(event['data']) === transactionId &&
      (event['type'] === 'payment_restored' || sourceOf(event['data']) === 'operator'),
  )

const sourceOf = (data: unknown): unknown =>
  (JSON.parse(String(data)) as { source?: unknown }).source

const transactionOf = (data: unknown): unknown =>
  (JSON.parse(String(data)) as { transaction_id?: unknown }).transaction_id

/** Whether the lost records had told that the payment goes back, and a person accepted it after the restore. */
const isAcceptedSince = (evidence: Evidence, id: string): boolean =>
  wasToldBefore(evidence, `payment.returned.${id}`) &&
  !wasToldBefore(evidence, `order.paid.${id}`) &&
  isAccepted(evidence, id)

/**
 * Whether the lost records had told that the payment goes back, and the order was paid by it after the restore. The shop ships
 * what it hears of last, and no money has gone back.
 */
export const isKeptSince = (evidence: Evidence, id: string): boolean =>
  wasToldBefore(evidence, `payment.returned.${id}`) &&
  !wasToldBefore(evidence, `order.paid.${id}`) &&
  rows(evidence, 'payments').some(
    (row) => row['transaction_id'] === id && row['returned'] === 0 && row['further'] === 0,
  )

/** Payments that made an order paid are shipped, so the shop must never hear that they go back, unless they have. */
const shippedIsNotReturned: Check = (evidence) => {
  const idsOf = (wanted: string) =>
    evidence.received.flatMap(({ id, type }) =>
      type === wanted ? [id.slice(wanted.length + 1)] : [],
    )
  const shipped = idsOf('order.paid')
  return idsOf('payment.returned')
    .filter((id) => shipped.includes(id))
    .filter((id) => !isWhollyReturned(evidence, id) || !isEitherToldBefore(evidence, id))
    .filter((id) => !isAcceptedSince(evidence, id) && !isKeptSince(evidence, id))
    .map((transactionId) => `${transactionId} was shipped, and is told as payment.returned`)
}

/**
 * Whether the order changed after a restore with a revision that was not lifted: before `POST /recover`, or by a Worker that had
 * read the order before. The shop may keep a webhook of the lost records with a greater one.
 */
const changedBeforeRecovery = (evidence: Evidence, ordercode: unknown): boolean => {
  const lifted = rows(evidence, 'recoveries').map((row) => Number(row['requested_at']) * 10)
  return rows(evidence, 'events').some(
    (row) =>
      row['ordercode'] === ordercode &&
      Number(row['revision']) < Math.max(...lifted) &&
      evidence.restores.list.some(({ atMs }) => Number(row['at']) * 1_000 >= atMs - 1_000),
  )
}

/** Whether the shop got one of the two webhooks before a restore that lost its fact, and the other one since. */
const isEitherToldBefore = (evidence: Evidence, id: string): boolean =>
  ['order.paid', 'payment.returned'].some((type) => wasToldBefore(evidence, `${type}.${id}`))

/**
 * Whether the shop got the webhook before a restore that lost its fact. It has handled this webhook-id, so it does not hear again
 * that the order is paid if the order was closed before its payment was accepted.
 */
const wasToldBefore = ({ received, restores }: Evidence, id: string): boolean =>
  received.some((each) => each.id === id && restores.hasLost(each.firstAtMs))

/**
 * Whether the shop heard, before a restore that lost it, that the order was closed and then paid late, and the order was
 * registered again and closed without that payment, which stands under a review. The shop has handled the webhook-id of
 * `order.closed`, so it keeps `order.paid`, which is what WeChat says, too.
 */
const isClosedAgain = (evidence: Evidence, ordercode: unknown): boolean =>
  wasToldBefore(evidence, `order.closed.${String(ordercode)}`) &&
  unrecorded(evidence).some(
    ({ outTradeNo, transactionId }) =>
      codeOf(outTradeNo) === ordercode && wasToldBefore(evidence, `order.paid.${transactionId}`),
  )

const REFUND_TYPES: Readonly<Record<string, string>> = {
  succeeded: 'refund.succeeded',
  refused: 'refund.failed',
  closed: 'refund.failed',
}

/** A shop that obeys the README knows the final state of every order and refund. */
const obedientShopMissesNothing: Check = (evidence) => {
  if (!evidence.settings.hasReceiver) return []
  const typeOf = (subject: unknown): string => evidence.kept.get(String(subject))?.type ?? 'nothing'
  return [
    ...rows(evidence, 'orders').flatMap(({ ordercode, state, transaction_id: transactionId }) => {
      const type = typeOf(ordercode)
      if (changedBeforeRecovery(evidence, ordercode)) return []
      if (type === 'order.closed' && wasToldBefore(evidence, `order.paid.${transactionId}`))
        return []
      if (type === 'order.paid' && isClosedAgain(evidence, ordercode)) return []
      return failures([
        state !== 'paid' || type === 'order.paid' || `is paid, but the shop keeps ${type}`,
        state !== 'closed' || type === 'order.closed' || `is closed, but the shop keeps ${type}`,
      ]).map((what) => `${ordercode} ${what}`)
    }),
    ...rows(evidence, 'refunds').flatMap((row) => {
      const { out_refund_no: number, ordercode, state, cancelled_at: at } = row
      if (changedBeforeRecovery(evidence, ordercode)) return []
      const wanted = at === null ? REFUND_TYPES[String(state)] : undefined
      const type = typeOf(number)
      return wanted === undefined || wanted === type
        ? []
        : [`${number} is ${state}, but the shop keeps ${type}`]
    }),
  ]
}

/** WeChat never refunded more than was paid, also where our records have no such payment. */
const noRefundBeyondThePayment: Check = (evidence) =>
  evidence.captures.flatMap(({ transactionId, totalFee }) => {
    const returned = evidence.wechatRefunds
      .filter((each) => each.transactionId === transactionId && each.status !== 'REFUNDCLOSE')
      .reduce((sum, { refundFee }) => sum + refundFee, 0)
    return returned <= totalFee ? [] : [`${transactionId}: ${returned} of ${totalFee} fen refunded`]
  })

/** Every recovery is finished. */
const recoveriesEnd: Check = (evidence) =>
  rows(evidence, 'recoveries')
    .filter(({ finished_at: at }) => at === null)
    .map(({ since }) => `the recovery since ${since} is not finished`)

/** All checks about restores, by name. */
export const LOSS_CHECKS = {
  shippedIsNotReturned,
  obedientShopMissesNothing,
  noRefundBeyondThePayment,
  recoveriesEnd,
} satisfies Record<string, Check>
