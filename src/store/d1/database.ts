/** Access to D1 with a deadline, and with the retries that Cloudflare recommends. */
import { sleep, type TimeLeft, type Timers, withDeadline } from '../../lib/deadline.ts'
import { isOverLimit } from '../../lib/over-limit.ts'
import { StoreNotMigrated, StoreUnavailable } from '../../ports/store.ts'

/** A value for one placeholder of an SQL statement. */
export type Value = string | number | null
/** An SQL text and the values of its placeholders, in their order. */
export type Statement = Readonly<{ sql: string; params: readonly Value[] }>
/** A row as D1 returns it: unchecked values by column name. `columns.ts` reads them. */
export type Row = Readonly<Record<string, unknown>>
/** The outcome of one statement: the rows it returned and the number of rows it changed. */
export type Outcome = Readonly<{ rows: readonly Row[]; changes: number }>

/**
 * The deadline of one batch, retries included. A batch of an invocation that itself has a deadline gets what
 * is left of that, if it is less.
 */
const DEADLINE_MS = 3_000
const TRIES_MAX = 3
const PAUSE_MS = 50

/**
 * The messages of errors after which a batch may be sent to D1 again. D1 may have applied the failed batch
 * nevertheless, so every write must do no harm when it is applied twice. Most writes carry a guard, and
 * change nothing the second time.
 *
 * @see https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
 */
const RETRYABLE =
  /Network connection lost|storage caused object to be reset|starting up D1 DB storage|reset because its code was updated|Cannot resolve D1 DB due to transient issue/

/** The messages of errors that mean that a migration was not applied. */
const NOT_MIGRATED = /no such (table|column)|has no column named/

/** Sends statements to D1, with a deadline of at most 3 s and up to three tries per batch. */
export class Database {
  readonly #d1: D1Database
  readonly #timers: Timers
  readonly #randomBytes: (count: number) => Uint8Array
  readonly #timeLeft: TimeLeft
  readonly #usage: { statements: number; isRefused: boolean }

  #size = 0
  #region: string | undefined

  /**
   * @param usage Counts the statements that are sent, those of retries included: Cloudflare limits the number for
   *   each invocation of the Worker. `isRefused` becomes true when it has refused one.
   */
  constructor(
    d1: D1Database,
    timers: Timers,
    randomBytes: (count: number) => Uint8Array,
    timeLeft: TimeLeft = () => Infinity,
    usage: { statements: number; isRefused: boolean } = { statements: 0, isRefused: false },
  ) {
    this.#d1 = d1
    this.#timers = timers
    this.#randomBytes = randomBytes
    this.#timeLeft = timeLeft
    this.#usage = usage
  }

  /**
   * Runs the statements as one transaction, in one round trip. A constraint, type or syntax error is a bug
   * and is thrown as D1 throws it.
   *
   * @throws StoreUnavailable when D1 failed or did not answer in time: the batch may or
   *   may not have been applied. StoreNotMigrated when a table or column is missing: nothing was applied.
   */
  async batch(statements: readonly Statement[]): Promise<readonly Outcome[]> {
    const deadline = Math.min(DEADLINE_MS, this.#timeLeft())
    if (deadline <= 0) throw new StoreUnavailable('the deadline of the invocation has passed')
    const outcome = await withDeadline(this.#timers, deadline, (signal) =>
      this.#batchWithRetries(statements, signal),
    )
    if (!outcome.done) throw new StoreUnavailable('D1 did not answer in time')
    return outcome.value
  }

  /** The size of the database in bytes, as the last answer of D1 says; 0 before the first one. */
  size(): number {
    return this.#size
  }

  /** Where the database is, as the last answer of D1 says; undefined when none has said it. */
  region(): string | undefined {
    return this.#region
  }

  /** Runs one statement, read or write. Throws like {@link batch}. */
  async run(sql: string, ...params: readonly Value[]): Promise<Outcome> {
    const [outcome] = await this.batch([{ sql, params }])
    return outcome ?? { rows: [], changes: 0 }
  }

  /**
   * Makes a random text of 32 hexadecimal digits. A statement that writes it recognises its own rows when D1
   * executes it a second time.
   */
  uniqueText(): string {
    return [...this.#randomBytes(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  async #batchWithRetries(
    statements: readonly Statement[],
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    for (let tries = 1; ; tries++) {
      this.#usage.statements += statements.length
      try {
        const results = await this.#d1.batch<Row>(
          statements.map(({ sql, params }) => this.#d1.prepare(sql).bind(...params)),
        )
        const meta = results.at(-1)?.meta
        this.#size = meta?.size_after ?? this.#size
        this.#region = meta?.served_by_region ?? this.#region
        return results.map((result) => ({ rows: result.results, changes: result.meta.changes }))
      } catch (error) {
        const message = error instanceof Error ? error.message : ''
        if (isOverLimit(error)) this.#usage.isRefused = true
        if (NOT_MIGRATED.test(message)) throw new StoreNotMigrated('D1', { cause: error })
        if (!isOutage(message)) throw error
        if (!RETRYABLE.test(message) || tries === TRIES_MAX || signal.aborted) {
          throw new StoreUnavailable('D1 failed', { cause: error })
        }
        await sleep(this.#timers, this.#pauseMs(tries))
        if (signal.aborted) throw new StoreUnavailable('D1 failed', { cause: error })
      }
    }
  }

  /**
   * The pause before the next try, in milliseconds. It is random, so that callers that failed at the same
   * moment do not retry at the same moment (full jitter).
   */
  #pauseMs(tries: number): number {
    const [byte = 0] = this.#randomBytes(1)
    return Math.ceil((PAUSE_MS * 4 ** (tries - 1) * (byte + 1)) / 256)
  }
}

/**
 * Whether an error message of D1 means an outage. A constraint, type or syntax error is a bug in our code and
 * not an outage; every other error is one.
 */
const isOutage = (message: string): boolean =>
  !/SQLITE_(CONSTRAINT|MISMATCH|ERROR)|D1_TYPE_ERROR|syntax error|too many SQL variables/.test(
    message,
  )
