/** What came of a form: its answer leads to a page with `?done=code`, and the code picks a sentence. */
import type { Visit } from '../http/visit.ts'
import type { NoteView } from '../view/note.ts'
import type { Words } from '../words/words.ts'

/** The sentence for the code of an address; undefined for none, and for a code that is not ours. */
export function doneNote({ url, words }: Pick<Visit, 'url' | 'words'>): NoteView | undefined {
  const code = url.searchParams.get('done')
  return code === null ? undefined : sentences(words)[code]
}

const ok = (text: string): NoteView => ({ tone: 'ok', text })
const bad = (text: string): NoteView => ({ tone: 'bad', text })
const plain = (text: string): NoteView => ({ tone: 'plain', text })

const sentences = ({
  orders,
  refunds,
  reviews,
  bills,
  deliveries,
}: Words): Readonly<Record<string, NoteView>> => ({
  asked_paid: ok(orders.asked.order_paid),
  asked_unpaid: plain(orders.asked.order_unpaid),
  asked_closed: plain(orders.asked.order_closed),
  asked_partly: plain(orders.asked.refunds_unanswered),
  closed: ok(orders.closed),
  close_paid: plain(orders.closedAlreadyPaid),
  refund_succeeded: ok(refunds.done.succeeded),
  refund_processing: ok(refunds.done.processing),
  refund_requested: plain(refunds.done.requested),
  refund_refused: bad(refunds.done.refused),
  refund_abnormal: bad(refunds.done.abnormal),
  refund_closed: bad(refunds.done.closed),
  refund_cancelled: plain(refunds.done.cancelled),
  cancelled: ok(refunds.cancelled),
  resolved: ok(reviews.resolved),
  bill_again: ok(bills.again),
  bill_underway: plain(bills.underWay),
  resent_all: plain(deliveries.resentAll),
  delivered: ok(deliveries.delivered),
  not_delivered: bad(deliveries.failed),
})
