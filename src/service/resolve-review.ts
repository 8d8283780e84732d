import { parseTransactionId, toOutTradeNo } from '../core/ids.ts'
import { toFen } from '../core/money.ts'
import type { Payment } from '../core/payment.ts'
import { invariant, err, ok, type Result } from '../core/result.ts'
import { mayAccept, type ReviewAction, type StoredReview } from '../core/review.ts'
import { toUnixSeconds } from '../core/time.ts'
import type { Deps } from './ports.ts'
import { settlePayment } from './settle-payment.ts'

export type ResolveError = Readonly<{
  reason: 'review_not_found' | 'review_resolved' | 'action_not_allowed' | 'refund_not_configured'
}>

/**
 * Closes a review with a person's word. `accept` first books the payment, so that a crash between the
 * two leaves the review open, to be resolved again with the same outcome.
 */
export async function resolveReview(
  deps: Deps,
  id: string,
  resolution: Readonly<{ note: string; action: ReviewAction | undefined }>,
): Promise<Result<StoredReview, ResolveError>> {
  const review = await deps.store.findReview(id)
  if (review === undefined) return err({ reason: 'review_not_found' })
  if (review.resolvedAt !== undefined) {
    const same = review.note === resolution.note && review.action === resolution.action
    return same ? ok(review) : err({ reason: 'review_resolved' })
  }
  if (resolution.action === 'refund') return err({ reason: 'refund_not_configured' })
  if (resolution.action === 'accept') {
    if (!mayAccept(review.kind)) return err({ reason: 'action_not_allowed' })
    const booked = await settlePayment(deps, paymentOf(review), 'operator')
    if (!booked.ok) return err({ reason: 'action_not_allowed' })
  }

  const resolved = await deps.store.resolveReview(id, resolution, deps.now())
  deps.log({ event: 'review_resolved', kind: review.kind, resolved })
  const after = await deps.store.findReview(id)
  return after === undefined ? err({ reason: 'review_not_found' }) : ok(after)
}

/** The payment as it was when the review was opened. */
function paymentOf({ evidence }: StoredReview): Payment {
  const text = (name: string): string => String(evidence[name] ?? '')
  const fen = (name: string) => toFen(Number(evidence[name]))
  const transactionId = parseTransactionId(text('transaction_id'))
  invariant(transactionId !== undefined, 'the review of a payment names it')
  return {
    transactionId,
    outTradeNo: toOutTradeNo(text('out_trade_no')),
    openid: text('openid'),
    tradeType: text('trade_type'),
    feeType: text('fee_type'),
    totalFee: fen('total_fee'),
    cashFee: evidence['cash_fee'] === undefined ? undefined : fen('cash_fee'),
    bankType: evidence['bank_type'] === undefined ? undefined : text('bank_type'),
    paidAt: toUnixSeconds(Number(evidence['paid_at'])),
  }
}
