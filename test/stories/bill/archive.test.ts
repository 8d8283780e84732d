import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  compact,
  DAY,
  downloads,
  goTo,
  lost,
  NEXT_DAY,
  onDownload,
  paid,
  reconciled,
  reviews,
  runNow,
} from '../../../testing/bill-days.ts'
import { crashingDatabase } from '../../../testing/bill-situations.ts'
import { world, type World } from '../../../testing/world.ts'

afterEach(() => vi.restoreAllMocks())

describe('the archive of raw bills', () => {
  it('may fail without stopping a comparison, since KV decides nothing', async () => {
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
    // A raw bill that could not be archived is missing, which is no error of ours.
    expect([404, 409]).toContain((await w.shop('GET', `/bills/${DAY}/raw`)).status)
  })

  it('may fail for good in a Worker with the smallest budget', async () => {
    const w = world({ vars: { TICK_CALLS: '10', TICK_STATEMENTS: '40' } })
    await paid(w, 'kv-small')
    vi.spyOn(env.KV, 'put').mockRejectedValue(new Error('KV PUT failed: 429'))
    expect((await reconciled(w, DAY, 40)).state).toBe('reconciled')
  })

  it('may fail without breaking POST', async () => {
    const w = world()
    await paid(w, 'kv-post')
    goTo(w, `${NEXT_DAY}T10:20`)
    vi.spyOn(env.KV, 'put').mockRejectedValueOnce(new Error('KV PUT failed: 500'))
    const answer = await runNow(w)
    expect([200, 409, 503]).toContain(answer.status)
    expect((await reconciled(w)).difference_count).toBe(0)
  })

  it('is written when the day is run again after a failed write', async () => {
    const w = world()
    await paid(w, 'kv-again')
    vi.spyOn(env.KV, 'put').mockRejectedValueOnce(new Error('KV PUT failed: 500'))
    await reconciled(w)
    const words = { error: 'KV PUT failed: 500' }
    expect(w.log).toContainEqual(
      expect.objectContaining({ event: 'archive_unavailable', ...words }),
    )
    expect(w.log).toContainEqual(expect.objectContaining({ event: 'bill_not_archived', ...words }))
    w.advance(60)
    await runNow(w)
    await reconciled(w)
    expect((await w.shop('GET', `/bills/${DAY}/raw`)).status).toBe(200)
  })

  it('is read again, or the bill is downloaded again, when it is lost or broken during a comparison', async () => {
    for (const broken of ['null', 'throws', 'cut'] as const) {
      const crashing = crashingDatabase()
      const w = world({ wrapDb: () => crashing.db })
      await w.db.batch(
        ['bill_differences', 'bills'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
      )
      // The payments of the WeChat of the previous round move to another day.
      await w.db.prepare("UPDATE payments SET billed_on = '2000-01-01'").run()
      const { transactionId } = await paid(w, `kv-get-${broken}`)
      await paid(w, `kv-get-too-${broken}`)
      await w.db.prepare('UPDATE attempts SET due_at = NULL').run()
      goTo(w, `${NEXT_DAY}T10:10`)
      await crashComparing(w, crashing)

      const get = vi.spyOn(env.KV, 'get')
      if (broken === 'null') get.mockResolvedValueOnce(null as never)
      if (broken === 'throws') get.mockRejectedValueOnce(new Error('KV GET failed: 500'))
      if (broken === 'cut')
        get.mockResolvedValueOnce(new Uint8Array([0x1f, 0x8b, 8, 0]).buffer as never)
      const before = downloads(w)
      const report = await reconciled(w, DAY, 30)
      expect([broken, get.mock.calls.length + downloads(w) - before]).toEqual([broken, 2])
      expect(report).toMatchObject({ bill: { payments: 2 }, difference_count: 0 })
      expect(JSON.stringify(report)).not.toContain(transactionId)
      expect(await reviews(w)).toEqual([])
      get.mockRestore()
    }
  })

  it('is read, without another download, after a crash during a comparison', async () => {
    const crashing = crashingDatabase()
    const w = world({ wrapDb: () => crashing.db })
    await paid(w, 'kv-kept')
    goTo(w, `${NEXT_DAY}T10:10`)
    await crashComparing(w, crashing)
    const before = downloads(w)
    expect((await reconciled(w)).difference_count).toBe(0)
    expect(downloads(w)).toBe(before)
  })

  it('returns the bytes of the last download, and an error when they are lost', async () => {
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
    // WeChat has corrected the bill: the second download has one payment more.
    w.wechat.bills.change(compact(DAY), { kind: 'extra_row', row: 'payment' })
    w.advance(60)
    await runNow(w)
    expect(sent).toHaveLength(2)
    expect(await raw()).toEqual(sent[1])
    vi.spyOn(env.KV, 'get').mockResolvedValueOnce(null as never)
    const lost = await w.shop('GET', `/bills/${DAY}/raw`)
    expect(lost.status).toBe(409)
    expect(await lost.json()).toMatchObject({ code: 'bill_not_ready', last_error: null })
  })

  /** Crashes the run that downloads the bill as soon as the bill is archived and stored as `comparing`. */
  async function crashComparing(
    w: World,
    crashing: ReturnType<typeof crashingDatabase>,
  ): Promise<void> {
    for (let n = 1; n < 30; n++) {
      crashing.crashAt(n, 'before')
      await w.cron().catch(() => undefined)
      crashing.recover()
      const state = await env.DB.prepare('SELECT state FROM bills WHERE day = ?')
        .bind(DAY)
        .first<string>('state')
      if (state === 'comparing') return
      expect(state ?? 'waiting').toBe('waiting')
      await env.DB.prepare('UPDATE bills SET leased_until = NULL').run()
    }
    throw new Error('no run crashed while comparing')
  }
})
