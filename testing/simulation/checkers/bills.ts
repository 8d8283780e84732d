/** Every day is reconciled: what was paid is found, what differs is looked at, and nothing else is. */
import type { SqlRow } from '../d1/sqlite.ts'
import { dayOf, startOf } from '../run/days.ts'
import type { Evidence } from './evidence.ts'
import { failures, type Check, rows } from './rows.ts'

const HOUR_S = 3_600

/** Days on which WeChat took or gave back any money. */
const daysOf = ({ captures, wechatRefunds }: Evidence): readonly string[] => [
  ...new Set([
    ...captures.map(({ paidAt }) => dayOf(paidAt)),
    ...wechatRefunds.map(({ appliedAt }) => dayOf(appliedAt)),
  ]),
]

const everyDayIsReconciled: Check = (evidence) => {
  const bills = rows(evidence, 'bills')
  return [
    ...daysOf(evidence)
      .filter((day) => !bills.some((row) => row['day'] === day))
      .map((day) => `nobody has looked at ${day}`),
    ...bills
      .filter(({ state }) => state !== 'reconciled')
      .map(({ day, state }) => `${day} is ${state} after all that time`),
    ...rows(evidence, 'bill_differences')
      .filter(({ outcome }) => outcome === null)
      .map(({ day, kind, subject }) => `${day}: nothing came of ${kind} ${subject}`),
  ]
}

type Counts = Readonly<Record<string, number> & { books?: Record<string, number> }>

/** What was counted is what happened, where the bill says what happened. */
const billCountsAgree: Check = (evidence) =>
  rows(evidence, 'bills')
    .filter(({ day, state }) => state === 'reconciled' && !evidence.bills.changed.has(String(day)))
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
          `${counted.books?.['payments']} payments on the books, not ${captures.length}`,
        counted.books?.['paymentFee'] === paid ||
          `${counted.books?.['paymentFee']} fen on the books, not ${paid}`,
      ]).map((what) => `${day}: ${what}`)
    })

/** Each difference that was made is in one review, and there is none about anything else. */
const differencesAreReviewed: Check = (evidence) => {
  const { expected } = evidence.bills
  const reviews = rows(evidence, 'reviews').filter(({ kind }) => kind === 'bill_difference')
  const fits = (wanted: string, id: string): boolean =>
    wanted.endsWith('.sum_differs') ? id.startsWith(`${wanted}.`) : id === wanted
  return [
    ...expected
      .filter((wanted) => !reviews.some(({ id }) => fits(wanted, String(id))))
      .map((id) => `no review ${id}`),
    ...reviews
      .filter(({ id }) => !expected.some((wanted) => fits(wanted, String(id))))
      .filter((row) => !isMissingBill(evidence, row) && !isTakenNumber(evidence, row))
      .map(({ id }) => `review ${id} is about nothing`),
  ]
}

/** Late, or not for us to have: told before it came in the end. */
function isMissingBill({ bills }: Evidence, { subject, opened_at: openedAt }: SqlRow): boolean {
  const [, day = ''] = /^(.*)\.bill_missing$/.exec(String(subject)) ?? []
  if (day === '') return false
  return bills.isForbidden || Number(openedAt) > startOf(day) / 1_000 + (24 + 36) * HOUR_S
}

/** A number of ours that somebody used at WeChat for other money. */
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

/** The shop is told of each reconciled day once, and when it is. */
const reconciledDaysHaveWebhooks: Check = (evidence) => {
  const days = rows(evidence, 'bills')
    .filter(({ state }) => state === 'reconciled')
    .map(({ day }) => `bill.reconciled.${day}`)
  const told = rows(evidence, 'deliveries')
    .filter(({ type }) => type === 'bill.reconciled')
    .map(({ id }) => String(id))
  return [
    ...days.filter((id) => !told.includes(id)).map((id) => `no webhook ${id}`),
    ...told.filter((id) => !days.includes(id)).map((id) => `webhook ${id} is about nothing`),
    ...evidence.received
      .filter(({ type, data }) => type === 'bill.reconciled' && data.state !== 'reconciled')
      .map(({ id, data }) => `${id}: says ${data.state}`),
  ]
}

/** A day that is reconciled once more says the same. */
const reconcilingAgainChangesNothing: Check = ({ audits }) =>
  audits.flatMap(({ day, before, after }) => {
    if (before === after) return []
    const known = new Set(before.split('\n'))
    const news = after.split('\n').filter((line) => !known.has(line))
    return [
      `${day} was reconciled again: ${news.length === 0 ? 'rows are gone' : news.join(' · ')}`,
    ]
  })

export const BILL_CHECKS = {
  everyDayIsReconciled,
  billCountsAgree,
  differencesAreReviewed,
  reconciledDaysHaveWebhooks,
  reconcilingAgainChangesNothing,
}
