/**
 * Checks WeChat's service fee (手续费): the fee of a row against the rate that the same row states, and the rates
 * of a day against those of the days before.
 */
import type { BeijingDay } from '../day.ts'
import type { BillPayment, BillRefund } from './bill-row.ts'
import type { BillCounts, Millifen } from './bill.ts'
import { type Difference, found } from './difference.ts'

const FEN: Millifen = 1_000
/**
 * How far the fee of a payment may be from the exact product, in 1/1000 fen: WeChat rounds the fee of each
 * payment to whole fen, and some bills state it unrounded.
 */
const ROUNDED_BY_MAX = FEN / 2
/**
 * How far the returned fee of a refund may be from the exact product: less than a fen. Several refunds of one
 * payment together return no more than its rounded fee.
 */
const RETURN_OFF_MAX = FEN - 1
/** The most rates of a day that are counted. A merchant has one or a few. */
const RATES_MAX = 20
/** The name under which rates that cannot be read are counted. */
const UNREADABLE = 'unreadable'
const RATE = /^(\d{1,3})(?:\.(\d{1,4}))?%$/

/** Reads a rate such as `0.60%` in millionths. @returns undefined for any other text. */
export function parseRate(text: string): number | undefined {
  const [, whole, fraction = ''] = RATE.exec(text) ?? []
  return whole === undefined ? undefined : Number(whole + fraction.padEnd(4, '0'))
}

/**
 * Compares the fee of a row with the row's own rate and amount. A refund returns its part of the fee, so its
 * fee is negative; it is 0 when WeChat keeps the fee.
 *
 * @returns the fee that would be right; undefined when the fee is right, or the rate cannot be read.
 */
export function expectedFee(row: BillPayment | BillRefund): Millifen | undefined {
  const rate = parseRate(row.rate)
  if (rate === undefined) return undefined
  const { serviceFee, feeBase } = row
  const least = (feeBase.least * rate) / FEN
  const most = (feeBase.most * rate) / FEN
  const rounded = Math.floor((most + ROUNDED_BY_MAX) / FEN) * FEN
  if (row.kind === 'refund') {
    const returned = -serviceFee
    const isRight =
      returned === 0 ||
      (returned > 0 && returned >= least - RETURN_OFF_MAX && returned <= most + RETURN_OFF_MAX)
    return isRight ? undefined : rounded === 0 ? 0 : -rounded
  }
  const isRight = serviceFee >= least - ROUNDED_BY_MAX && serviceFee <= most + ROUNDED_BY_MAX
  return isRight ? undefined : rounded
}

/** Counts a payment that was charged at a rate. A row without a rate is not counted. */
export function countRate(rates: Record<string, number>, stated: string): void {
  if (stated === '') return
  const rate = parseRate(stated) === undefined ? UNREADABLE : stated
  const count = rates[rate]
  const isFull = count === undefined && Object.keys(rates).length >= RATES_MAX
  if (!isFull) rates[rate] = (count ?? 0) + 1
}

type Rates = BillCounts['rates']

/**
 * The difference of a day on which WeChat charged a rate that no bill of the days before has: one, however many
 * payments were charged at it.
 *
 * @returns undefined when there is no such rate, or no bill before.
 */
export function changedRate(
  day: BeijingDay,
  rates: Rates,
  before: readonly Rates[],
): Difference | undefined {
  const known = [...new Set(before.flatMap((each) => Object.keys(each)))].sort()
  const fresh = Object.keys(rates).filter((rate) => !known.includes(rate))
  if (known.length === 0 || fresh.length === 0) return undefined
  const payments = fresh.reduce((sum, rate) => sum + (rates[rate] ?? 0), 0)
  const bill = { rates: fresh.sort().join(', '), payments }
  return found({
    day,
    kind: 'rate_changed',
    subject: 'rates',
    bill,
    books: { rates: known.join(', ') },
  })
}
