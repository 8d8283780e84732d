import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { world, type World } from '../../../testing/world.ts'

const queries = (w: World): number =>
  w.calls.filter((call) => call.endsWith('/pay/orderquery')).length

describe('the cron', () => {
  it('finds a payment whose notices never came', async () => {
    const w = world()
    const ordercode = await w.order('silent')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)

    w.advance(59)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('paying')
    w.advance(1)
    await w.cron()

    expect((await w.read(ordercode)).state).toBe('paid')
    expect(await w.history(ordercode)).toContain('payment_booked')
    await w.deliverNotices()
    expect((await w.read(ordercode)).payments).toHaveLength(1)
  })

  it('queries after 1, 2, 3, 5, 10, 20, 30 and 60 minutes, then hourly until the expiry', async () => {
    const w = world()
    const ordercode = await w.order('schedule', { expires_in: 4 * 3_600 })
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    const queriedAt: number[] = []
    let minute = 0
    while (minute < 4 * 60 - 1) {
      const step = minute < 60 ? 1 : 5
      minute += step
      w.advance(step * 60)
      if (minute >= 4 * 60) break
      const before = queries(w)
      await w.cron()
      if (queries(w) > before) queriedAt.push(minute)
    }
    expect(queriedAt).toEqual([1, 2, 3, 5, 10, 20, 30, 60, 120, 180])
  })

  it('catches up on all due work after an outage of days', async () => {
    const w = world()
    const [paid, unpaid] = [await w.order('outage-a'), await w.order('outage-b')]
    await w.pay(paid, w.wechat.payer.newOpenid())
    await w.pay(unpaid, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(paid)

    w.advance(3 * 86_400)
    for (let minute = 0; minute < 3; minute++) {
      await w.cron()
      w.advance(60)
    }

    expect((await w.read(paid)).state).toBe('paid')
    expect((await w.read(unpaid)).state).toBe('closed')
  })

  it('queries once when its runs overlap', async () => {
    const w = world()
    const ordercode = await w.order('overlap')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    w.advance(60)
    const before = queries(w)

    await Promise.all([w.cron(), w.cron(), w.cron()])

    expect(queries(w) - before).toBe(1)
    expect((await w.read(ordercode)).payments).toHaveLength(1)
  })

  it('repeats the work of a failed run when its lease ends', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('dies')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    w.advance(60)
    watched.fail('before_commit', { matching: /json_each.* JOIN orders/, times: 3 })
    await w.cron()
    expect(w.log).toContainEqual(
      expect.objectContaining({ event: 'tick_item_failed', reason: 'StoreUnavailable' }),
    )

    w.advance(60)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('paying')
    w.advance(120)
    await w.cron()
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('changes nothing after an answer that is lost, unsigned, forged or unknown', async () => {
    const w = world()
    const kinds = [
      { kind: 'request_lost' },
      { kind: 'stall_after' },
      { kind: 'http_500' },
      { kind: 'http_502' },
      { kind: 'system_error' },
      { kind: 'frequency_limited' },
      { kind: 'wrong_sign' },
      { kind: 'missing_sign' },
      { kind: 'other_appid' },
      { kind: 'truncated_xml' },
      { kind: 'return_fail', returnMsg: '订单不存在' },
      { kind: 'err_code', errCode: 'SOMETHING_NEW', errCodeDes: '?' },
    ] as const
    for (const [index, fault] of kinds.entries()) {
      const ordercode = await w.order(`unknown-${index}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      w.wechat.payer.pay(ordercode)
      const before = await w.read(ordercode)
      w.wechat.faults.inject({ endpoint: 'orderquery', ...fault, times: 2 })
      w.advance(60)
      await w.cron()
      expect(await w.read(ordercode)).toEqual(before)

      w.wechat.faults.clear()
      w.advance(60)
      await w.cron()
      expect((await w.read(ordercode)).state).toBe('paid')
    }
  })

  it('does not record a payment when the amount differs', async () => {
    const w = world()
    const ordercode = await w.order('lessmoney')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    // The database is changed directly: the frozen amount of the attempt decides.
    await env.DB.prepare('UPDATE attempts SET total_fee = 1 WHERE ordercode = ?')
      .bind(ordercode)
      .run()
    w.advance(60)
    await w.cron()

    expect((await w.read(ordercode)).state).toBe('paying')
    expect(w.log).toContainEqual(
      expect.objectContaining({ event: 'payment_rejected', reason: 'amount_mismatch' }),
    )
  })

  it('stays within its budget and works off a backlog run by run', async () => {
    const w = world({ vars: { TICK_CALLS: '12', TICK_STATEMENTS: '1000' } })
    const ordercodes: string[] = []
    for (let index = 0; index < 20; index++) {
      const ordercode = await w.order(`backlog-${index}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      w.wechat.payer.pay(ordercode)
      ordercodes.push(ordercode)
    }
    w.advance(60)

    const perRun: number[] = []
    for (let runs = 0; runs < 6; runs++) {
      const before = queries(w)
      await w.cron()
      perRun.push(queries(w) - before)
      w.advance(60)
    }

    expect(Math.max(...perRun)).toBeLessThanOrEqual(12)
    for (const ordercode of ordercodes) expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('stays within the 50 statements that D1 allows on the free plan', async () => {
    const w = world({ vars: { PLAN: 'free' } })
    for (let index = 0; index < 30; index++) {
      const ordercode = await w.order(`free-${index}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      if (index % 2 === 0) w.wechat.payer.pay(ordercode)
    }
    w.advance(60)
    for (let runs = 0; runs < 12; runs++) {
      await w.cron()
      w.advance(1)
    }
    const runs = w.log.filter(({ event }) => event === 'tick_finished')
    expect(runs.length).toBe(12)
    for (const report of runs) {
      expect(report['statements']).toBeLessThanOrEqual(50)
      expect(report['calls']).toBeLessThanOrEqual(40)
    }
    expect(w.wechat.books.captures()).toHaveLength(15)
    for (const { outTradeNo } of w.wechat.books.captures()) {
      expect((await w.read(outTradeNo)).state).toBe('paid')
    }
  })

  it('stores each run, and /health shows when it last ran', async () => {
    const w = world()
    const silent = await w.fetch('/health')
    expect(silent.status).toBe(503)
    expect(await silent.json()).toMatchObject({
      status: 'down',
      last_cron_at: null,
      components: [{ name: 'cron', status: 'down', reason: 'cron_silent' }],
    })
    await w.cron()
    w.advance(10)
    const alive = await w.fetch('/health')
    expect(alive.status).toBe(200)
    expect(await alive.json()).toMatchObject({ status: 'ok', version: expect.any(String) })

    w.advance(301)
    const again = await w.fetch('/health')
    expect(again.status).toBe(503)
    const run = await env.DB.prepare('SELECT * FROM runs ORDER BY id DESC LIMIT 1').first()
    expect(run?.['finished_at']).not.toBeNull()
  })

  it('works off a backlog in the order in which it became due', async () => {
    const w = world({ vars: { TICK_CALLS: '12', TICK_STATEMENTS: '1000' } })
    const ordercodes: string[] = []
    for (let index = 0; index < 12; index++) {
      const ordercode = await w.order(`drain-${String(index).padStart(2, '0')}`)
      await w.pay(ordercode, w.wechat.payer.newOpenid())
      ordercodes.push(ordercode)
      w.advance(1)
    }
    w.advance(7_200)
    const closed: string[] = []
    for (let runs = 0; runs < 12; runs++) {
      await w.cron()
      w.advance(60)
      for (const ordercode of ordercodes) {
        if (closed.includes(ordercode)) continue
        if ((await w.read(ordercode)).state === 'closed') closed.push(ordercode)
      }
    }
    expect(closed).toEqual(ordercodes)
  })
})

describe('POST /query', () => {
  it('records the payment that WeChat reports', async () => {
    const w = world()
    const ordercode = await w.order('asknow')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)

    const answer = await w.shop('POST', `/orders/${ordercode}/query`)

    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ state: 'paid' })
  })

  it('answers 503 and changes nothing when WeChat does not answer', async () => {
    const w = world()
    const ordercode = await w.order('noanswer')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 2 })
    const answer = await w.shop('POST', `/orders/${ordercode}/query`)
    expect(answer.status).toBe(503)
    expect((await w.read(ordercode)).state).toBe('paying')
  })
})
