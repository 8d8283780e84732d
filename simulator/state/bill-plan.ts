import type { Random } from '../lib/random.ts'

// What a bill consists of, and how a test or a developer makes a bill differ from what happened.

/**
 * `new` is today's layout, `old` the one of ALL before 2018, `short` the one for merchants without coupons of their own.
 * `reversed` and `one_more` are invented: a reader that goes by the position of columns misreads them.
 */
export const BILL_LAYOUTS = ['new', 'old', 'short', 'reversed', 'one_more'] as const
/** One of `BILL_LAYOUTS`. */
export type BillLayout = (typeof BILL_LAYOUTS)[number]

/** The values of a row by WeChat's own column names. */
export type BillColumns = Readonly<Record<string, string>>

/** One line of a bill with all its columns; the layout decides which of them are printed. */
export type BillRow = {
  readonly kind: 'payment' | 'refund' | 'recharge_refund'
  /** transaction_id or out_refund_no. */
  readonly number: string
  readonly columns: BillColumns
}

/** One difference between the bill of a day and what happened. `number` is a transaction_id or an out_refund_no. */
export type BillChange =
  | { kind: 'drop_row'; number: string }
  /** Overwrites any columns of a row. */
  | { kind: 'set_columns'; number: string; columns: BillColumns }
  | { kind: 'other_amount'; number: string; fen: number }
  /** Adds a payment or refund that never happened, of one yuan; columns that are not given are made up. */
  | { kind: 'extra_row'; row: 'payment' | 'refund'; columns?: BillColumns }
  /** Adds a refund that the shop never requested, of a payment that did happen. */
  | { kind: 'unasked_refund'; outTradeNo: string; fen: number }
  | { kind: 'layout'; layout: BillLayout }
  /** Every number in the line of totals is one too high. */
  | { kind: 'wrong_totals' }
  /** The file ends after 60 %. As GZIP the stream itself is complete; the fault `truncated_xml` cuts the stream. */
  | { kind: 'cut_off' }
  /** downloadbill answers an error, `times` times (default: until cleared). 20007 and 20003 are real error codes. */
  | { kind: 'unavailable'; errorCode: string; returnMsg: string; times?: number }

/** A change as the plan stores it. Made-up rows are made up once, so that every download shows the same row. */
export type PlannedChange =
  | Exclude<
      BillChange,
      { kind: 'extra_row' } | { kind: 'unasked_refund' } | { kind: 'unavailable' }
    >
  | { kind: 'add_row'; row: BillRow }

/** An error that downloadbill answers instead of a bill, in WeChat's own words. */
export type BillError = { errorCode: string; returnMsg: string }

/**
 * The changes and errors that were ordered manually, by Beijing day (yyyyMMdd). What really happened is in the ledgers; a bill
 * is computed from both.
 */
export class BillPlan {
  readonly #random: Random
  readonly #changes = new Map<string, PlannedChange[]>()
  readonly #errors = new Map<string, (BillError & { left: number })[]>()
  readonly #seeds = new Map<string, number>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Changes of one day add up, in the order in which they were ordered. */
  addChange(date: string, change: PlannedChange): void {
    this.#changes.set(date, [...(this.#changes.get(date) ?? []), change])
  }

  /** The next `times` downloads of that day's bill fail with this error. */
  addError(date: string, error: BillError, times: number): void {
    this.#errors.set(date, [...(this.#errors.get(date) ?? []), { ...error, left: times }])
  }

  /** The changes of that day, oldest first. */
  changesOf(date: string): readonly PlannedChange[] {
    return this.#changes.get(date) ?? []
  }

  /** The error that was ordered for the next download of that day's bill; it counts as one download. */
  takeError(date: string): BillError | undefined {
    const next = this.#errors.get(date)?.find(({ left }) => left > 0)
    if (next === undefined) return undefined
    next.left -= 1
    return next
  }

  /** Forgets the changes and errors of one day, or without a date of all days. */
  clear(date?: string): void {
    for (const map of [this.#changes, this.#errors]) {
      if (date === undefined) map.clear()
      else map.delete(date)
    }
  }

  /** The seed for the order of that day's rows: every download of one day gets the same file. */
  seedOf(date: string): number {
    const known = this.#seeds.get(date)
    if (known !== undefined) return known
    const [a = 0, b = 0, c = 0] = this.#random(3)
    const seed = (a * 256 + b) * 256 + c
    this.#seeds.set(date, seed)
    return seed
  }
}
