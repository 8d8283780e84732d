/** `/console/bills`: the last days, and whether each agrees with our books. */
import type { BillLine } from '../../ports/list-store.ts'
import { listBills } from '../../service/lists/bills.ts'
import type { PageHandler, Visit } from '../http/visit.ts'
import { billBadge, billOutcome } from '../view/badges.ts'
import { capped, count, feeYuan, shortDay, timeText, yuan } from '../view/format.ts'
import { heading } from '../view/heading.ts'
import { empty } from '../view/lists.ts'
import { markup, type Value } from '../view/markup.ts'
import { billPath } from '../view/paths.ts'
import { table } from '../view/table.ts'

/** Where the count of a day's differences stops. */
const DIFFERENCES_MAX = 10

export const showBills: PageHandler = async (visit) => {
  const { words, deps } = visit
  const { bills } = words
  const lines = await listBills(deps)
  const columns = [
    { head: bills.day, css: 'main-cell s-a' },
    { head: bills.result, css: 's-b' },
    { head: bills.payments, css: 'num s-c' },
    { head: bills.refunds, css: 'num wide' },
    { head: bills.fee, css: 'num wide' },
    { head: bills.differences, css: 'num wide' },
    { head: bills.comparedAt, css: 'num dim s-d' },
  ]
  const body =
    lines.length === 0
      ? empty(bills.none, bills.noneHow)
      : table(
          columns,
          lines.map((line) => cells(visit, line)),
        )
  return {
    section: 'bills',
    title: bills.title,
    main: markup`${heading(bills.title, bills.about)}<section class="card" aria-label="${bills.title}">${body}</section>`,
  }
}

function cells({ words, deps, now, today }: Visit, line: BillLine): readonly Value[] {
  const { bills, frame } = words
  const { day, counts, state, dueAt, reconciledAt } = line.bill
  const isOpen = state === 'waiting' || state === 'unavailable'
  const sum = (n: number, fee: number): Value =>
    isOpen ? frame.empty : bills.sum(count(n), yuan(fee))
  const until =
    reconciledAt === undefined
      ? dueAt === undefined
        ? frame.empty
        : bills.waitsUntil(timeText(dueAt, now))
      : timeText(reconciledAt, now)
  const { differences } = line
  return [
    markup`<a href="${billPath(day)}">${shortDay(day, today)}</a>`,
    billBadge(words, billOutcome(line, deps.config.isAppidShared)),
    sum(counts.payments, counts.paymentFee),
    sum(counts.refunds, counts.refundFee),
    isOpen ? frame.empty : feeYuan(counts.serviceFee),
    differences > 0 && markup`<span class="mark">${capped(differences, DIFFERENCES_MAX)}</span>`,
    until,
  ]
}
