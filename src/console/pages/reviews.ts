/** `/console/reviews`: what a person must look at, and what was done about it. `/console/reviews/{id}` shows one. */
import { mayAccept, mayRefund, type StoredReview } from '../../core/review.ts'
import { decodedParam } from '../../routes/http/input.ts'
import { findReview, listReviews } from '../../service/review/list-reviews.ts'
import type { Page, PageHandler, Visit } from '../http/visit.ts'
import { reviewLine } from '../story/review-line.ts'
import { bothSides, fieldName, fieldText, sidesOf } from '../story/sides.ts'
import { actorWord } from '../story/terms.ts'
import { reviewBadge } from '../view/badges.ts'
import { money, timeText } from '../view/format.ts'
import { heading } from '../view/heading.ts'
import { ICONS } from '../view/icons.ts'
import { empty, pageOf, pager, spanOf, tabOf, tabs } from '../view/lists.ts'
import { markup, type Markup } from '../view/markup.ts'
import type { NoteView } from '../view/note.ts'
import { orderPath, reviewPath } from '../view/paths.ts'
import { doneNote } from '../parts/done.ts'
import { csrfField } from '../parts/order-actions.ts'

/** Cards are long, so a page has few. */
const ROWS = 20

/** What was typed into the form of a review that was not accepted. */
export type ReviewTyped = Readonly<{ note: string; error: string }>

/** Kinds that end by themselves, so that their form is folded. */
const ENDS_ITSELF: readonly StoredReview['kind'][] = [
  'refund_abnormal',
  'refund_waiting',
  'bill_difference',
  'other_merchant',
]

export const showReviews: PageHandler = async (visit) => {
  const { url, words, deps, now } = visit
  const { reviews } = words
  const tab = tabOf(url, ['open', 'done'] as const)
  const { rows, next } = await listReviews(deps, tab === 'open', pageOf(url, ROWS))
  const none =
    tab === 'open'
      ? markup`<p class="calm">${ICONS.ok}<span>${reviews.none}</span></p>`
      : empty(reviews.noneDone, '')
  const span = spanOf(rows, ({ openedAt }) => timeText(openedAt, now))
  return {
    section: 'reviews',
    title: reviews.title,
    note: doneNote(visit),
    main: markup`${heading(reviews.title, reviews.about)}
<section class="card">${tabs(url, reviews.tabsLabel, reviews.tabs, tab)}${rows.length === 0 && none}</section>
${rows.map((review, at) => reviewCard(visit, review, `r${at}`))}
${(next !== undefined || url.searchParams.has('cursor')) && markup`<section class="card">${pager(words, url, next, span, ROWS)}</section>`}`,
  }
}

export const showReview: PageHandler = async (visit) => {
  const review = await findReview(visit.deps, decodedParam(visit.request, 'id'))
  return review === undefined ? noReview(visit) : reviewPage(visit, review)
}

/** The page of one review. @param typed What was typed, if it was not accepted. */
export function reviewPage(
  visit: Visit,
  review: StoredReview,
  typed?: ReviewTyped,
  note: NoteView | undefined = doneNote(visit),
): Page {
  const { reviews } = visit.words
  return {
    section: 'reviews',
    title: reviewLine(visit.words, review),
    note,
    main: markup`<p class="crumb"><a href="/console/reviews">${reviews.title}</a></p><h1 class="hidden">${reviews.title}</h1>${reviewCard(visit, review, 'r', typed)}`,
  }
}

/** The page for an id that no review has. */
export const noReview = ({ words }: Visit): Page => ({
  section: 'reviews',
  title: words.reviews.title,
  status: 404,
  main: markup`${heading(words.reviews.title)}<section class="card">${empty(words.reviews.notFound, markup`<a href="/console/reviews">${words.reviews.title}</a>`)}</section>`,
})

function reviewCard(visit: Visit, review: StoredReview, id: string, typed?: ReviewTyped): Markup {
  const { words, now } = visit
  const { reviews } = words
  const { openedAt, resolvedAt, actor, ordercode, kind } = review
  const when =
    resolvedAt === undefined
      ? reviews.since(timeText(openedAt, now))
      : reviews.resolvedAt(timeText(resolvedAt, now), actorWord(words, actor))
  const order =
    ordercode !== undefined &&
    markup`<p>${reviews.order} <a class="mono" href="${orderPath(ordercode)}">${ordercode}</a></p>`
  const body =
    resolvedAt === undefined
      ? markup`${order}<p><b>${reviews.whatToDo}</b>${reviews.todo[kind]}</p>${visit.mayAct && form(visit, review, id, typed)}`
      : markup`${order}<p class="dim wrap">${review.note} ${review.action !== undefined && reviews.action[review.action]}</p>`
  return markup`<article class="card gap" aria-labelledby="${id}"><header>${reviewBadge(words, review)}<h2 id="${id}">${reviewLine(words, review)}</h2><span class="right dim small"><a href="${reviewPath(review.id)}">${when}</a></span></header>
${evidence(visit, review)}<div class="todo-text">${body}</div></article>
`
}

/** What was found: both sides of a bill, or the fields of a payment or refund. */
function evidence({ words, now }: Visit, review: StoredReview): Markup {
  const { reviews } = words
  if (review.kind === 'bill_difference') {
    const { bill, books } = sidesOf(review.evidence)
    if (bill !== undefined || books !== undefined) return bothSides(words, now, bill, books)
  }
  const hidden = ['advice']
  const fields = Object.entries(review.evidence).filter(([name]) => !hidden.includes(name))
  if (fields.length === 0) return markup``
  const rows = fields.map(
    ([name, value]) =>
      markup`<tr><th scope="row">${fieldName(words, name)}</th><td><span>${fieldText(name, value, now)}</span></td></tr>`,
  )
  return markup`<details class="fold"><summary>${reviews.evidence}</summary><table class="both"><thead><tr><th>${reviews.field}</th><th>${reviews.value}</th></tr></thead><tbody>${rows}</tbody></table></details>`
}

function form(visit: Visit, review: StoredReview, id: string, typed?: ReviewTyped): Markup {
  const { words } = visit
  const { reviews } = words
  const { kind, evidence: found } = review
  const fee = typeof found['total_fee'] === 'number' ? money(found['total_fee']) : ''
  const choices = [
    ...(mayAccept(kind) ? [['accept', reviews.accept] as const] : []),
    ...(mayRefund(kind) ? [['refund', reviews.refund(fee)] as const] : []),
  ]
  const radio = (value: string, name: string): Markup =>
    markup`<label class="choice"><input type="radio" name="action" value="${value}" required> ${name}</label>`
  const actions =
    choices.length > 0 &&
    markup`<fieldset class="field"><legend>${reviews.choose}</legend>${choices.map(([value, name]) => radio(value, name))}${radio('note', reviews.noteOnly)}</fieldset>`
  const error =
    typed !== undefined &&
    markup`<span class="hint mark" id="${id}-error" role="alert">${typed.error}</span>`
  const body = markup`<form method="post" action="${reviewPath(review.id)}">${csrfField(visit)}${actions}<div class="field"><label for="${id}-note">${reviews.note}</label><textarea id="${id}-note" name="note" rows="2" required maxlength="500"${typed !== undefined && markup` aria-invalid="true" aria-describedby="${id}-error"`}>${typed?.note}</textarea>${error}</div><button class="btn go">${reviews.resolve}</button></form>`
  return ENDS_ITSELF.includes(kind) && typed === undefined
    ? markup`<details><summary>${reviews.anyway}</summary>${body}</details>`
    : body
}
