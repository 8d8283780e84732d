import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  DAY,
  goTo,
  lost,
  minutes,
  NEXT_DAY,
  onDownload,
  paid,
  reconciled,
  reportOf,
  reviews,
} from '../../../testing/bill-days.ts'
import { world } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

/** A D1 that fails every batch with such a statement. `isDone`: whether it has executed the batch before. */
const failing =
  (isBad: (sql: string) => boolean, isDone = (): boolean => false) =>
  (db: D1Database): D1Database =>
    new Proxy(db, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name !== 'batch') return value.bind(target) as unknown
        return async (statements: D1PreparedStatement[]) => {
          const isFailing = isBad(JSON.stringify(statements))
          if (isFailing && !isDone()) throw new Error('D1_ERROR: no such table: bills')
          const results = await target.batch(statements)
          if (isFailing)
            throw new Error('D1_ERROR: D1 DB exceeded its CPU time limit and was reset.')
          return results
        }
      },
    })

describe('a run that does not finish', () => {
  it('opens a review when the bill is late, and does not stop later runs', async () => {
    const w = world()
    await paid(w, 'hanging')
    goTo(w, `${NEXT_DAY}T10:10`)
    // As when the platform ends a run that takes too long: nothing more is written.
    const real = env.DB.batch.bind(env.DB)
    let isOver = false
    vi.spyOn(env.DB, 'batch').mockImplementation((async (statements: D1PreparedStatement[]) => {
      if (isOver) throw new Error('the run is over')
      return real(statements)
    }) as never)
    onDownload(w, () => {
      isOver = true
      return Promise.resolve(undefined)
    })
    for (let hour = 0; hour < 40; hour++) {
      await w.cron().catch(() => undefined)
      isOver = false
      w.advance(3_600)
    }
    vi.restoreAllMocks()
    const found = await reviews(w)
    expect(found.map(({ id }) => id)).toEqual([`bill_difference.${DAY}.bill_missing`])
    expect(JSON.stringify(found[0]?.evidence)).toContain('stops before it has finished')
    expect((await reconciled(w)).bill.payments).toBe(1)
  })

  it('opens no review about a late bill whose reconciliation was stored although the answer of D1 got lost', async () => {
    let isStored = false
    const isLast = (sql: string): boolean =>
      sql.includes(`bill.reconciled.${DAY}`) && sql.includes('UPDATE bills')
    const w = world({ wrapDb: failing(isLast, () => isStored) })
    await paid(w, 'stored')
    goTo(w, `${NEXT_DAY}T10:10`)
    for (let hour = 0; hour < 12; hour++) {
      await w.cron()
      w.advance(3_600)
    }
    expect((await reportOf(w, DAY))?.state).toBe('settling')
    isStored = true
    w.advance(3 * 86_400)
    await minutes(w, 12)
    expect((await reportOf(w, DAY))?.state).toBe('reconciled')
    expect(await reviews(w)).toEqual([])
  })

  it('does not wait for an archive that never answers', async () => {
    const w = world()
    await paid(w, 'silent')
    vi.spyOn(env.KV, 'put').mockImplementation((() => new Promise(() => undefined)) as never)
    expect((await reconciled(w)).bill.payments).toBe(1)
  })

  it('records the failure of its bill and lets the other days proceed', async () => {
    const w = world({
      wrapDb: failing((sql) => sql.includes('SET rows_done') && sql.includes(DAY)),
    })
    await paid(w, 'bad-day')
    goTo(w, `${NEXT_DAY}T12:00`)
    await paid(w, 'good-day')
    goTo(w, '2026-11-25T10:10')
    await minutes(w, 12)
    expect((await reportOf(w, NEXT_DAY))?.state).toBe('reconciled')
    expect(await reportOf(w, DAY)).toMatchObject({
      state: 'comparing',
      last_error: expect.stringContaining('failed'),
    })
    // The bill is due again in an hour, and not as soon as its lease ends.
    expect(w.log.filter(({ event }) => event === 'tick_item_failed')).toHaveLength(1)
  })

  it('because of its bill still queries payments and sends webhooks', async () => {
    let isBroken = false
    const w = world({ wrapDb: failing((sql) => isBroken && sql.includes('INSERT INTO bills')) })
    const { ordercode } = await lost(w, 'no-table')
    isBroken = true
    // In this minute the bill comes before the orders.
    goTo(w, `${DAY}T12:05`)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(w.receiver.types()).toEqual(['order.paid'])
  })
})
