/** Compares rows of a bill with our records. Pure: the store looks up what our records have about each row. */
import { type BeijingDay, dayOf, startOf } from '../day.ts'
import { parseOutTradeNo } from '../ids.ts'
import type { MerchantIds } from '../merchant.ts'
import { DAY_S, later, type UnixSeconds } from '../time.ts'
import type { BillPayment, BillRefund, BillRow } from './bill-row.ts'
import type { Bill, BillCounts } from './bill.ts'
import { type Difference, found, isRepetition, type Side } from './difference.ts'
import { BILL_SKEW_S } from './schedule.ts'
import { countRate } from './service-fee.ts'
import { feeSides, sideOf, sidesAgree } from './sides.ts'

/** What our records have about one row of the bill. */
export type RowFacts = Readonly<{
  /** Whether an attempt of ours has the row's number and appid. */
  isOurAttempt: boolean
  /** Whether we have the order of the row's number, or a payment with its transaction_id. */
  isOurOrder: boolean
  /** Our payment or refund with the number of the row; undefined when we have none. */
  record: OurRecord | undefined
  /** Whether an earlier page of the bill has the same payment or refund, and our records lack it. */
  isReported: boolean
}>

/** A payment or refund of ours. */
export type OurRecord = Readonly<{
  /** Its fields, with the names that a row's fields have. */
  side: Side
  /** The day of the bill that contains it; undefined while none does. */
  billedOn: string | undefined
  /** Whether WeChat accepted it, as far as we know. A payment always is. */
  isAccepted: boolean
}>

/** The outcome of comparing some rows. */
export type Compared = Readonly<{
  /** The counts of the bill after these rows. */
  counts: BillCounts
  differences: readonly Difference[]
  /** The transaction_ids of our payments and the out_refund_nos of our refunds that these rows have. */
  payments: readonly string[]
  refunds: readonly string[]
}>

/** What makes a row ours. `isAppidShared`: whether other systems take payments under our appid. */
export type Ours = MerchantIds & Readonly<{ isAppidShared: boolean }>

/**
 * Compares the next rows of a bill with our records.
 *
 * @param bill The bill before these rows.
 * @param facts What our records have about each row, by the row's number. A row whose number can be ours and
 *   that has no facts is ours, and agrees with our records.
 */
export function compareRows(
  bill: Pick<Bill, 'day' | 'counts'>,
  rows: readonly BillRow[],
  facts: ReadonlyMap<number, RowFacts>,
  ours: Ours,
): Compared {
  const comparison = new Comparison(bill.day, bill.counts, ours)
  for (const row of rows) comparison.take(row, facts.get(row.row))
  return comparison.outcome
}

/** The day of a file whose rows are all of other days than the bill's; undefined for the bill's own file. */
export function dayOfFile(rows: readonly BillRow[], day: BeijingDay): BeijingDay | undefined {
  const times = rows.flatMap((row) => (row.kind === 'unreadable' ? [] : [row.at]))
  const [first] = times
  return first === undefined || times.some(isOn(day)) ? undefined : dayOf(first)
}

/** Whether a time is on a day, give or take what WeChat's clocks differ. */
function isOn(day: BeijingDay): (at: UnixSeconds) => boolean {
  const from = later(startOf(day), -BILL_SKEW_S)
  const to = later(startOf(day), DAY_S + BILL_SKEW_S)
  return (at) => at >= from && at < to
}

/** Whose a row is. `unknown`: it has our appid and a number as ours are, but we have no such order. */
function ownerOf(
  { appid }: BillPayment | BillRefund,
  facts: RowFacts | undefined,
  ours: Ours,
): 'ours' | 'unknown' | 'other' {
  if (facts === undefined || facts.isOurAttempt) return 'ours'
  if (appid !== ours.appid) return 'other'
  return facts.isOurOrder || facts.record !== undefined ? 'ours' : 'unknown'
}

/** Takes the rows of a bill one after the other, counts them, and collects what differs. */
class Comparison {
  readonly #day: BeijingDay
  readonly #isOnDay: (at: UnixSeconds) => boolean
  readonly #ours: Ours
  readonly #counts: { -readonly [K in keyof BillCounts]: BillCounts[K] }
  readonly #rates: Record<string, number>
  readonly #differences = new Map<string, Difference>()
  readonly #payments = new Set<string>()
  readonly #refunds = new Set<string>()

  constructor(day: BeijingDay, counts: BillCounts, ours: Ours) {
    this.#day = day
    this.#isOnDay = isOn(day)
    this.#rates = { ...counts.rates }
    this.#counts = { ...counts, rates: this.#rates }
    this.#ours = ours
  }

  get outcome(): Compared {
    return {
      counts: this.#counts,
      differences: [...this.#differences.values()],
      payments: [...this.#payments],
      refunds: [...this.#refunds],
    }
  }

  take(row: BillRow, facts: RowFacts | undefined): void {
    this.#counts.rows++
    if (row.kind === 'unreadable') {
      this.#counts.unreadable++
      const { reason } = row
      return this.#differ({ kind: 'row_unreadable', subject: String(row.row), bill: { reason } })
    }
    if (!this.#isOnDay(row.at)) {
      const { transactionId, outTradeNo, at } = row
      const bill = { transaction_id: transactionId, out_trade_no: outTradeNo, stated_at: at }
      this.#differ({ kind: 'row_outside_day', subject: String(row.row), bill })
    }
    const number = parseOutTradeNo(row.outTradeNo)
    if (number === undefined) return this.#takeOther(row)
    switch (ownerOf(row, facts, this.#ours)) {
      case 'ours':
        return this.#takeOurs(row, facts, number.ordercode)
      case 'unknown':
        return this.#takeUnknown(row, number.ordercode)
      case 'other':
        return this.#takeOther(row)
    }
  }

  #takeOther({ appid }: BillPayment | BillRefund): void {
    this.#counts.others++
    if (appid === this.#ours.appid) this.#counts.otherNumbers++
    else this.#counts.otherAppids++
  }

  #takeUnknown(row: BillPayment | BillRefund, ordercode: string): void {
    this.#counts.unknownOrders++
    if (this.#ours.isAppidShared) {
      this.#counts.others++
      return
    }
    const kind = row.kind === 'refund' ? 'refund_of_unknown_order' : 'payment_of_unknown_order'
    // When the operator accepts the payment, WeChat is asked with these ids: the configuration may be another one by then.
    const bill = { ...sideOf(row), appid: row.appid, mch_id: this.#ours.mchId }
    this.#differ({ kind, subject: subjectOf(row), ordercode, bill })
  }

  #takeOurs(row: BillPayment | BillRefund, facts: RowFacts | undefined, ordercode: string): void {
    this.#count(row)
    const subject = subjectOf(row)
    const record = facts?.record
    if (row.kind === 'revoked') {
      const sides = { bill: sideOf(row), books: record?.side }
      return this.#differ({ kind: 'payment_revoked', subject, ordercode, ...sides })
    }
    const billed = row.kind === 'refund' ? this.#refunds : this.#payments
    const isRepeated =
      billed.has(subject) || record?.billedOn !== undefined || facts?.isReported === true
    if (isRepeated) {
      const day = record?.billedOn
      const books = day === undefined || day === this.#day ? undefined : { billed_on: day }
      const bill = { ...sideOf(row), rows: 1 }
      return this.#differ({ kind: `${row.kind}_repeated`, subject, ordercode, bill, books })
    }
    billed.add(subject)
    const fee = feeSides(row)
    const bill = { ...sideOf(row), ...fee.bill }
    if (facts !== undefined && record === undefined) {
      return this.#differ({ kind: `${row.kind}_not_here`, subject, ordercode, bill })
    }
    const books = { ...(record?.side ?? sideOf(row)), ...fee.books }
    if (!sidesAgree(bill, books) || record?.isAccepted === false) {
      this.#differ({ kind: `${row.kind}_differs`, subject, ordercode, bill, books })
    }
  }

  #count(row: BillPayment | BillRefund): void {
    const counts = this.#counts
    if (row.kind === 'revoked') {
      counts.revoked++
      return
    }
    counts.serviceFee += row.serviceFee
    if (row.kind === 'refund') {
      counts.refunds++
      counts.refundFee += row.refundFee
      return
    }
    counts.payments++
    counts.paymentFee += row.totalFee
    counts.settlementFee += row.settlementTotalFee
    countRate(this.#rates, row.rate)
  }

  /** Adds a difference. All repetitions of a payment or refund are one difference. */
  #differ(difference: Pick<Difference, 'kind' | 'subject'> & Partial<Difference>): void {
    const key = `${difference.kind} ${difference.subject}`
    const known = this.#differences.get(key)
    if (known === undefined) this.#differences.set(key, found({ day: this.#day, ...difference }))
    else if (isRepetition(known.kind)) this.#differences.set(key, withRepetition(known, difference))
  }
}

/** The number with which WeChat and we name a payment or a refund. */
const subjectOf = (row: BillPayment | BillRefund): string =>
  row.kind === 'refund' ? row.outRefundNo : row.transactionId

/** Adds the row and the amount of one more repetition to a difference about repetitions. */
function withRepetition(known: Difference, { bill = {} }: Partial<Difference>): Difference {
  const sum = (name: string): Side =>
    name in bill ? { [name]: Number(known.bill?.[name]) + Number(bill[name]) } : {}
  return {
    ...known,
    bill: { ...known.bill, ...sum('total_fee'), ...sum('refund_fee'), ...sum('rows') },
  }
}
