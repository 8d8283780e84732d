/** The shim behaves like D1. The tests of the store run on both. */
import { describe, expect, it } from 'vitest'
import { d1Shim } from '../../testing/simulation/d1/d1-shim.ts'
import { Sqlite } from '../../testing/simulation/d1/sqlite.ts'

const TABLE = `CREATE TABLE t (id TEXT NOT NULL PRIMARY KEY, n INTEGER CHECK (n > 0)) STRICT, WITHOUT ROWID;`
const shim = (): D1Database => d1Shim(new Sqlite([TABLE]))

const message = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )

describe('the shim', () => {
  it('applies the migrations of the Worker', async () => {
    const db = d1Shim(new Sqlite())
    const { results } = await db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
    expect(results.map(({ name }) => name)).toContain('payments')
  })

  it('counts the rows that a write has changed, and none for a read', async () => {
    const db = shim()
    const insert = db.prepare('INSERT INTO t VALUES (?, ?) RETURNING id')
    const [first, again, none] = await db.batch([
      insert.bind('a', 1),
      db.prepare('UPDATE t SET n = 2').bind(),
      db.prepare('SELECT * FROM t').bind(),
    ])
    expect([first, again, none].map((each) => each?.meta.changes)).toEqual([1, 1, 0])
    expect(first?.results).toEqual([{ id: 'a' }])
    expect(await db.prepare('SELECT n FROM t').first('n')).toBe(2)
  })

  it('undoes a whole batch when one statement fails', async () => {
    const db = shim()
    const insert = db.prepare('INSERT INTO t VALUES (?, 1)')
    const text = await message(db.batch([insert.bind('a'), insert.bind('a')]))

    expect(text).toBe(
      'D1_ERROR: UNIQUE constraint failed: t.id: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)',
    )
    expect(await db.prepare('SELECT * FROM t').first()).toBeNull()
  })

  it('binds every number as REAL: text becomes 5.0, and an integer column takes 5 but not 5.5', async () => {
    const db = shim()
    await db.prepare('INSERT INTO t VALUES (?, ?)').bind(5, 5).run()
    expect(await db.prepare('SELECT * FROM t').first()).toEqual({ id: '5.0', n: 5 })

    const text = await message(db.prepare('INSERT INTO t VALUES (?, ?)').bind('b', 5.5).run())
    expect(text).toContain('cannot store REAL value in INTEGER column')
    expect(text).toContain('SQLITE_CONSTRAINT_DATATYPE')
  })

  it.each([
    ['undefined', undefined],
    ['bigint', 1n],
    ['object', new Date(0)],
  ])('refuses a value of type %s', async (type, value) => {
    const text = await message(shim().prepare('SELECT ?').bind(value).all())
    expect(text).toContain(`D1_TYPE_ERROR: Type '${type}' not supported`)
  })

  it.each([
    ['too many SQL variables', `SELECT ${Array(101).fill('?').join()}`, Array(101).fill(1)],
    ['Wrong number of parameter bindings', 'SELECT ?2', [1]],
    ['several statements', "SELECT ';'; SELECT 2", []],
    ['use the state.storage.transaction() API', 'BEGIN', []],
    ['no such table: nowhere', 'SELECT * FROM nowhere', []],
    ['no such column: a_name', 'SELECT a_name FROM t', []],
  ])('fails with "%s"', async (expected, sql, values) => {
    const text = await message(
      shim()
        .prepare(sql)
        .bind(...values)
        .all(),
    )
    expect(text).toContain(expected)
    expect(text).toMatch(/^D1_ERROR: /)
  })

  it('accepts one statement with a semicolon in its text and at its end', async () => {
    expect(await shim().prepare("SELECT 'a;b' AS x; ").first('x')).toBe('a;b')
  })
})
