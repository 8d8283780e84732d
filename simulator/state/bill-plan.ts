import type { Random } from '../lib/random.ts'

// The content of a bill, and the changes with which a test or a developer makes a bill differ from what happened.

/** The values of `bill_type`, the parameter of downloadbill. */
export const BILL_TYPES = ['ALL', 'SUCCESS', 'REFUND', 'RECHARGE_REFUND'] as const
/** One of `BILL_TYPES`. */
export type BillType = (typeof BILL_TYPES)[number]

/**
 * The layouts of a bill. `new` is today's, `old` is that before 2018, `oldest` is the one before, which WeChat still sends to a
 * few merchants. `short` is for merchants without coupons of their own. `reversed` and `one_more` are invented: a client that
 * reads columns by position instead of by name misreads them.
 */
export const BILL_LAYOUTS = ['new', 'old', 'oldest', 'short', 'reversed', 'one_more'] as const
/** One of `BILL_LAYOUTS`. */
export type BillLayout = (typeof BILL_LAYOUTS)[number]

/**
 * How a bill prints a comma, a line feed and a backtick within the texts that the shop chose. `backslash` and `octal` are
 * WeChat's rules, which differ only in the backtick. `none` prints the characters as they are, as bills that merchants published
 * do.
 */
export const BILL_ESCAPES = ['backslash', 'octal', 'none'] as const
/** One of `BILL_ESCAPES`. */
export type BillEscapes = (typeof BILL_ESCAPES)[number]

/** The values of one row, by WeChat's own column names. */
export type BillColumns = Readonly<Record<string, string>>

/** One row of a bill with the values of all columns; the layout decides which columns are printed. */
export type BillRow = {
  readonly kind: 'payment' | 'refund' | 'recharge_refund'
  /** The transaction_id of a payment, or the out_refund_no of a refund. */
  readonly number: string
  readonly columns: BillColumns
}

/** One change by which the bill of a day differs from what happened. `number` is a transaction_id or an out_refund_no. */
export type BillChange =
  | { kind: 'drop_row'; number: string }
  /** Overwrites some columns of the row about the payment or refund `number`. */
  | { kind: 'set_columns'; number: string; columns: BillColumns }
  | { kind: 'other_amount'; number: string; fen: number }
  /**
   * Changes the fee rate of a row, in hundredths of a percent, and the service fee with it. `set_columns` can change either
   * without the other.
   */
  | { kind: 'other_fee_rate'; number: string; basisPoints: number }
  /** Lists the row once more. */
  | { kind: 'repeat_row'; number: string }
  /** Moves the row, unchanged, to the bill of the next day: WeChat counted a payment just before midnight a moment later. */
  | { kind: 'late_row'; number: string }
  /** Adds a row for a payment or refund of one yuan that never happened. Columns that are not given are made up. */
  | { kind: 'extra_row'; row: 'payment' | 'refund'; columns?: BillColumns }
  /** Adds a row for a refund that the shop never requested, of a payment that did happen. */
  | { kind: 'unasked_refund'; outTradeNo: string; fen: number }
  /**
   * Adds a row that takes back a payment that did happen: 交易状态 (trade state) is REVOKED, and the row has refund numbers. WeChat
   * revokes only payments at a till, so for this shop such a row is a mistake.
   */
  | { kind: 'revoked_row'; outTradeNo: string; columns?: BillColumns }
  | { kind: 'layout'; layout: BillLayout }
  | { kind: 'escapes'; escapes: BillEscapes }
  /** Makes the total below `header`, or every total, too high by one in its last digit. */
  | { kind: 'wrong_totals'; header?: string }
  /** Serves the file of another day, of another type, or both, instead of the requested one. */
  | { kind: 'other_file'; date?: string; billType?: BillType }
  /**
   * Cuts the file off: after 60 % (the default), or before the last digit of the last number. Compressed as GZIP, the stream is
   * still complete; the fault `truncated_xml` cuts the stream.
   */
  | { kind: 'cut_off'; at?: 'middle' | 'last_digit' }
  /** Makes downloadbill answer an error, `times` times (default: until cleared). 20007 and 20003 are real error codes. */
  | { kind: 'unavailable'; errorCode: string; returnMsg: string; times?: number }

/**
 * A change as the bill plan stores it. An added row is made up when the test orders the change and stored with all its values,
 * so that every download of the bill shows the same row.
 */
export type PlannedChange =
  | Exclude<
      BillChange,
      | { kind: 'extra_row' }
      | { kind: 'unasked_refund' }
      | { kind: 'revoked_row' }
      | { kind: 'unavailable' }
    >
  | { kind: 'add_row'; row: BillRow }

/** The error that downloadbill answers instead of a bill, in WeChat's own words. */
export type BillError = { errorCode: string; returnMsg: string }

/**
 * The changes and errors that a test or a developer ordered, by Beijing day (yyyyMMdd). What really happened is in the ledgers;
 * a bill is computed from the ledgers and this plan.
 */
export class BillPlan {
  readonly #random: Random
  readonly #changes = new Map<string, PlannedChange[]>()
  readonly #errors = new Map<string, (BillError & { left: number })[]>()
  readonly #seeds = new Map<string, number>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Adds a change to the bill of one day. The changes of a day apply in the order in which they were added. */
  addChange(date: string, change: PlannedChange): void {
    this.#changes.set(date, [...(this.#changes.get(date) ?? []), change])
  }

  /** Makes the next `times` downloads of one day's bill fail with an error. */
  addError(date: string, error: BillError, times: number): void {
    this.#errors.set(date, [...(this.#errors.get(date) ?? []), { ...error, left: times }])
  }

  /** The planned changes of one day's bill, oldest first. */
  changesOf(date: string): readonly PlannedChange[] {
    return this.#changes.get(date) ?? []
  }

  /**
   * Takes the error that was ordered for the next download of one day's bill, and counts this as one download. `undefined` when
   * no error is left.
   */
  takeError(date: string): BillError | undefined {
    const next = this.#errors.get(date)?.find(({ left }) => left > 0)
    if (next === undefined) return undefined
    next.left -= 1
    return next
  }

  /** Removes the changes and errors of one day, or of all days if `date` is omitted. */
  clear(date?: string): void {
    for (const map of [this.#changes, this.#errors]) {
      if (date === undefined) map.clear()
      else map.delete(date)
    }
  }

  /**
   * The seed for the order of the rows in one day's bill. It stays the same, so that every download of the bill gives the same
   * file.
   */
  seedOf(date: string): number {
    const known = this.#seeds.get(date)
    if (known !== undefined) return known
    const [a = 0, b = 0, c = 0] = this.#random(3)
    const seed = (a * 256 + b) * 256 + c
    this.#seeds.set(date, seed)
    return seed
  }
}
