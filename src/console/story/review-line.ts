/** A review in one sentence. */
import type { Review } from '../../core/review.ts'
import { money } from '../view/format.ts'
import type { Words } from '../words/words.ts'

/** The sentence about a review, with its amount, day or number. */
export function reviewLine(words: Words, { kind, subject, evidence }: Review): string {
  const { line } = words.reviews
  const text = (name: string): string => String(evidence[name] ?? '')
  const fen = (name: string): string =>
    typeof evidence[name] === 'number' ? money(evidence[name]) : words.frame.empty
  switch (kind) {
    case 'amount_mismatch':
      return line.amount_mismatch(fen('total_fee'), fen('expected'))
    case 'currency_mismatch':
      return line.currency_mismatch(text('fee_type'))
    case 'refund_waiting':
      return evidence['reason'] === undefined
        ? line.refund_waiting(fen('refund_fee'))
        : line.refunds_held(text('refunds'), fen('refund_fee'))
    case 'bill_difference':
      return line.bill_difference(text('day').slice(5), differenceOf(words, evidence))
    case 'webhook_given_up':
      return line.webhook_given_up(text('type'))
    case 'other_merchant':
      return line.other_merchant(subject)
    case 'refund_abnormal':
    case 'refund_overdue':
    case 'refund_failed':
    case 'refund_conflict':
      return line[kind](fen('refund_fee'))
    case 'unknown_order':
    case 'foreign_payment':
    case 'transaction_conflict':
    case 'late_payment':
    case 'second_payment':
    case 'partly_returned':
      return line[kind](fen('total_fee'))
  }
}

function differenceOf(words: Words, evidence: Review['evidence']): string {
  const kind = String(evidence['difference'] ?? '')
  const amount =
    ['bill_total_fee', 'books_total_fee', 'bill_refund_fee', 'books_refund_fee']
      .map((name) => evidence[name])
      .find((value) => typeof value === 'number') ?? undefined
  const count = evidence['count']
  const said = differenceTitle(
    words,
    kind,
    count === undefined
      ? amount === undefined
        ? String(evidence['subject'] ?? '')
        : money(amount)
      : `${String(count)}`,
  )
  return said
}

/** The title of a difference between a bill and our books. */
export function differenceTitle(words: Words, kind: string, amount: string): string {
  const titles: Readonly<Record<string, (amount: string) => string>> = words.bills.kind
  return titles[kind]?.(amount) ?? kind
}
