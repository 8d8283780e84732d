import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { DAY, everything, goTo, minutes, reconciled, snapshot } from '../../../testing/bill-days.ts'
import { crashingDatabase, mixedDay } from '../../../testing/bill-situations.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

const receivedOf = (w: World): string[] =>
  [...new Set(w.receiver.received.map(({ id }) => id))].sort()

describe('a failure at any step', () => {
  it.each(['before', 'after'] as const)(
    '%s a commit only delays the result by a few minutes',
    { timeout: 60_000 },
    async (how) => {
      const crashing = crashingDatabase()
      const w = world({ wrapDb: () => crashing.db })
      await mixedDay(w)
      const restore = await snapshot()
      const startMs = w.now()
      await untilQuiet(w)
      const expected = await everything(w)
      const expectedWebhooks = receivedOf(w)
      expect(expected['reviews']).toHaveLength(3)
      expect(expectedWebhooks).toContain(`bill.reconciled.${DAY}`)

      let steps = 0
      // After a commit the database is as before the next one, so the two modes share the steps. The
      // simulation kills Workers at all other moments.
      for (let n = how === 'before' ? 1 : 4; ; n += 6) {
        await restore()
        w.advance((startMs - w.now()) / 1_000)
        w.receiver.received.length = 0
        crashing.crashAt(n, how)
        await crashOnce(w, crashing.hasCrashed)
        if (!crashing.recover()) break
        steps = n
        await untilQuiet(w)
        expect({ n, ...(await everything(w)) }).toEqual({ n, ...expected })
        // A webhook may be sent again under the same id. It must not be missing.
        expect([n, ...receivedOf(w)]).toEqual([n, ...expectedWebhooks])
      }
      expect(steps).toBeGreaterThan(20)
    },
  )

  /** Runs the cron until the Worker crashes or nothing is left to do. */
  async function crashOnce(w: World, hasCrashed: () => boolean): Promise<void> {
    for (let run = 0; run < 12 && !hasCrashed() && (run === 0 || (await isBusy())); run++) {
      await w.cron().catch(() => undefined)
      await w.settled()
      w.advance(60)
    }
  }

  /** Runs the cron every five minutes, which is how long a lease lasts, until nothing is left to do. */
  async function untilQuiet(w: World): Promise<void> {
    goTo(w, beijingMinute(w.now(), 5))
    for (let run = 0; run < 40; run++) {
      await w.cron()
      await w.settled()
      w.advance(300)
      if (!(await isBusy())) return
    }
    throw new Error('work is still left')
  }

  /** Rounds up to the next multiple of `step` minutes. */
  const beijingMinute = (ms: number, step: number): string => {
    const next = Math.ceil(ms / (step * 60_000)) * step * 60_000
    return new Date(next + 8 * 3_600_000).toISOString().slice(0, 16)
  }

  async function isBusy(): Promise<boolean> {
    const n = await env.DB.prepare(
      `SELECT (SELECT count(*) FROM deliveries WHERE state = 'pending')
         + (SELECT count(*) FROM bills WHERE due_at IS NOT NULL)
         + (SELECT count(*) = 0 FROM bills) AS n`,
    ).first<number>('n')
    return n !== 0
  }

  it('in an order query, a refund query or a download only delays the result', async () => {
    const w = world()
    await mixedDay(w)
    const restore = await snapshot()
    const startMs = w.now()
    await reconciled(w)
    await minutes(w, 5)
    const expected = await everything(w)
    for (const endpoint of ['orderquery', 'refundquery', 'downloadbill'] as const) {
      const isBill = endpoint === 'downloadbill'
      const kinds = isBill
        ? (['reply_lost', 'http_502', 'stall_before', 'truncated_xml'] as const)
        : (['reply_lost', 'truncated_xml'] as const)
      for (const kind of kinds) {
        await restore()
        w.advance((startMs - w.now()) / 1_000)
        w.wechat.faults.inject({ endpoint, kind, times: 2 })
        await reconciled(w)
        await minutes(w, 5)
        expect({ endpoint, kind, ...(await everything(w)) }).toEqual({
          endpoint,
          kind,
          ...expected,
        })
        w.wechat.faults.clear()
      }
    }
  })
})
