import { startOfDay } from '../lib/clock.ts'
import { BILL_MADE_AFTER_MS } from '../lib/limits.ts'
import { seededRandom } from '../lib/random.ts'
import type {
  BillChange,
  BillColumns,
  BillLayout,
  BillRow,
  KeptChange,
} from '../state/bill-plan.ts'
import type { World } from '../state/world.ts'
import { changeRows } from './changes.ts'
import { inventPayment, inventRefund } from './fabricated.ts'
import { type BillType, printedLayout } from './layouts.ts'
import { KINDS, paymentRow, refundRow } from './rows.ts'
import { formatBill, shuffle } from './text.ts'

export type BillOptions = {
  /** Default ALL. */
  billType?: BillType
  /** Default: the day's, else the simulator's. */
  layout?: BillLayout
}

export type BillError = { errorCode: string; returnMsg: string }

type Unavailable = BillError & { left: number }

/** Makes the bills, day by day (yyyyMMdd, Beijing), out of the ledger and of what was changed by hand. */
export class BillOffice {
  readonly #changes = new Map<string, KeptChange[]>()
  readonly #unavailable = new Map<string, Unavailable[]>()
  readonly #seeds = new Map<string, number>()

  /** Throws when the change is about a payment or refund that WeChat does not know. */
  change(date: string, change: BillChange, world: World): void {
    startOfDay(date)
    if (change.kind === 'unavailable') {
      const { errorCode, returnMsg, times = Infinity } = change
      this.#unavailable.set(date, [
        ...(this.#unavailable.get(date) ?? []),
        { errorCode, returnMsg, left: times },
      ])
      return
    }
    const kept = keep(change, date, world)
    this.#changes.set(date, [...(this.#changes.get(date) ?? []), kept])
  }

  /** Without a date, the changes of all days are forgotten. */
  clear(date?: string): void {
    for (const map of [this.#changes, this.#unavailable]) {
      if (date === undefined) map.clear()
      else map.delete(date)
    }
  }

  /** Why this day's bill cannot be had just now, if that was ordered; asking counts. */
  takeError(date: string): BillError | undefined {
    const next = this.#unavailable.get(date)?.find(({ left }) => left > 0)
    if (next === undefined) return undefined
    next.left -= 1
    return next
  }

  text(date: string, options: BillOptions, world: World): string {
    return this.format(this.rows(date, options.billType, world), date, options, world)
  }

  /** What that bill lists, changed as ordered; not shuffled yet. */
  rows(date: string, billType: BillType = 'ALL', world: World): BillRow[] {
    const rows = changeRows(rowsOf(date, world), this.#changes.get(date) ?? [])
    return rows.filter(({ kind }) => KINDS[billType].includes(kind))
  }

  format(
    rows: readonly BillRow[],
    date: string,
    { billType = 'ALL', layout }: BillOptions,
    world: World,
  ): string {
    const changes = this.#changes.get(date) ?? []
    const changed = changes.findLast((each) => each.kind === 'layout')?.layout
    const text = formatBill(
      // The same file every time it is asked for, as long as nothing is added to that day.
      shuffle(rows, seededRandom(this.#seedOf(date, world))),
      printedLayout(billType, layout ?? changed ?? world.strict.billLayout),
      changes.some(({ kind }) => kind === 'wrong_totals') ? 1 : 0,
    )
    const isCut = changes.some(({ kind }) => kind === 'cut_off')
    return isCut ? text.slice(0, Math.floor(text.length * 0.6)) : text
  }

  #seedOf(date: string, { random }: World): number {
    const known = this.#seeds.get(date)
    if (known !== undefined) return known
    const [a = 0, b = 0, c = 0] = random(3)
    const seed = (a * 256 + b) * 256 + c
    this.#seeds.set(date, seed)
    return seed
  }
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

function keep(
  change: Exclude<BillChange, { kind: 'unavailable' }>,
  date: string,
  world: World,
): KeptChange {
  const { ledger, refunds, clock } = world
  switch (change.kind) {
    case 'extra_row': {
      const row = change.row === 'payment' ? inventPayment(date, world) : inventRefund(date, world)
      return { kind: 'add_row', row: withColumns(row, change.columns) }
    }
    case 'unasked_refund': {
      const order = ledger.find(change.outTradeNo, clock.now())
      if (order?.capture === undefined) {
        throw new RangeError(`${change.outTradeNo} was not paid, so no bill can refund it`)
      }
      return { kind: 'add_row', row: inventRefund(date, world, order, change.fen) }
    }
    case 'drop_row':
    case 'set_columns':
    case 'other_amount': {
      const isKnown =
        ledger.findByTransaction(change.number, clock.now()) !== undefined ||
        refunds.find(change.number) !== undefined
      if (!isKnown) throw new RangeError(`no payment and no refund has the number ${change.number}`)
      return change
    }
    default:
      return change
  }
}

function withColumns(row: BillRow, columns: BillColumns = {}): BillRow {
  return { ...row, columns: { ...row.columns, ...columns } }
}
