import { startOfDay } from '../lib/clock.ts'
import { BILL_MADE_AFTER_MS } from '../lib/limits.ts'
import { seededRandom } from '../lib/random.ts'
import type { BillLayout, BillRow } from '../state/bill-plan.ts'
import type { World } from '../state/world.ts'
import { changeRows } from './changes.ts'
import { type BillType, printedLayout } from './layouts.ts'
import { ROW_KINDS, paymentRow, refundRow } from './rows.ts'
import { formatBill, shuffle } from './text.ts'

// A bill is computed on every download, from the ledgers and from the changes in the bill plan. `date` is a Beijing day,
// yyyyMMdd.

/** The type and the layout in which the bill of one day is written. */
export type BillOptions = {
  /** The type of the bill. Default: ALL. */
  billType?: BillType
  /** Default: the layout that the bill plan orders for the day, else `Strictness.billLayout`. */
  layout?: BillLayout
}

/**
 * The rows of the bill of one day: the day's payments and refunds, with the changes of the bill plan applied. Not shuffled yet.
 */
export function billRows(date: string, world: World, billType: BillType = 'ALL'): BillRow[] {
  const rows = changeRows(rowsOf(date, world), world.billPlan.changesOf(date))
  return rows.filter(({ kind }) => ROW_KINDS[billType].includes(kind))
}

/**
 * Writes the bill file of one day, as downloadbill sends it before compression.
 * @param rows The result of `billRows`.
 */
export function billText(
  rows: readonly BillRow[],
  date: string,
  { billPlan, strict }: World,
  { billType = 'ALL', layout }: BillOptions,
): string {
  const changes = billPlan.changesOf(date)
  const changed = changes.findLast((each) => each.kind === 'layout')?.layout
  const text = formatBill(
    // The seed is fixed per day, so every download has the rows in the same order, until a row is added to the day.
    shuffle(rows, seededRandom(billPlan.seedOf(date))),
    printedLayout(billType, layout ?? changed ?? strict.billLayout),
    changes.some(({ kind }) => kind === 'wrong_totals') ? 1 : 0,
  )
  const isCut = changes.some(({ kind }) => kind === 'cut_off')
  return isCut ? text.slice(0, Math.floor(text.length * 0.6)) : text
}

function rowsOf(date: string, world: World): BillRow[] {
  const { ledger, refunds, clock } = world
  const now = clock.now()
  const madeAt = startOfDay(date) + BILL_MADE_AFTER_MS
  const rows: BillRow[] = []
  for (const capture of ledger.capturesOfDay(date)) {
    const order = ledger.find(capture.outTradeNo, now)
    if (order !== undefined) rows.push(paymentRow(order, capture, world))
  }
  for (const refund of refunds.ofDay(date)) {
    const order = ledger.find(refund.outTradeNo, now)
    if (order?.capture !== undefined) {
      rows.push(refundRow(refund, order, order.capture, madeAt, world))
    }
  }
  return rows
}
