/** D1 with a deadline, and with the retries that Cloudflare asks for. */
import { sleep, type Timers, withDeadline } from '../../lib/deadline.ts'
import { StoreUnavailable } from '../../ports/store.ts'

export type Value = string | number | null
export type Statement = Readonly<{ sql: string; params: readonly Value[] }>
export type Row = Readonly<Record<string, unknown>>
export type Outcome = Readonly<{ rows: readonly Row[]; changes: number }>

/** WeChat hangs up after 5 s; a database that stalls must not keep us from telling it to come again. */
const DEADLINE_MS = 3_000
const TRIES_MAX = 3
const PAUSE_MS = 50

/**
 * Errors after which D1 may be asked again. It may have applied the batch all the same, so only guarded
 * writes are sent through here: applied a second time, they do nothing.
 *
 * @see https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
 */
const RETRYABLE =
  /Network connection lost|storage caused object to be reset|starting up D1 DB storage|reset because its code was updated|Cannot resolve D1 DB due to transient issue/

export class Database {
  #statementsUsed = 0
  readonly #d1: D1Database
  readonly #timers: Timers
  readonly #randomBytes: (count: number) => Uint8Array

  constructor(d1: D1Database, timers: Timers, randomBytes: (count: number) => Uint8Array) {
    this.#d1 = d1
    this.#timers = timers
    this.#randomBytes = randomBytes
  }

  /** Statements sent so far. D1 limits them for each invocation of the Worker. */
  get statementsUsed(): number {
    return this.#statementsUsed
  }

  /**
   * Runs the statements as one transaction, in one round trip.
   *
   * @throws StoreUnavailable when the outcome is unknown, or nothing was done.
   */
  async batch(statements: readonly Statement[]): Promise<readonly Outcome[]> {
    const outcome = await withDeadline(this.#timers, DEADLINE_MS, (signal) =>
      this.#batchWithRetries(statements, signal),
    )
    if (!outcome.done) throw new StoreUnavailable('D1 did not answer in time')
    return outcome.value
  }

  /** One statement, read or write. */
  async run(sql: string, ...params: readonly Value[]): Promise<Outcome> {
    const [outcome] = await this.batch([{ sql, params }])
    return outcome ?? { rows: [], changes: 0 }
  }

  async #batchWithRetries(
    statements: readonly Statement[],
    signal: AbortSignal,
  ): Promise<readonly Outcome[]> {
    for (let tries = 1; ; tries++) {
      this.#statementsUsed += statements.length
      try {
        const results = await this.#d1.batch<Row>(
          statements.map(({ sql, params }) => this.#d1.prepare(sql).bind(...params)),
        )
        return results.map((result) => ({ rows: result.results, changes: result.meta.changes }))
      } catch (error) {
        const message = error instanceof Error ? error.message : ''
        if (!isOutage(message)) throw error
        if (!RETRYABLE.test(message) || tries === TRIES_MAX || signal.aborted) {
          throw new StoreUnavailable('D1 failed', { cause: error })
        }
        await sleep(this.#timers, this.#pauseMs(tries))
        if (signal.aborted) throw new StoreUnavailable('D1 failed', { cause: error })
      }
    }
  }

  /** Full jitter: callers that failed together do not come back together. */
  #pauseMs(tries: number): number {
    const [byte = 0] = this.#randomBytes(1)
    return Math.ceil((PAUSE_MS * 4 ** (tries - 1) * (byte + 1)) / 256)
  }
}

/** A constraint or a typing error is a bug of ours and stays what it is; anything else is an outage. */
const isOutage = (message: string): boolean =>
  !/SQLITE_(CONSTRAINT|MISMATCH|ERROR)|D1_TYPE_ERROR|syntax error|no such (table|column)|too many SQL variables/.test(
    message,
  )
