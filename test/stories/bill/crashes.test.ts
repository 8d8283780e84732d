import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  compact,
  DAY,
  downloads,
  everything,
  goTo,
  lost,
  minutes,
  NEXT_DAY,
  onDownload,
  paid,
  reconciled,
  refunded,
  reportOf,
  reviews,
  runNow,
  snapshot,
  webhooks,
} from '../../../testing/bill-days.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

/** A day with everything in it: what agrees, what is found and booked, and what a person must see. */
async function mixedDay(w: World): Promise<void> {
  const agreeing = await paid(w, 'agreeing')
  await refunded(w, agreeing.ordercode, w.code('r1'), 300)
  const missing = await paid(w, 'missing')
  const other = await paid(w, 'other')
  const hand = w.wechat.platform.refund(missing.ordercode, { refundFee: 400 })
  if (!hand.ok) throw new Error(hand.why)
  w.advance(600)
  await minutes(w, 2)
  // Nothing else is due, so that every failing statement is one of the bill.
  await lost(w, 'unheard')
  await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
  await w.db.prepare('UPDATE orders SET due_at = NULL').run()
  w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: missing.transactionId })
  w.wechat.bills.change(compact(DAY), {
    kind: 'other_amount',
    number: other.transactionId,
    fen: 8_801,
  })
  w.wechat.bills.change(compact(DAY), {
    kind: 'unasked_refund',
    outTradeNo: other.ordercode,
    fen: 5,
  })
  w.receiver.received.length = 0
  goTo(w, `${NEXT_DAY}T10:10`)
}

/** D1 that dies: from the n-th round trip on everything fails, as for a Worker that was killed there. */
function mortalDatabase() {
  let left = Infinity
  let mode: 'before' | 'after' = 'before'
  let dead = false
  /** Not one of the errors that are tried again. */
  const error = () => new Error('D1_ERROR: D1 DB exceeded its CPU time limit and was reset.')
  const db = new Proxy(env.DB, {
    get(target, name) {
      if (name !== 'batch') {
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      }
      return async (statements: D1PreparedStatement[]) => {
        if (dead) throw error()
        left--
        if (left > 0) return target.batch(statements)
        dead = true
        if (mode === 'after') await target.batch(statements)
        throw error()
      }
    },
  })
  return {
    db,
    dieAt(n: number, how: 'before' | 'after') {
      left = n
      mode = how
      dead = false
    },
    isDead: () => dead,
    /** @returns whether it had died. */
    revive(): boolean {
      const was = dead
      left = Infinity
      dead = false
      return was
    },
  }
}

const receivedOf = (w: World): string[] =>
  [...new Set(w.receiver.received.map(({ id }) => id))].sort()

describe('a crash at any step', () => {
  it.each(['before', 'after'] as const)(
    '%s any commit costs a few minutes, and nothing else',
    { timeout: 60_000 },
    async (how) => {
      const mortal = mortalDatabase()
      const w = world({ wrapDb: () => mortal.db })
      await mixedDay(w)
      const restore = await snapshot()
      const startMs = w.now()
      await untilQuiet(w)
      const expected = await everything(w)
      const expectedWebhooks = receivedOf(w)
      expect(expected['reviews']).toHaveLength(3)
      expect(expectedWebhooks).toContain(`bill.reconciled.${DAY}`)

      let steps = 0
      // After a commit the database is as before the next one, so the two share the steps out. The
      // simulation kills Workers at every other moment.
      for (let n = how === 'before' ? 1 : 4; ; n += 6) {
        await restore()
        w.advance((startMs - w.now()) / 1_000)
        w.receiver.received.length = 0
        mortal.dieAt(n, how)
        await dieOnce(w, mortal.isDead)
        if (!mortal.revive()) break
        steps = n
        await untilQuiet(w)
        expect({ n, ...(await everything(w)) }).toEqual({ n, ...expected })
        // Told again is allowed, under the same id; not told is not.
        expect([n, ...receivedOf(w)]).toEqual([n, ...expectedWebhooks])
      }
      expect(steps).toBeGreaterThan(20)
    },
  )

  /** Ticks until the Worker died, or nothing is left to do. */
  async function dieOnce(w: World, hasDied: () => boolean): Promise<void> {
    for (let tick = 0; tick < 12 && !hasDied() && (tick === 0 || (await isBusy())); tick++) {
      await w.cron().catch(() => undefined)
      await w.settled()
      w.advance(60)
    }
  }

  /** A tick every five minutes, which is how long a lease lasts. */
  async function untilQuiet(w: World): Promise<void> {
    goTo(w, beijingMinute(w.now(), 5))
    for (let tick = 0; tick < 40; tick++) {
      await w.cron()
      await w.settled()
      w.advance(300)
      if (!(await isBusy())) return
    }
    throw new Error('it never ends')
  }

  /** Up to the next minute that a multiple of that many. */
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

  it('of the queries, the refund queries or the shop changes nothing but the time', async () => {
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

describe('the same day again', () => {
  it('twice and three times changes nothing', async () => {
    const w = world()
    await mixedDay(w)
    const report = await reconciled(w)
    await minutes(w, 20)
    const before = await everything(w)
    const told = w.receiver.received.length
    for (let times = 0; times < 3; times++) {
      w.advance(3_600)
      const answer = await runNow(w)
      expect(answer.status).toBe(200)
      await w.settled()
      const again = await reconciled(w)
      await minutes(w, 10)
      expect(again.fetched_at).not.toBe(report.fetched_at)
      const times = { fetched_at: null, reconciled_at: null }
      expect({ ...again, ...times }).toEqual({ ...report, ...times })
      expect(await everything(w)).toEqual(before)
      expect(w.receiver.received.length).toBe(told)
    }
  })

  it.each(['crons', 'cron and POST', 'POSTs'] as const)(
    'by two %s at once is done once',
    async (rivals) => {
      const w = world()
      const { ordercode, transactionId } = await lost(w, 'race')
      await paid(w, 'beside')
      // Only the bill is to find it.
      await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
      await w.db.prepare('UPDATE orders SET due_at = NULL').run()
      goTo(w, `${NEXT_DAY}T10:10`)
      const cron = (): Promise<void> => w.cron()
      const post = async (): Promise<void> => void (await runNow(w))
      const runs = {
        crons: [cron, cron, cron],
        'cron and POST': [cron, post, cron],
        POSTs: [post, post, post],
      }[rivals]
      await Promise.all(runs.map((run) => run()))
      await w.settled()
      const report = await reconciled(w)
      await minutes(w, 10)
      expect(report.differences).toMatchObject([
        { kind: 'payment_not_here', subject: transactionId, outcome: 'booked' },
      ])
      expect(await w.history(ordercode)).toEqual([
        'order_registered',
        'attempt_opened',
        'payment_booked',
      ])
      expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
      expect(webhooks(w, 'order.paid')).toHaveLength(2)
      const asked = w.calls.filter((call) => call.endsWith('/pay/orderquery'))
      expect(asked).toHaveLength(1)
      if (rivals === 'crons') expect(downloads(w)).toBe(1)
    },
  )

  it('while WeChat does not have it any more says so, and keeps what was known', async () => {
    const w = world()
    await paid(w, 'again')
    await reconciled(w)
    const creating = { errorCode: '20002', returnMsg: 'Bill Creating', times: 1 }
    w.wechat.bills.change(compact(DAY), { kind: 'unavailable', ...creating })
    const answer = await runNow(w)
    expect([409, 503]).toContain(answer.status)
    const kept = await reportOf(w)
    expect(['waiting', 'reconciled']).toContain(kept?.state)
    expect((await w.shop('GET', `/bills/${DAY}/raw`)).status).toBe(200)
    expect(await reconciled(w)).toMatchObject({ difference_count: 0 })
    await minutes(w, 2)
    expect(webhooks(w, 'bill.reconciled')).toHaveLength(1)
  })

  it('before the shop was told is not told half of', async () => {
    const mortal = mortalDatabase()
    const w = world({ wrapDb: () => mortal.db })
    await mixedDay(w)
    await reconciled(w)
    await minutes(w, 2)
    w.receiver.received.length = 0
    // As after a crash before the first try.
    await w.db
      .prepare(
        `UPDATE deliveries SET state = 'pending', tries = 0, step = 0, tried_at = NULL, body = NULL,
           delivered_at = NULL, due_at = ? WHERE type = 'bill.reconciled'`,
      )
      .bind(w.now() / 1_000)
      .run()

    mortal.dieAt(5, 'after')
    await runNow(w)
    expect(mortal.revive()).toBe(true)
    expect((await reportOf(w))?.state).toBe('comparing')
    await minutes(w, 3)
    expect(w.receiver.received).toEqual([])

    await reconciled(w)
    await minutes(w, 5)
    const told = webhooks(w, 'bill.reconciled').map(({ data }) => data['state'])
    expect(told).toEqual(['reconciled'])
  })

  it('without a webhook target nobody is told, and nothing waits', async () => {
    const w = world({ vars: { WEBHOOK_URL: '', WEBHOOK_SECRET: '' } })
    const { transactionId } = await paid(w, 'no-target')
    await paid(w, 'no-target-2')
    w.wechat.bills.change(compact(DAY), { kind: 'drop_row', number: transactionId })
    expect((await reconciled(w)).difference_count).toBe(1)
    const { results } = await w.db.prepare('SELECT DISTINCT state FROM deliveries').all()
    expect(results).toEqual([{ state: 'no_target' }])
    expect(w.receiver.received).toEqual([])
  })
})

describe('the archive', () => {
  it('that cannot be written keeps no bill from being compared: KV decides nothing', async () => {
    const w = world()
    const { ordercode } = await lost(w, 'kv-put')
    await paid(w, 'kv-put-2')
    await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
    await w.db.prepare('UPDATE orders SET due_at = NULL').run()
    vi.spyOn(env.KV, 'put').mockRejectedValue(new Error('KV PUT failed: 429'))
    vi.spyOn(env.KV, 'get').mockRejectedValue(new Error('KV GET failed: 500') as never)
    const report = await reconciled(w)
    expect(report).toMatchObject({ bill: { payments: 2 }, books: { payments: 2 } })
    expect(report.differences).toMatchObject([{ kind: 'payment_not_here', outcome: 'booked' }])
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(await reviews(w)).toEqual([])
    // What is not kept is not there, and that is no failure of ours.
    expect([404, 409]).toContain((await w.shop('GET', `/bills/${DAY}/raw`)).status)
  })

  it('that cannot be written does not turn POST into a crash', async () => {
    const w = world()
    await paid(w, 'kv-post')
    goTo(w, `${NEXT_DAY}T10:20`)
    vi.spyOn(env.KV, 'put').mockRejectedValueOnce(new Error('KV PUT failed: 500'))
    const answer = await runNow(w)
    expect([200, 409, 503]).toContain(answer.status)
    expect((await reconciled(w)).difference_count).toBe(0)
  })

  it('that could not be written is written when the day is run again', async () => {
    const w = world()
    await paid(w, 'kv-again')
    vi.spyOn(env.KV, 'put').mockRejectedValueOnce(new Error('KV PUT failed: 500'))
    await reconciled(w)
    w.advance(60)
    await runNow(w)
    await reconciled(w)
    expect((await w.shop('GET', `/bills/${DAY}/raw`)).status).toBe(200)
  })

  it('that is lost, slow or broken in the middle of the work: asked again, or downloaded again', async () => {
    for (const broken of ['null', 'throws', 'cut'] as const) {
      const mortal = mortalDatabase()
      const w = world({ wrapDb: () => mortal.db })
      await w.db.batch(
        ['bill_differences', 'bills'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
      )
      // What another WeChat took is of another day.
      await w.db.prepare("UPDATE payments SET billed_on = '2000-01-01'").run()
      const { transactionId } = await paid(w, `kv-get-${broken}`)
      await paid(w, `kv-get-too-${broken}`)
      await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
      goTo(w, `${NEXT_DAY}T10:10`)
      await dieComparing(w, mortal)

      const get = vi.spyOn(env.KV, 'get') as unknown as ReturnType<typeof vi.fn>
      if (broken === 'null') get.mockResolvedValueOnce(null)
      if (broken === 'throws') get.mockRejectedValueOnce(new Error('KV GET failed: 500'))
      if (broken === 'cut') get.mockResolvedValueOnce(new Uint8Array([0x1f, 0x8b, 8, 0]).buffer)
      const before = downloads(w)
      const report = await reconciled(w, DAY, 30)
      expect([broken, get.mock.calls.length + downloads(w) - before]).toEqual([broken, 2])
      expect(report).toMatchObject({ bill: { payments: 2 }, difference_count: 0 })
      expect(JSON.stringify(report)).not.toContain(transactionId)
      expect(await reviews(w)).toEqual([])
      get.mockRestore()
    }
  })

  it('is read, and WeChat not asked again, after a crash in the middle of the work', async () => {
    const mortal = mortalDatabase()
    const w = world({ wrapDb: () => mortal.db })
    await paid(w, 'kv-kept')
    goTo(w, `${NEXT_DAY}T10:10`)
    await dieComparing(w, mortal)
    const before = downloads(w)
    expect((await reconciled(w)).difference_count).toBe(0)
    expect(downloads(w)).toBe(before)
  })

  it('gives the same bytes after a restart, a repeated run and a loss', async () => {
    const w = world()
    await paid(w, 'kv-raw')
    const sent: Uint8Array[] = []
    onDownload(w, async (response) => {
      sent.push(new Uint8Array(await response.arrayBuffer()))
      return undefined
    })
    const raw = async () =>
      new Uint8Array(await (await w.shop('GET', `/bills/${DAY}/raw`)).arrayBuffer())
    await reconciled(w)
    expect(await raw()).toEqual(sent[0])
    // A second download with one payment more, by a bill that WeChat has mended.
    w.wechat.bills.change(compact(DAY), { kind: 'extra_row', row: 'payment' })
    w.advance(60)
    await runNow(w)
    expect(sent).toHaveLength(2)
    expect(await raw()).toEqual(sent[1])
    vi.spyOn(env.KV, 'get').mockResolvedValueOnce(null as never)
    expect([404, 409, 503]).toContain((await w.shop('GET', `/bills/${DAY}/raw`)).status)
  })

  /** Lets the tick that downloads the bill die once the bill is archived and noted. */
  async function dieComparing(w: World, mortal: ReturnType<typeof mortalDatabase>): Promise<void> {
    for (let n = 1; n < 30; n++) {
      mortal.dieAt(n, 'before')
      await w.cron().catch(() => undefined)
      mortal.revive()
      const state = await env.DB.prepare('SELECT state FROM bills WHERE day = ?')
        .bind(DAY)
        .first<string>('state')
      if (state === 'comparing') return
      expect(state ?? 'waiting').toBe('waiting')
      await env.DB.prepare('UPDATE bills SET leased_until = NULL').run()
    }
    throw new Error('no tick died while comparing')
  }
})
