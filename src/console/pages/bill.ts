/** `/console/bills/{yyyy-mm-dd}`: the sums of both sides, and each difference with both sides. */
import type { BillCounts } from '../../core/bill/bill.ts'
import { isQueryable, type ReportedDifference } from '../../core/bill/difference.ts'
import { addDays, type BeijingDay, parseDay } from '../../core/day.ts'
import { readShownBill, type ShownBill } from '../../service/lists/bills.ts'
import type { Page, PageHandler, Visit } from '../http/visit.ts'
import { differenceTitle } from '../story/review-line.ts'
import { bothSides } from '../story/sides.ts'
import { badge, billBadge, billOutcome } from '../view/badges.ts'
import { count, feeYuan, money, shortDay, timeText, yuan } from '../view/format.ts'
import { weekdayOf } from '../view/chart.ts'
import { heading } from '../view/heading.ts'
import { ICONS } from '../view/icons.ts'
import { empty } from '../view/lists.ts'
import { markup, type Markup } from '../view/markup.ts'
import type { NoteView } from '../view/note.ts'
import { note } from '../view/note.ts'
import { billPath, orderPath, reviewPath } from '../view/paths.ts'
import { card, table } from '../view/table.ts'
import { doneNote } from '../parts/done.ts'
import { csrfField } from '../parts/order-actions.ts'

/** Of a kind with very many differences, so many are shown. */
const SHOWN_OF_KIND = 20

export const showBill: PageHandler = async (visit) => {
  const day = dayIn(visit)
  return day === undefined ? noBill(visit) : billPage(visit, day, doneNote(visit))
}

/** The day in the path; undefined for one that does not exist. */
export const dayIn = ({ request }: Visit): BeijingDay | undefined =>
  parseDay(request.params['day'] ?? '')

/** The page of a day. @param said What came of a form. */
export async function billPage(
  visit: Visit,
  day: BeijingDay,
  said: NoteView | undefined,
  status = 200,
): Promise<Page> {
  const { words, deps, now, today } = visit
  const { bills } = words
  const found = await readShownBill(deps, day)
  const title = shortDay(day, today)
  if (found === undefined) {
    const body = markup`${head(visit, day, markup``)}<section class="card">${empty(bills.notFound, bills.noneHow)}</section>`
    return {
      section: 'bills',
      title,
      main: body,
      note: said,
      status: status === 200 ? 404 : status,
    }
  }
  const { bill } = found
  const differences = found.differences.filter(({ outcome }) => outcome !== 'booked')
  const outcome = billOutcome({ bill, differences: differences.length }, deps.config.isAppidShared)
  const facts =
    bill.fetchedAt !== undefined &&
    markup`<span class="dim">${bills.facts(timeText(bill.fetchedAt, now), bill.reconciledAt === undefined ? words.frame.empty : timeText(bill.reconciledAt, now), count(bill.counts.rows))}</span>`
  return {
    section: 'bills',
    title,
    note: said,
    status,
    main: markup`${head(visit, day, markup`${billBadge(words, outcome)}${facts}`)}
${lastError(visit, found)}
${bill.state === 'unavailable' && markup`<section class="card">${empty(bills.gone, bills.goneHow)}</section>`}
${bill.state === 'waiting' && bill.lastError === undefined && markup`<section class="card">${empty(bills.notReady, bill.dueAt === undefined ? '' : bills.waitsUntil(timeText(bill.dueAt, now)))}</section>`}
${bill.state === 'waiting' || bill.state === 'unavailable' ? undefined : sums(visit, bill.counts)}
${outcome === 'balanced' && markup`<section class="card"><p class="calm">${ICONS.ok}<span>${bill.counts.rows === 0 ? bills.empty : bills.perfect}</span></p></section>`}
${kinds(differences).flatMap((some, at) => kindCards(visit, some, at, found.hasMore))}
${found.hasMore && note({ tone: 'plain', text: bills.moreDifferences(found.differences.length) }, true)}
${booked(visit, found)}`,
  }
}

export const noBill = ({ words }: Visit): Page => ({
  section: 'bills',
  title: words.bills.title,
  status: 404,
  main: markup`${heading(words.bills.title)}<section class="card">${empty(words.bills.notFound, markup`<a href="/console/bills">${words.bills.title}</a>`)}</section>`,
})

/** A day in words. */
const dayTitle = ({ overview }: Visit['words'], day: BeijingDay): string =>
  overview.date(Number(day.slice(5, 7)), Number(day.slice(8)), weekdayOf(day))

function head(visit: Visit, day: BeijingDay, state: Markup): Markup {
  const { words, today, mayAct } = visit
  const { bills } = words
  const [before, after] = [addDays(day, -1), addDays(day, 1)]
  const next =
    after < today
      ? markup`<a class="btn" href="${billPath(after)}">${shortDay(after, today)}</a>`
      : markup`<span class="btn" aria-disabled="true">${shortDay(after, today)}</span>`
  const again =
    mayAct &&
    markup`<form method="post" action="${billPath(day)}/reconcile">${csrfField(visit)}<button class="btn">${ICONS.again}${bills.fetchAgain}</button></form>`
  const raw = mayAct && markup`<a class="btn" href="${billPath(day)}/raw">${bills.raw}</a>`
  return markup`<p class="crumb"><a href="/console/bills">${bills.title}</a></p><div class="head"><h1>${dayTitle(words, day)}</h1>${state}<span class="right"><a class="btn" href="${billPath(before)}">${shortDay(before, today)}</a>${next}${again}${raw}</span></div>`
}

function lastError({ words, now }: Visit, { bill }: ShownBill): Markup | false {
  const { bills } = words
  if (bill.lastError === undefined) return false
  const until = bill.dueAt === undefined ? '' : bills.waitsUntil(timeText(bill.dueAt, now))
  return note({
    tone: 'plain',
    text: markup`${bills.lastError}<span class="mono">${bill.lastError}</span> ${until}`,
  })
}

function sums({ words, deps }: Visit, counts: BillCounts): Markup {
  const { bills } = words
  const { books } = counts
  const row = (
    name: string,
    one: number,
    other: number | undefined,
    show: (n: number) => string,
  ) => {
    const off = other === undefined ? undefined : one - other
    return markup`<tr><td>${name}</td><td class="num">${show(one)}</td><td class="num">${other !== undefined && show(other)}</td><td class="num ${off === 0 ? 'same' : 'mark'}">${off !== undefined && show(off)}</td></tr>`
  }
  const others =
    counts.others > 0 &&
    !deps.config.isAppidShared &&
    markup`<p class="pad dim small">${bills.others(count(counts.others))}</p>`
  return card(
    'sums',
    bills.sums,
    markup`<div class="scroll" tabindex="0" role="group" aria-label="${bills.sums}"><table class="sums"><thead><tr><th><span class="hidden">${bills.item}</span></th><th class="num">${bills.wechatBill}</th><th class="num">${bills.ourBooks}</th><th class="num">${bills.difference}</th></tr></thead><tbody>
${row(bills.nPayments, counts.payments, books?.payments, count)}${row(bills.feePayments, counts.paymentFee, books?.paymentFee, yuan)}${row(bills.nRefunds, counts.refunds, books?.refunds, count)}${row(bills.feeRefunds, counts.refundFee, books?.refundFee, yuan)}<tr><td>${bills.fee}</td><td class="num">${feeYuan(counts.serviceFee)}</td><td class="num faint">${bills.notKept}</td><td></td></tr></tbody></table></div>${others}`,
  )
}

/** The differences by kind, in their order. */
function kinds(
  differences: readonly ReportedDifference[],
): readonly (readonly ReportedDifference[])[] {
  const names = [...new Set(differences.map(({ kind }) => kind))]
  return names.map((name) => differences.filter(({ kind }) => kind === name))
}

function kindCards(
  visit: Visit,
  some: readonly ReportedDifference[],
  at: number,
  hasMore: boolean,
): readonly Markup[] {
  const { bills, frame } = visit.words
  const cards = some
    .slice(0, SHOWN_OF_KIND)
    .map((difference, n) => differenceCard(visit, difference, `d${at}-${n}`))
  if (some.length <= SHOWN_OF_KIND) return cards
  const isOne = some.some(({ outcome }) => outcome === 'collected')
  const count = `${some.length}${hasMore ? '+' : ''}`
  const text = [bills.ofKind(SHOWN_OF_KIND, count), ...(isOne ? [bills.oneReview] : [])]
  return [...cards, note({ tone: 'plain', text: text.join(frame.stop) }, true)]
}

/** The amount of a difference, or what it is about. */
const amountOf = ({ bill, books, subject }: ReportedDifference): string => {
  const fee = [bill, books]
    .flatMap((side) => [side?.['total_fee'], side?.['refund_fee']])
    .find((value) => typeof value === 'number')
  return fee === undefined ? subject : money(fee)
}

function differenceCard({ words, now }: Visit, difference: ReportedDifference, id: string): Markup {
  const { bills, states, reviews } = words
  const { kind, bill, books, outcome, tries, reviewId, ordercode } = difference
  const order =
    ordercode !== undefined &&
    markup`<p><a class="mono" href="${orderPath(ordercode)}">${ordercode}</a></p>`
  const asked =
    tries > 0 &&
    isQueryable(kind) &&
    markup`<p><b>${bills.whatWasAsked}</b>${bills.asked(tries)}</p>`
  const review =
    reviewId !== undefined &&
    markup`<p><a class="btn" href="${reviewPath(reviewId)}">${bills.handle}</a></p>`
  const state =
    outcome === undefined
      ? badge(['wait', 'dots'], states.bill.settling)
      : badge(['bad', 'warning'], states.bill.differs)
  return markup`<article class="card" aria-labelledby="${id}"><header>${state}<h2 id="${id}">${differenceTitle(words, kind, amountOf(difference))}</h2><span class="right dim small mono">${kind}</span></header>${bothSides(words, now, bill, books)}<div class="todo-text">${order}${asked}<p><b>${reviews.whatToDo}</b>${reviews.todo.bill_difference}</p>${review}</div></article>
`
}

/** What only the bill had, and was booked after WeChat had confirmed it. */
function booked({ words }: Visit, { differences }: ShownBill): Markup | false {
  const { bills, frame } = words
  const rows = differences.filter(({ outcome }) => outcome === 'booked')
  if (rows.length === 0) return false
  const columns = [
    { head: frame.order, css: 's-a main-cell' },
    { head: bills.difference, css: 's-c dim' },
    { head: frame.amount, css: 'num amt s-b' },
  ]
  const list = table(
    columns,
    rows.map((each) => [
      each.ordercode === undefined
        ? each.subject
        : markup`<a class="mono" href="${orderPath(each.ordercode)}">${each.ordercode}</a>`,
      each.kind,
      amountOf(each),
    ]),
  )
  const how = markup`<span class="dim small">${bills.bookedHow}</span>`
  return card('booked', bills.bookedItself(count(rows.length)), list, how)
}
