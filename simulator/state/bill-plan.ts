/** What bills consist of, and what the simulator's user has ordered to be wrong with them. */
import type { Random } from '../lib/random.ts'

/**
 * `old` is how ALL looked before 2018, `short` how it looks to merchants without coupons of their own. The
 * other two are new ones that a reader by position gets wrong.
 */
export const BILL_LAYOUTS = ['new', 'old', 'short', 'reversed', 'one_more'] as const
export type BillLayout = (typeof BILL_LAYOUTS)[number]

/** Values by WeChat's own column names. */
export type BillColumns = Readonly<Record<string, string>>

/** One line of a bill, before anybody decided which of its columns are printed. */
export type BillRow = {
  readonly kind: 'payment' | 'refund' | 'recharge_refund'
  /** transaction_id or out_refund_no. */
  readonly number: string
  readonly columns: BillColumns
}

/** How one day's bill differs from what happened. `number` is a transaction_id or an out_refund_no. */
export type BillChange =
  | { kind: 'drop_row'; number: string }
  /** Any columns of a row, by WeChat's names. */
  | { kind: 'set_columns'; number: string; columns: BillColumns }
  | { kind: 'other_amount'; number: string; fen: number }
  /** A payment or refund that never was; what is not given is made up, for one yuan. */
  | { kind: 'extra_row'; row: 'payment' | 'refund'; columns?: BillColumns }
  /** A refund of a payment that was, which nobody asked for. */
  | { kind: 'unasked_refund'; outTradeNo: string; fen: number }
  | { kind: 'layout'; layout: BillLayout }
  /** Every number of the last line is one too high. */
  | { kind: 'wrong_totals' }
  /** The file ends somewhere in the middle. As GZIP it is a whole stream; the fault `truncated_xml` cuts that. */
  | { kind: 'cut_off' }
  /** Nobody gets it, that many times (default until it is cleared): 20007 and 20003 are real ones. */
  | { kind: 'unavailable'; errorCode: string; returnMsg: string; times?: number }

/** What is kept of a change: rows that are made up are made up once, so that the bill says the same every time. */
export type PlannedChange =
  | Exclude<
      BillChange,
      { kind: 'extra_row' } | { kind: 'unasked_refund' } | { kind: 'unavailable' }
    >
  | { kind: 'add_row'; row: BillRow }

/** An error that downloadbill answers instead of a bill, in WeChat's own words. */
export type BillError = { errorCode: string; returnMsg: string }

/** The changes and errors that were ordered for bills, by Beijing day (yyyyMMdd). What really happened is in the ledgers. */
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
