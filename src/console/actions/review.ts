/** Resolving a review. */
import type { ReviewAction } from '../../core/review.ts'
import { mayAccept, mayRefund } from '../../core/review.ts'
import { isPlainText } from '../../lib/text.ts'
import { decodedParam } from '../../routes/http/input.ts'
import { findReview } from '../../service/review/list-reviews.ts'
import { type ResolveError, resolveReview } from '../../service/review/resolve-review.ts'
import { redirect } from '../http/reply.ts'
import type { ActionHandler } from '../http/visit.ts'
import { noReview, reviewPage } from '../pages/reviews.ts'
import { reviewPath, withDone } from '../view/paths.ts'
import type { Words } from '../words/words.ts'

const NOTE_CHARS_MAX = 500

/** `POST /console/reviews/{id}`. Nothing is done unless the form says what. */
export const resolve: ActionHandler = async (visit, form) => {
  const { deps, words } = visit
  const { reviews } = words
  const id = decodedParam(visit.request, 'id')
  const review = await findReview(deps, id)
  if (review === undefined) return noReview(visit)
  // A browser sends line ends as CR LF.
  const note = (form.get('note') ?? '').replaceAll('\r\n', '\n').trim()
  const given = form.get('action')
  const isNote = note.length >= 1 && note.length <= NOTE_CHARS_MAX
  const again = (error: string, status = 422) => ({
    ...reviewPage(visit, review, { note, error }),
    status,
  })
  if (!isNote || !isPlainText(note.replace(/[\n\t]/g, ''))) return again(reviews.noteWrong)
  const hasChoice = mayAccept(review.kind) || mayRefund(review.kind)
  const action: ReviewAction | undefined =
    given === 'accept' || given === 'refund' ? given : undefined
  if (hasChoice && action === undefined && given !== 'note') return again(reviews.chooseOne)
  const resolved = await resolveReview(deps, id, { note, action })
  if (resolved.ok) return redirect(withDone(reviewPath(id), 'resolved'))
  if (resolved.error.reason === 'review_resolved') {
    const fresh = (await findReview(deps, id)) ?? review
    const said = { tone: 'bad', text: reviews.otherwise } as const
    return { ...reviewPage(visit, fresh, undefined, said), status: 409 }
  }
  const status = resolved.error.reason === 'wechat_unavailable' ? 503 : 409
  return again(sentenceOf(words, resolved.error), status)
}

function sentenceOf({ orders, refunds, reviews }: Words, error: ResolveError): string {
  switch (error.reason) {
    case 'review_not_found':
      return reviews.notFound
    case 'review_resolved':
      return reviews.otherwise
    case 'action_not_allowed':
    case 'ids_unknown':
      return reviews.notAllowed
    case 'order_not_registered':
      return reviews.notRegistered
    case 'payment_not_confirmed':
      return reviews.notConfirmed(`${error.wechat.code} ${error.wechat.description}`)
    case 'order_busy':
      return refunds.busy
    case 'wechat_unavailable':
      return orders.unavailable
    case 'other_merchant':
      return orders.otherMerchant
    case 'refund_not_configured':
      return orders.noCertificate
    case 'refunds_paused':
      return orders.paused
    case 'refund_limit_reached':
      return refunds.limitReached
    case 'refund_refused':
      return reviews.refundRefused
    case 'refund_cancelled':
      return reviews.refundCancelled
  }
}
