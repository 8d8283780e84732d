import { describe, expect, it } from 'vitest'
import {
  compact,
  DAY,
  goTo,
  lost,
  NEXT_DAY,
  paid,
  reconciled,
  refunded,
  reportOf,
  webhooks,
} from '../../../testing/bill-days.ts'
import { world } from '../../../testing/world.ts'

const FREE = { PLAN: 'free' }

/** A D1 that reports how many statements it gets and how many rows it reads. */
function counting(
  db: D1Database,
  onStatements: (count: number) => void,
  onRows: (rows: number) => void = () => undefined,
): D1Database {
  return new Proxy(db, {
    get(target, name) {
      if (name === 'batch') {
        return async (statements: D1PreparedStatement[]) => {
          onStatements(statements.length)
          const results = await target.batch(statements)
          for (const { meta } of results) onRows(meta.rows_read)
          return results
        }
      }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

describe('the budget of a run with a bill', () => {
  it('is kept on the free plan, and the other work goes on', async () => {
    let statements = 0
    const w = world({ vars: FREE, wrapDb: (db) => counting(db, (count) => (statements += count)) })
    for (let n = 0; n < 12; n++) await paid(w, `paid-${n}`)
    const missing = await paid(w, 'missing')
    for (let n = 0; n < 6; n++) await lost(w, `lost-${n}`)
    for (let n = 0; n < 3; n++) await refunded(w, w.code(`paid-${n}`), `budget-r${n}`, 10)
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: missing.transactionId })
    w.wechat.bills.change(compact(DAY), { kind: 'wrong_totals' })
    // Only the bill may find these payments.
    await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
    await w.db.prepare('UPDATE orders SET due_at = NULL').run()
    // The shop was unreachable overnight, so its webhooks are pending.
    await w.db
      .prepare("UPDATE deliveries SET state = 'pending', due_at = ?, delivered_at = NULL")
      .bind(w.now() / 1_000)
      .run()
    w.receiver.received.length = 0
    goTo(w, `${NEXT_DAY}T09:50`)
    const due: string[] = []
    for (let n = 0; n < 20; n++) {
      const ordercode = await w.order(`due-${n}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      w.wechat.payer.pay(ordercode)
      due.push(ordercode)
    }
    goTo(w, `${NEXT_DAY}T10:10`)

    const spent: { statements: number; calls: number; bill: boolean; found: number }[] = []
    for (let run = 0; run < 45; run++) {
      statements = 0
      const calls = w.calls.length + w.receiver.received.length
      await w.cron()
      const report = w.log.findLast(({ event }) => event === 'tick_finished')
      const all = w.calls.length + w.receiver.received.length - calls
      spent.push({
        statements,
        calls: all,
        bill: report?.['bill'] !== undefined,
        found: Number(report?.['booked']),
      })
      // The report of the run is true.
      expect(report).toMatchObject({ calls: all })
      expect(Number(report?.['statements'])).toBeGreaterThanOrEqual(statements - 1)
      await w.settled()
      w.advance(60)
    }
    expect(Math.max(...spent.map((each) => each.statements))).toBeLessThanOrEqual(50)
    expect(Math.max(...spent.map((each) => each.calls))).toBeLessThanOrEqual(40)
    const withBill = spent.filter(({ bill }) => bill)
    expect(withBill.length).toBeGreaterThan(2)
    // Payments are found all the time, at the latest in every third run, although webhooks, refunds and a bill wait, too.
    const idle = spent.slice(0, 12).map(({ found }) => (found > 0 ? ' ' : '-'))
    expect(idle.join('')).not.toContain('---')
    // While orders wait in every run, the bill comes first in every fifth, from the third minute of ten on. It may also have a
    // turn that nothing else needs.
    const firstWithBill = spent.slice(0, 11).flatMap(({ bill }, run) => (bill ? [run] : []))
    expect(firstWithBill).toEqual(expect.arrayContaining([2, 7]))
    for (const ordercode of due) expect((await w.read(ordercode)).state).toBe('paid')
    const report = await reportOf(w)
    expect(report?.state).toBe('reconciled')
    expect(report?.differences.filter(({ outcome }) => outcome === 'booked')).toHaveLength(6)
    expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
    expect(webhooks(w, 'order.paid').length).toBeGreaterThanOrEqual(13 + 6)
  })

  it('is kept by POST, and the cron does the rest', async () => {
    let statements = 0
    const w = world({ vars: FREE, wrapDb: (db) => counting(db, (count) => (statements += count)) })
    for (let n = 0; n < 12; n++) await lost(w, `rest-${n}`)
    await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
    await w.db.prepare('UPDATE orders SET due_at = NULL').run()
    goTo(w, `${NEXT_DAY}T10:11`)
    statements = 0
    const answer = await w.shop('POST', `/bills/${DAY}/reconcile`)
    expect(statements).toBeLessThanOrEqual(50)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ state: 'settling', difference_count: 12 })
    const report = await reconciled(w)
    expect(report.differences.map(({ outcome }) => outcome)).toEqual(Array(12).fill('booked'))
  })

  it('allows looking for new days without reading every order', async () => {
    const w = world()
    const now = w.now() / 1_000
    await w.db.batch(
      Array.from({ length: 40 }, (_, batch) =>
        w.db
          .prepare(
            `INSERT INTO orders (ordercode, state, revision, total_fee, body, expires_in, created_at,
               expires_at, closed_at)
             SELECT printf('many-%06d', ?1 + value), 'closed', 1, 1, 'x', 7200, ?2 + value, ?2 + 7200, ?2
             FROM json_each(?3)`,
          )
          .bind(batch * 500, now, JSON.stringify(Array.from({ length: 500 }, (_, n) => n))),
      ),
    )
    let read = 0
    const counted = world({
      wrapDb: (db) =>
        counting(
          db,
          () => undefined,
          (rows) => (read += rows),
        ),
    })
    goTo(counted, `${NEXT_DAY}T10:10`)
    const perRun: number[] = []
    for (let run = 0; run < 3; run++) {
      read = 0
      await counted.cron()
      perRun.push(read)
      counted.advance(600)
    }
    expect(Math.max(...perRun)).toBeLessThanOrEqual(200)
  })
})
