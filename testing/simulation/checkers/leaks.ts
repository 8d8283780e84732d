/**
 * Checks for seeds in which the API key has leaked. Below NOTICE_CONFIRM_FROM a forged notice is believed, so nothing is said
 * about the orders of such notices, except what holds even then: no money leaves because of them, and a review tells of each.
 */
import { isLiveRefund } from '../../../simulator/state/refund.ts'
import type { SqlRow } from '../d1/sqlite.ts'
import { dayOf } from '../run/days.ts'
import type { Evidence } from './evidence.ts'
import { isUnrecorded } from './losses.ts'
import { type Check, failures, numberOf, rows } from './rows.ts'
import { codeOf } from './witness.ts'

/** The evidence without the orders about which a forged notice was believed, or could be. */
export function untouched(evidence: Evidence): Evidence {
  const { orders } = evidence.leaks
  if (orders.size === 0) return evidence
  const isHonest = (code: unknown): boolean => !orders.has(String(code))
  const ofNumber = ({ outTradeNo }: Readonly<{ outTradeNo: string }>): boolean =>
    isHonest(codeOf(outTradeNo))
  const ofRow = (row: SqlRow): boolean => isHonest(row['ordercode'])
  return {
    ...evidence,
    captures: evidence.captures.filter(ofNumber),
    wechatOrders: evidence.wechatOrders.filter(ofNumber),
    wechatRefunds: evidence.wechatRefunds.filter(ofNumber),
    acceptedRefunds: evidence.acceptedRefunds.filter(({ ordercode }) => isHonest(ordercode)),
    registered: evidence.registered.filter(isHonest),
    received: evidence.received.filter(({ data }) => isHonest(data.ordercode)),
    tables: Object.fromEntries(
      Object.entries(evidence.tables).map(([name, all]) => [name, all.filter(ofRow)]),
    ),
  }
}

/**
 * Every refund that was requested here and that WeChat has was made of a payment of the very attempt to which our records
 * assign the payment, and belongs to the order that requested it. A restore may take away all that was recorded.
 */
const moneyLeavesForItsOwnAttempt: Check = (evidence) =>
  evidence.wechatRefunds
    .filter(({ source, outRefundNo }) => source === 'API' && !isUnrecorded(evidence, outRefundNo))
    .flatMap(({ outRefundNo, outTradeNo, transactionId }) => {
      const refund = rows(evidence, 'refunds').find((row) => row['out_refund_no'] === outRefundNo)
      const payment = rows(evidence, 'payments').find(
        (row) => row['transaction_id'] === transactionId,
      )
      return failures([
        refund?.['ordercode'] === codeOf(outTradeNo) ||
          `it was requested for ${refund?.['ordercode']}`,
        (payment !== undefined && numberOf(payment) === outTradeNo) ||
          `that payment is recorded for ${payment && numberOf(payment)}`,
      ]).map((what) => `${outRefundNo} returned a payment of ${outTradeNo}, but ${what}`)
    })

/** What WeChat refunds of a payment, however it was asked to, does not exceed the payment. */
const wechatRefundsFit: Check = ({ captures, wechatRefunds }) =>
  captures.flatMap(({ transactionId, totalFee }) => {
    const refunded = wechatRefunds
      .filter((each) => each.transactionId === transactionId && isLiveRefund(each))
      .reduce((sum, { refundFee }) => sum + refundFee, 0)
    return refunded <= totalFee
      ? []
      : [`WeChat refunded ${refunded} fen of ${transactionId}, ${totalFee} fen`]
  })

/**
 * A payment that WeChat did not take for its attempt is recorded only below the threshold. A review tells of it, at the latest
 * when the bill of its day is reconciled.
 */
const forgedPaymentsAreTold: Check = (evidence) =>
  rows(evidence, 'payments')
    .filter(
      (row) =>
        !evidence.captures.some(
          (each) =>
            each.transactionId === row['transaction_id'] && each.outTradeNo === numberOf(row),
        ),
    )
    .flatMap((row) => {
      const id = String(row['transaction_id'])
      const { transactions } = evidence.leaks
      const paidOn = dayOf(Number(row['paid_at']) * 1_000)
      const isBilled = rows(evidence, 'bills').some(
        ({ day, state }) => day === paidOn && state === 'reconciled',
      )
      const isTold = rows(evidence, 'reviews').some(
        ({ kind, subject }) =>
          ['transaction_conflict', 'bill_difference'].includes(String(kind)) &&
          String(subject).endsWith(id),
      )
      return failures([
        transactions.has(id) || 'no forged notice explains it',
        isTold || !isBilled || 'no review tells of it',
      ]).map((what) => `${numberOf(row)} has the payment ${id}, which WeChat did not take: ${what}`)
    })

/** The checks that also hold about orders of forged notices, by name. */
export const LEAK_CHECKS = {
  moneyLeavesForItsOwnAttempt,
  wechatRefundsFit,
  forgedPaymentsAreTold,
} satisfies Record<string, Check>
