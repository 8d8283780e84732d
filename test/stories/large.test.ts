/** What pages and runs of the cron read in a large database. `npm run bench -- --only pages` measures the same with a million orders. */
import { env } from 'cloudflare:workers'
import { describe, expect, inject, it } from 'vitest'
import { consoleBrowser } from '../../testing/console-browser.ts'
import { FILL, FIRST_AT, GIVEN_UP, OPEN, TAKEN_UP } from '../../testing/d1/large-database.ts'
import { collectStatements, findScans } from '../../testing/d1/query-plans.ts'
import { settledOrders, type Step } from '../../testing/d1/settled-orders.ts'
import { emptyTables } from '../../testing/d1/tables.ts'
import { watchDatabase } from '../../testing/d1/watched-database.ts'
import { paidOrder, putRefund } from '../../testing/refund-stories.ts'
import { world } from '../../testing/world.ts'

const ORDERS = inject('orders')
/** A million orders take a minute to insert. */
const TIMEOUT_MS = 900_000
const ROWS_MAX = 500

const PAGES = [
  '/orders?limit=100',
  '/orders?limit=50',
  '/orders?limit=1&state=created',
  '/orders?limit=100&state=created',
  '/orders?limit=100&state=paying',
  '/orders?limit=100&state=paid',
  '/orders?limit=100&state=closed',
  `/orders?limit=100&created_to=2024-01-01T00:00:00Z`,
  '/orders?transaction_id=4200000000000000000000007919',
  '/orders/20261128-00000000001',
  '/orders/20261128-00000000001/events',
  '/deliveries?limit=100',
  '/deliveries?limit=100&state=pending',
  '/deliveries?limit=100&state=delivered',
  '/deliveries?limit=100&state=no_target',
  '/deliveries?limit=100&state=given_up',
  '/reviews?limit=100',
  '/reviews?limit=100&open=true',
  '/reviews?limit=100&open=false',
  '/runs?limit=100',
]

declare module 'vitest' {
  interface ProvidedContext {
    /** How many orders the large database has. */
    orders: number
    /** Whether the rows of each page are printed, for `npm run bench`. */
    print: boolean
  }
}

/** The pages of the console, which people read with a session. */
const CONSOLE = [
  '/console',
  '/console/orders',
  '/console/orders?tab=unpaid',
  '/console/orders?tab=paid',
  '/console/orders?tab=closed',
  '/console/orders?from=2024-01-01&to=2024-01-02',
  '/console/orders?q=20261128-0000000',
  '/console/orders?q=4200000000000000000000000000',
  '/console/orders/20261128-00000000001',
  '/console/orders/20261128-00000000001/refund',
  '/console/refunds',
  '/console/refunds?tab=all',
  '/console/reviews',
  '/console/reviews?tab=done',
  '/console/bills',
  '/console/deliveries',
  '/console/deliveries?tab=waiting',
  '/console/deliveries?tab=given_up',
  '/console/runs',
  '/console/checks',
]

async function fill(sql: readonly string[], orders = ORDERS): Promise<void> {
  for (const each of sql) await env.DB.prepare(each).bind(orders).run()
}

describe(`a database with ${ORDERS} orders`, () => {
  it(
    'reads at most 500 rows for any page of a list, and scans no table',
    { timeout: TIMEOUT_MS },
    async () => {
      await fill([...FILL, TAKEN_UP])
      const watched = watchDatabase(env.DB)
      const collected = collectStatements(watched.db)
      const w = world({ wrapDb: () => collected.db })
      const browser = consoleBrowser(w)
      await browser.signIn()
      const read: Record<string, number> = {}
      const measure = async (note: string): Promise<void> => {
        for (const path of CONSOLE) {
          watched.reset()
          expect([200, 303], path).toContain((await browser.send(path)).status)
          read[`${path}${note}`] = watched.rowsRead()
        }
        for (const path of PAGES) {
          watched.reset()
          const answer = await w.shop('GET', path)
          expect(answer.status, path).toBe(200)
          read[`${path}${note}`] = watched.rowsRead()
        }
      }
      await measure('')
      await fill([OPEN, GIVEN_UP])
      await measure(' with many open orders')

      if (inject('print')) console.log(`ROWS ${JSON.stringify(read)}`)
      const wrong = Object.entries(read).filter(([, rows]) => rows > ROWS_MAX)
      expect(wrong, JSON.stringify(read, null, 2)).toEqual([])
      expect(await findScans(env.DB, collected.statements())).toEqual([])
    },
  )

  it('shows the open orders, newest first, however many orders there are', async () => {
    await fill(FILL)
    const w = world()
    const mine = [await w.order('one'), await w.order('two')]
    const listed = await w.shop('GET', '/orders?state=created')
    const { orders } = await listed.json<{ orders: { ordercode: string }[] }>()
    expect(orders.map(({ ordercode }) => ordercode)).toEqual(mine.toReversed())
  })

  it('leads a client that follows the cursor to every order of a rare state', async () => {
    await fill(FILL, 2_000)
    await fill([OPEN], 60)
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const seen: string[] = []
    let cursor = ''
    do {
      watched.reset()
      const listed = await w.shop('GET', `/orders?state=created&limit=100&cursor=${cursor}`)
      const page = await listed.json<{
        orders: { ordercode: string }[]
        next_cursor: string | null
      }>()
      seen.push(...page.orders.map(({ ordercode }) => ordercode))
      cursor = page.next_cursor ?? ''
      // The rows of a hundred orders, and nothing that belongs to those of another state.
      if (page.orders.length === 0) expect(watched.rowsRead()).toBeLessThanOrEqual(260)
    } while (cursor !== '')
    expect(seen).toHaveLength(60)
    expect(new Set(seen).size).toBe(60)
  })

  it('does not read webhooks that were given up long ago in every run of the cron', async () => {
    await fill([...FILL, TAKEN_UP, GIVEN_UP])
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const before = (FIRST_AT + 100_000) as never
    await w.worker().sweeps.deliveries(before, 1_000)
    await w.worker().sweeps.deliveries(before, 5_000)
    await w.worker().sweeps.deliveries(before, 5_000)
    watched.reset()
    await w.worker().sweeps.deliveries(before, 5_000)

    expect(watched.rowsRead()).toBeLessThan(20)
    const kept = await env.DB.prepare(
      "SELECT count(*) AS n FROM deliveries WHERE state = 'delivered' AND created_at < ?",
    )
      .bind(before)
      .first<{ n: number }>()
    expect(kept?.n).toBe(0)
    const givenUp = await env.DB.prepare(
      "SELECT count(*) AS n FROM deliveries WHERE state = 'given_up'",
    ).first<{ n: number }>()
    expect(givenUp?.n).toBe(ORDERS)
  })
})

describe('a run of the cron in a large database', () => {
  it('reads as many rows as there is due work, however many orders there are', async () => {
    await fill([...FILL, TAKEN_UP])
    // The bills of the days until yesterday are done, so that no run works on one.
    await env.DB.prepare(
      "INSERT INTO bills (day, state, counts) VALUES ('2026-11-22', 'reconciled', '{}')",
    ).run()
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const readByRun = async (): Promise<number> => {
      w.advance(60)
      watched.reset()
      await w.cron()
      return watched.rowsRead()
    }
    // The first runs delete the webhooks that were delivered long ago.
    for (let deleted = 0; deleted < ORDERS; deleted += 1_000) await readByRun()
    expect(await readByRun(), 'nothing is due').toBeLessThanOrEqual(100)

    for (let payer = 0; payer < 10; payer++)
      await w.pay(await w.order(`unpaid-${payer}`), w.wechat.payer.newOpenid())
    const before = w.calls.length
    const read = await readByRun()
    expect(w.calls.length - before).toBe(10)
    // About 12 rows for each: claim, order, attempts and new due time, most of which D1 counts twice or three times.
    expect(read, 'ten attempts are due').toBeLessThanOrEqual(220)
  })
})

describe('a recovery of a large database', () => {
  it('reads every attempt and every payment a few times, not every payment for every attempt', async () => {
    await fill(FILL)
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    watched.reset()
    const answer = await w.shop('POST', '/recover', { since: '2026-11-22T00:00:00Z' })

    expect(answer.status).toBeLessThan(300)
    expect(watched.rowsRead()).toBeLessThan(5 * ORDERS)
  })
})

describe('the same work in two databases', () => {
  it('reads and writes as many rows with a tenth of the orders: payments, queries, closings, refunds', async () => {
    const play = async (orders: number): Promise<unknown> => {
      await emptyTables(env.DB)
      await fill([...FILL, TAKEN_UP], orders)
      await env.DB.batch(
        [
          'DELETE FROM deliveries',
          'DELETE FROM runs',
          "INSERT INTO bills (day, state, counts) VALUES ('2026-11-22', 'reconciled', '{}')",
        ].map((sql) => env.DB.prepare(sql)),
      )
      const watched = watchDatabase(env.DB)
      const w = world({ wrapDb: () => watched.db })
      const rows: Record<string, number[]> = {}
      const measured = async (name: string, act: () => Promise<unknown>): Promise<void> => {
        watched.reset()
        await act()
        await w.settled()
        rows[name] = [watched.rowsRead(), watched.rowsWritten()]
      }
      await w.cron()
      let paid = { ordercode: '' }
      await measured('a payment', async () => {
        paid = await paidOrder(w, 'paid')
      })
      await measured('a refund', () => putRefund(w, paid.ordercode, 'R1', 100))
      await measured('ten cashiers', async () => {
        for (let payer = 0; payer < 10; payer++)
          await w.pay(await w.order(`unpaid-${payer}`), w.wechat.payer.newOpenid())
      })
      w.advance(60)
      await measured('a run with ten due', () => w.cron())
      w.advance(7_300)
      await measured('a run with ten expired', () => w.cron())
      return rows
    }
    expect(await play(ORDERS)).toEqual(await play(ORDERS / 10))
  })
})

describe('a paid order, from its registration to the delivered webhook', () => {
  it('writes few rows, those of the indexes and of the sums per day included', async () => {
    const none = { register: 0, pay: 0, notice: 0, webhook: 0, cron: 0 }
    let written: Record<Step, number> = { ...none }
    const db = new Proxy(env.DB, {
      get(target, name): unknown {
        const value: unknown = Reflect.get(target, name)
        if (name !== 'batch') return typeof value === 'function' ? value.bind(target) : value
        return async (statements: D1PreparedStatement[]) => {
          const results = await target.batch(statements)
          for (const { meta } of results) written[orders.step()] += meta.rows_written
          return results
        }
      },
    })
    const orders = settledOrders(db)
    await orders.settle('20261128-000001-K7X2')

    expect(written).toEqual({ ...none, register: 3, pay: 4, notice: 6, webhook: 1 })

    // Once a minute the cron writes two rows for all that were paid: how far it has come, and the sums of the day.
    await orders.settle('20261128-000002-K7X2')
    await orders.settle('20261128-000003-K7X2')
    written = { ...none }
    await orders.takeUp()
    await orders.takeUp()
    expect(written).toEqual({ ...none, cron: 2 })
  })
})
