/** Wraps D1: counts round trips and rows, and fails when a test says so. */

/** How a round trip to D1 fails, and whether D1 has written the changes. */
export type DatabaseFault =
  /** The call throws, and D1 has written nothing. */
  | 'before_commit'
  /** The call throws, although D1 has written everything. */
  | 'after_commit'
  /** The same, and the error is one after which the Worker sends the statements again. */
  | 'reply_lost'
  /** The call never settles, although D1 has written everything. */
  | 'stall_after_commit'
  /** The call never settles, and D1 has written nothing. */
  | 'stall_before_commit'

/** A D1 that counts round trips and fails on request. See {@link watchDatabase}. */
export type WatchedDatabase = Readonly<{
  db: D1Database
  /** The number of round trips to D1 since the last reset. */
  roundTrips: () => number
  /** The number of rows that D1 has written since the last reset. */
  rowsWritten: () => number
  /** The number of rows that D1 has read since the last reset. */
  rowsRead: () => number
  /** Sets the counters to zero and cancels faults. */
  reset: () => void
  /**
   * Makes the next round trips to D1 fail in the given way.
   *
   * @param options `times`: how many round trips fail, by default 1. `matching`: only round trips whose SQL matches this
   *   expression fail and count; by default all.
   */
  fail: (fault: DatabaseFault, options?: { times?: number; matching?: RegExp }) => void
  /** Runs `act` once, just before the next batch whose SQL matches, as a concurrent request would. */
  before: (matching: RegExp, act: () => Promise<void>) => void
}>

const RETRYABLE = 'D1_ERROR: Network connection lost.'
const FINAL = 'D1_ERROR: D1 DB storage operation exceeded timeout which caused object to be reset.'

/** Wraps a D1. @param real The D1 to wrap. Only its `prepare` and `batch` are watched. */
export function watchDatabase(real: D1Database): WatchedDatabase {
  let roundTrips = 0
  let written = 0
  let read = 0
  let faults: { fault: DatabaseFault; matching: RegExp; left: number }[] = []
  let hooks: { matching: RegExp; act: () => Promise<void> }[] = []
  const texts = new WeakMap<D1PreparedStatement, string>()

  async function batch<T>(statements: D1PreparedStatement[]): Promise<D1Result<T>[]> {
    const sql = statements.map((statement) => texts.get(statement) ?? '').join('; ')
    const hook = hooks.find(({ matching }) => matching.test(sql))
    if (hook !== undefined) {
      hooks = hooks.filter((each) => each !== hook)
      await hook.act()
    }
    roundTrips++
    const fault = faults.find(({ matching, left }) => left > 0 && matching.test(sql))
    if (fault !== undefined) fault.left--
    if (fault?.fault === 'before_commit') throw new Error(RETRYABLE)
    if (fault?.fault === 'stall_before_commit') return new Promise(() => {})

    const results = await real.batch<T>(statements)
    for (const { meta } of results) {
      written += meta.rows_written
      read += meta.rows_read
    }
    if (fault?.fault === 'after_commit') throw new Error(FINAL)
    if (fault?.fault === 'reply_lost') throw new Error(RETRYABLE)
    if (fault?.fault === 'stall_after_commit') return new Promise(() => {})
    return results
  }

  const prepare = (sql: string): D1PreparedStatement => {
    const prepared = real.prepare(sql)
    return new Proxy(prepared, {
      get(target, name) {
        if (name !== 'bind') return Reflect.get(target, name)
        return (...values: unknown[]) => {
          const bound = target.bind(...values)
          texts.set(bound, sql)
          return bound
        }
      },
    })
  }

  const db = new Proxy(real, {
    get(target, name) {
      if (name === 'batch') return batch
      if (name === 'prepare') return prepare
      return Reflect.get(target, name)
    },
  })

  return {
    db,
    roundTrips: () => roundTrips,
    rowsWritten: () => written,
    rowsRead: () => read,
    reset() {
      roundTrips = 0
      written = 0
      read = 0
      faults = []
    },
    fail(fault, { times = 1, matching = /./ } = {}) {
      faults.push({ fault, matching, left: times })
    },
    before(matching, act) {
      hooks.push({ matching, act })
    },
  }
}
