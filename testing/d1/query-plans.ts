/** Collects the statements that the Worker sends to D1, and finds those whose query plan reads a whole table. */

/** A D1 that remembers the statements. See {@link collectStatements}. */
export type CollectingDatabase = Readonly<{
  db: D1Database
  /** The text of every statement so far. */
  statements: () => readonly string[]
}>

/** Wraps a D1. */
export function collectStatements(real: D1Database): CollectingDatabase {
  const texts = new Set<string>()
  const db = new Proxy(real, {
    get(target, name): unknown {
      const value: unknown = Reflect.get(target, name)
      if (name !== 'prepare') return typeof value === 'function' ? value.bind(target) : value
      return (sql: string) => {
        texts.add(sql)
        return target.prepare(sql)
      }
    },
  })
  return { db, statements: () => [...texts] }
}

/**
 * What may be scanned: a constant, a list that was bound (`each`, `listed`, `l`, `past`), what a query itself has made
 * (`due`, `latest`, `numbered`), and tables that stay small, with a row for each day, recovery or merchant.
 */
const SMALL =
  /^SCAN (CONSTANT|\(|json_each|(event|each|listed|l|past|due|latest|numbered|order_events|recoveries|bills|days|other_merchants|walks|alerts)\b)/
/** Statements that may scan. */
const ALLOWED: readonly RegExp[] = [
  // The last runs are read by their number, which the plan calls a scan.
  /FROM runs ORDER BY id DESC LIMIT/,
  // A recovery, after a restore of the database, looks at every attempt once.
  /UPDATE attempts SET due_at = \?2, is_recovering = 1/,
  // The condition is false, so that nothing is read.
  /EXISTS \(SELECT 1 FROM refunds WHERE 0\)/,
]
/**
 * A table that the statement does not name is scanned for its foreign key, which SQLite does only while a constraint is
 * violated. The story about rows in `large.test.ts` shows that it is not.
 */
const isForeignKey = (step: string, sql: string): boolean =>
  !sql.includes(/^SCAN (\w+)/.exec(step)?.[1] ?? '')
/** In the order of an index, and only as far as the limit says. */
const isBounded = (step: string, sql: string): boolean =>
  / USING (COVERING )?INDEX /.test(step) && /\bLIMIT\b/.test(sql)

/** The statements with a step that reads a whole table, each with that step. */
export async function findScans(
  db: D1Database,
  statements: readonly string[],
): Promise<readonly string[]> {
  const scans: string[] = []
  for (const sql of statements) {
    if (ALLOWED.some((each) => each.test(sql))) continue
    const steps = await explain(db, sql)
    const whole = steps.filter(
      (step) =>
        step.startsWith('SCAN ') &&
        !SMALL.test(step) &&
        !isBounded(step, sql) &&
        !isForeignKey(step, sql),
    )
    scans.push(...whole.map((step) => `${step}: ${sql.replace(/\s+/g, ' ')}`))
  }
  return scans
}

async function explain(db: D1Database, sql: string): Promise<readonly string[]> {
  const highest = [...sql.matchAll(/\?(\d*)/g)].reduce(
    (most, [, digits]) => (digits ? Math.max(most, Number(digits)) : most + 1),
    0,
  )
  const plan = await db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...Array<null>(highest).fill(null))
    .all<{ detail: string }>()
  return plan.results.map(({ detail }) => detail)
}
