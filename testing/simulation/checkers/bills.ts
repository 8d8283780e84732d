/** Checks of the daily bills: every day is reconciled, every difference has a review, and there are no other reviews. */
import type { SqlRow } from '../d1/sqlite.ts'
import { dayOf, startOf } from '../run/days.ts'
import type { Evidence } from './evidence.ts'
import { isUnrecorded, unrecorded } from './losses.ts'
import { type Check, failures, rows } from './rows.ts'

const HOUR_S = 3_600

/** Lists the days in Beijing on which WeChat took or refunded money. */
const daysOf = ({ captures, wechatRefunds }: Evidence): readonly string[] => [
  ...new Set([
    ...captures.map(({ paidAt }) => dayOf(paidAt)),
    ...wechatRefunds.map(({ appliedAt }) => dayOf(appliedAt)),
  ]),
]

/** Every day with payments or refunds has a reconciled bill, and every difference has an outcome. */
const everyDayIsReconciled: Check = (evidence) => {
  const bills = rows(evidence, 'bills')
  return [
    ...daysOf(evidence)
      .filter((day) => !bills.some((row) => row['day'] === day))
      .map((day) => `there is no bill of ${day}`),
    ...bills
      .filter(({ state }) => state !== 'reconciled')
      .map(({ day, state }) => `the bill of ${day} is still ${state}`),
    ...rows(evidence, 'bill_differences')
      .filter(({ outcome }) => outcome === null)
      .map(({ day, kind, subject }) => `${day}: difference ${kind} ${subject} has no outcome`),
  ]
}

/** Whether the bill of the day has exactly what our records have: it was not falsified, and no payment of it was lost. */
const isComparable = (evidence: Evidence, day: string): boolean =>
  !evidence.bills.changed.has(day) &&
  !unrecorded(evidence).some(({ paidAt }) => dayOf(paidAt) === day) &&
  !evidence.wechatRefunds.some(
    ({ appliedAt, outRefundNo }) => dayOf(appliedAt) === day && isUnrecorded(evidence, outRefundNo),
  )

type Counts = Readonly<Record<string, number> & { books?: Record<string, number> }>

/** Where the bill was not falsified, the counts of bill and records are those of WeChat's ledger. */
const billCountsAgree: Check = (evidence) =>
  rows(evidence, 'bills')
    .filter(({ day, state }) => state === 'reconciled' && isComparable(evidence, String(day)))
    .flatMap(({ day, counts }) => {
      const counted = JSON.parse(String(counts)) as Counts
      const captures = evidence.captures.filter(({ paidAt }) => dayOf(paidAt) === day)
      const refunds = evidence.wechatRefunds.filter(({ appliedAt }) => dayOf(appliedAt) === day)
      const sum = (fees: readonly number[]): number => fees.reduce((total, fee) => total + fee, 0)
      const paid = sum(captures.map(({ totalFee }) => totalFee))
      const expected: Readonly<Record<string, number>> = {
        rows: captures.length + refunds.length,
        payments: captures.length,
        paymentFee: paid,
        refunds: refunds.length,
        refundFee: sum(refunds.map(({ refundFee }) => refundFee)),
        others: 0,
        unreadable: 0,
      }
      return failures([
        ...Object.entries(expected).map(
          ([name, value]) => counted[name] === value || `${name} ${counted[name]}, not ${value}`,
        ),
        counted.books?.['payments'] === captures.length ||
          `${counted.books?.['payments']} payments in our records, not ${captures.length}`,
        counted.books?.['paymentFee'] === paid ||
          `${counted.books?.['paymentFee']} fen in our records, not ${paid}`,
      ]).map((what) => `${day}: ${what}`)
    })

/**
 * Where the bill was not falsified, what our records mark as contained in it is exactly what WeChat took and refunded on
 * its day.
 */
const marksAreTheLedger: Check = (evidence) =>
  rows(evidence, 'bills')
    .filter(({ day, state }) => state === 'reconciled' && isComparable(evidence, String(day)))
    .flatMap(({ day }) => {
      const marked = (table: string, key: string): string =>
        rows(evidence, table)
          .filter((row) => row['billed_on'] === day)
          .map((row) => String(row[key]))
          .sort()
          .join()
      const captured = evidence.captures.filter(({ paidAt }) => dayOf(paidAt) === day)
      const refunded = evidence.wechatRefunds.filter(({ appliedAt }) => dayOf(appliedAt) === day)
      const payments = captured.map(({ transactionId }) => transactionId).sort()
      const refunds = refunded.map(({ outRefundNo }) => outRefundNo).sort()
      return failures([
        marked('payments', 'transaction_id') === payments.join() || 'other payments are marked',
        marked('refunds', 'out_refund_no') === refunds.join() || 'other refunds are marked',
      ]).map((what) => `${day}: ${what} than the bill has`)
    })

/** Each difference that was injected into a bill has one review, and there is no other review of a bill. */
const differencesAreReviewed: Check = (evidence) => {
  const expected = [
    ...evidence.bills.expected,
    ...[...evidence.bills.otherRates].flatMap(([day, rate]) =>
      rate === 'new' ? [`bill_difference.${day}.rate_changed.rates`] : [],
    ),
  ]
  const reviews = rows(evidence, 'reviews').filter(({ kind }) => kind === 'bill_difference')
  const fits = (wanted: string, id: string): boolean =>
    wanted.endsWith('.sum_differs') ? id.startsWith(`${wanted}.`) : id === wanted
  return [
    ...expected
      .filter((wanted) => !reviews.some(({ id }) => fits(wanted, String(id))))
      .map((id) => `review ${id} is missing`),
    ...reviews
      .filter(({ id }) => !expected.some((wanted) => fits(wanted, String(id))))
      .filter((row) => !isMissingBill(evidence, row) && !isTakenNumber(evidence, row))
      .filter((row) => !isOfLostNumber(evidence, row))
      .filter((row) => !isPerhapsNewRate(evidence, row) && !isLateRow(evidence, row))
      .map(({ id }) => `review ${id} has no cause`),
  ]
}

/**
 * Whether the review says that a bill has another rate than the bills before: right where the rate was changed and no bill
 * before was certain to be known, and on later days, because then the usual rate may be the new one.
 */
const isPerhapsNewRate = ({ bills }: Evidence, { subject }: SqlRow): boolean => {
  const [, day = ''] = /^(.*)\.rate_changed\.rates$/.exec(String(subject)) ?? []
  return [...bills.otherRates.keys()].some((changed) => changed <= day)
}

/** Whether the review is about a payment that is not in the bill of its day, because its row is in the next one. */
const isLateRow = ({ bills }: Evidence, { subject }: SqlRow): boolean =>
  bills.late.some(({ number }) => String(subject).endsWith(`.payment_not_in_bill.${number}`))

/** A payment whose row is in the next day's bill is marked as contained there, and no review about it stays open. */
const lateRowsSettle: Check = (evidence) =>
  evidence.bills.late.flatMap(({ number, day }) => {
    const payment = rows(evidence, 'payments').find((row) => row['transaction_id'] === number)
    const open = rows(evidence, 'reviews').filter(
      (row) =>
        row['kind'] === 'bill_difference' &&
        row['resolved_at'] === null &&
        String(row['subject']).endsWith(`.${number}`),
    )
    return failures([
      payment?.['billed_on'] === day || `is marked in the bill of ${payment?.['billed_on']}`,
      ...open.map(({ id }) => `has the open review ${id}`),
    ]).map((what) => `the row of ${number} is in the bill of ${day}, but it ${what}`)
  })

/** A review `bill_missing` is right when the bill came very late, or when WeChat said that the merchant may not download it. */
function isMissingBill({ bills }: Evidence, { subject, opened_at: openedAt }: SqlRow): boolean {
  const [, day = ''] = /^(.*)\.bill_missing$/.exec(String(subject)) ?? []
  if (day === '') return false
  return bills.isForbidden || Number(openedAt) > startOf(day) / 1_000 + (24 + 36) * HOUR_S
}

/**
 * Whether the review of a difference is right because the merchant's staff used our refund number for another refund on the
 * merchant platform.
 */
const isTakenNumber = (evidence: Evidence, { subject }: SqlRow): boolean =>
  rows(evidence, 'refunds').some((row) => {
    const number = String(row['out_refund_no'])
    const refund = evidence.wechatRefunds.find(({ outRefundNo }) => outRefundNo === number)
    return (
      /\.refund_(differs|not_here)\./.test(String(subject)) &&
      String(subject).endsWith(`.${number}`) &&
      refund !== undefined &&
      (refund.refundFee !== row['refund_fee'] || refund.transactionId !== row['transaction_id'])
    )
  })

/** Whether the review is of a payment, or of a refund of a payment, whose attempt was lost with a restore. */
const isOfLostNumber = (evidence: Evidence, { subject }: SqlRow): boolean => {
  const number = String(subject).replace(/^[\d-]+\.\w+\./, '')
  const refund = evidence.wechatRefunds.find(({ outRefundNo }) => outRefundNo === number)
  const transactionId = refund?.transactionId ?? number
  return evidence.captures.some(
    (each) =>
      each.transactionId === transactionId && evidence.restores.hasLostNumber(each.outTradeNo),
  )
}

/** Each reconciled day has one webhook, sent only when the day was reconciled. */
const reconciledDaysHaveWebhooks: Check = (evidence) => {
  const days = rows(evidence, 'bills')
    .filter(({ state }) => state === 'reconciled')
    .map(({ day }) => `bill.reconciled.${day}`)
  const sent = rows(evidence, 'deliveries')
    .filter(({ type }) => type === 'bill.reconciled')
    .map(({ id }) => String(id))
  return [
    ...days.filter((id) => !sent.includes(id)).map((id) => `webhook ${id} is missing`),
    ...sent.filter((id) => !days.includes(id)).map((id) => `webhook ${id} has no cause`),
    ...evidence.received
      .filter(({ type, data }) => type === 'bill.reconciled' && data.state !== 'reconciled')
      .map(({ id, data }) => `${id}: says ${data.state}`),
  ]
}

/** Checks that reconciling a day once more changes no table. */
const reconcilingAgainChangesNothing: Check = ({ audits }) =>
  audits.flatMap(({ day, before, after }) => {
    if (before === after) return []
    const known = new Set(before.split('\n'))
    const news = after.split('\n').filter((line) => !known.has(line))
    return [
      `reconciling ${day} again changed: ${news.length === 0 ? 'rows are gone' : news.join(' · ')}`,
    ]
  })

/** All checks about bills, by name. */
export const BILL_CHECKS = {
  everyDayIsReconciled,
  billCountsAgree,
  marksAreTheLedger,
  differencesAreReviewed,
  lateRowsSettle,
  reconciledDaysHaveWebhooks,
  reconcilingAgainChangesNothing,
}
