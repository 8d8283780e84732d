import { formatBeijingTime, startOfDay } from '../lib/clock.ts'
import { BILL_MADE_AFTER_MS } from '../lib/limits.ts'
import { seededRandom } from '../lib/random.ts'
import type { BillLayout, BillRow, BillType, PlannedChange } from '../state/bill-plan.ts'
import type { World } from '../state/world.ts'
import { changeRows } from './changes.ts'
import { printedLayout } from './layouts.ts'
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

/** A bill file as downloadbill sends it before compression, and how many rows of payments and refunds it has. */
export type BillFile = { rowCount: number; text: string }

/** Writes the bill file of one day, or the file that the bill plan orders to be served instead. */
export function billFile(date: string, world: World, options: BillOptions = {}): BillFile {
  const other = lastOf('other_file', world.billPlan.changesOf(date))
  return writeFile(other?.date ?? date, world, {
    ...options,
    billType: other?.billType ?? options.billType ?? 'ALL',
  })
}

function writeFile(
  date: string,
  world: World,
  { billType, layout }: BillOptions & { billType: BillType },
): BillFile {
  const { billPlan, strict } = world
  const changes = billPlan.changesOf(date)
  const rows = billRows(date, world).filter(({ kind }) => ROW_KINDS[billType].includes(kind))
  const planned = lastOf('layout', changes)?.layout ?? strict.billLayout
  const text = formatBill(
    // The seed is fixed per day, so every download has the rows in the same order, until a row is added to the day.
    shuffle(rows, seededRandom(billPlan.seedOf(date))),
    {
      layout: printedLayout(billType, layout ?? planned),
      escapes: lastOf('escapes', changes)?.escapes ?? strict.billEscapes,
      off: (header) => (changes.some((change) => spoils(change, header)) ? 1 : 0),
    },
  )
  return { rowCount: rows.length, text: cutOff(text, lastOf('cut_off', changes)) }
}

const spoils = (change: PlannedChange, header: string): boolean =>
  change.kind === 'wrong_totals' && (change.header === undefined || change.header === header)

function cutOff(
  text: string,
  cut: Extract<PlannedChange, { kind: 'cut_off' }> | undefined,
): string {
  if (cut === undefined) return text
  // The file ends with the last digit of a total, CR and LF.
  return text.slice(0, cut.at === 'last_digit' ? -3 : Math.floor(text.length * 0.6))
}

function lastOf<K extends PlannedChange['kind']>(
  kind: K,
  changes: readonly PlannedChange[],
): Extract<PlannedChange, { kind: K }> | undefined {
  return changes.findLast(
    (change): change is Extract<PlannedChange, { kind: K }> => change.kind === kind,
  )
}

/**
 * The rows of the bill of one day, of every type of bill: the day's payments and refunds, with the changes of the bill plan
 * applied, and the late rows of the day before. Not shuffled yet.
 */
function billRows(date: string, world: World): readonly BillRow[] {
  const before = formatBeijingTime(startOfDay(date) - 1).slice(0, 8)
  return changeRows(
    [...rowsOf(date, world), ...lateRows(before, world)],
    world.billPlan.changesOf(date),
  )
}

/** The rows of a day that stand in the bill of the next day. */
function lateRows(date: string, world: World): readonly BillRow[] {
  const changes = world.billPlan.changesOf(date)
  const late = new Set(changes.flatMap((each) => (each.kind === 'late_row' ? [each.number] : [])))
  if (late.size === 0) return []
  const inPlace = changes.filter(({ kind }) => kind !== 'late_row')
  return changeRows(rowsOf(date, world), inPlace).filter(({ number }) => late.has(number))
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
