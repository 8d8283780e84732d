/** A run of the cron: what matters does not wait behind what does not, and no class of work starves. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { paid } from '../../testing/bill-days.ts'
import { emptyTables } from '../../testing/d1/tables.ts'
import { watchDatabase } from '../../testing/d1/watched-database.ts'
import { world, type World } from '../../testing/world.ts'

beforeEach(() => emptyTables(env.DB))
afterEach(() => emptyTables(env.DB))

const answer = (status: number) => () => Promise.resolve(new Response(null, { status }))
const TERMS = { total_fee: 100, body: 'x' }

/** An order whose payer was at the cashier and did not pay. */
async function abandoned(w: World, name: string, expiresIn = 300): Promise<string> {
  const ordercode = w.code(name)
  await w.shop('PUT', `/orders/${ordercode}`, { ...TERMS, expires_in: expiresIn })
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  return ordercode
}

/** An order that was paid, but whose notice was lost. */
async function lostNotice(w: World, name: string): Promise<string> {
  const ordercode = await abandoned(w, name, 7_200)
  w.wechat.notices.ofPayments.loseNext(ordercode)
  w.wechat.payer.pay(ordercode)
  return ordercode
}

const stateOf = async (w: World, ordercode: string): Promise<string> =>
  (await w.read(ordercode)).state

/** Minutes until a condition holds, at most 60. Each minute begins with `work` and ends with a run of the cron. */
async function minutesUntil(
  w: World,
  done: () => Promise<boolean>,
  work: (minute: number) => Promise<unknown> = async () => {},
): Promise<number> {
  for (let minute = 1; minute <= 60; minute++) {
    await work(minute)
    w.advance(60)
    await w.cron()
    if (await done()) return minute
  }
  return Infinity
}

describe.each(['free', 'paid'])('on the %s plan', (PLAN) => {
  it('a payment whose notice was lost is found in time while cashiers are abandoned', async () => {
    const w = world({ vars: { PLAN } })
    for (let n = 0; n < 12; n++) await abandoned(w, `gone-${n}`)
    w.advance(280)
    await w.cron()
    const ordercode = await lostNotice(w, 'lost')

    const minutes = await minutesUntil(w, async () => (await stateOf(w, ordercode)) === 'paid')

    expect(minutes).toBeLessThanOrEqual(3)
  })

  it('an order.paid whose first try failed is repeated in time while orders are closed every minute', async () => {
    const w = world({ vars: { PLAN } })
    const isPaid = ({ type }: { type: string }): boolean => type === 'order.paid'
    w.receiver.answerWith(answer(500))
    await paid(w, 'paid')
    await w.settled()
    expect(w.receiver.received.filter(isPaid)).toHaveLength(1)

    const minutes = await minutesUntil(
      w,
      async () => w.receiver.received.filter(isPaid).length === 2,
      async (minute) => {
        await abandoned(w, `a-${minute}`)
        await abandoned(w, `b-${minute}`)
      },
    )

    expect(minutes).toBeLessThanOrEqual(4)
  })

  it('untouched orders expire as a set, also sixty of them at once', async () => {
    const w = world({ vars: { PLAN } })
    const ordercodes = Array.from({ length: 60 }, (_, n) => w.code(`set-${n}`))
    for (const each of ordercodes)
      await w.shop('PUT', `/orders/${each}`, { ...TERMS, expires_in: 300 })
    const lost = await lostNotice(w, 'beside')
    w.advance(300)
    await w.cron()

    expect(await stateOf(w, lost)).toBe('paid')
    const closed = await w.shop('GET', '/orders?state=closed&limit=100')
    expect((await closed.json<{ orders: unknown[] }>()).orders).toHaveLength(60)
    expect(w.calls.filter((call) => call.endsWith('/closeorder'))).toEqual([])
  })
})

describe('a backlog', () => {
  it('leases no more than the run can afford', async () => {
    const w = world({ vars: { PLAN: 'free' } })
    for (let n = 0; n < 80; n++) await abandoned(w, `due-${n}`, 7_200)
    w.advance(120)
    const { results: before } = await env.DB.prepare('SELECT due_at FROM attempts').all()

    await w.cron()

    const { results } = await env.DB.prepare('SELECT due_at FROM attempts').all()
    const now = Math.max(...before.map((row) => Number(row['due_at'])))
    const moved = results.filter((row) => Number(row['due_at']) > now).length
    const report = w.log.findLast(({ event }) => event === 'tick_finished')
    expect(moved).toBe(report?.['waiting'])
    expect(report).toMatchObject({ left: 0 })
    expect(Number(report?.['calls'])).toBeGreaterThan(10)
  })

  it('of payments leaves webhooks about money their part of the same run', async () => {
    const w = world({ vars: { TICK_CALLS: '40', TICK_STATEMENTS: '900' } })
    w.receiver.answerAlways(answer(500))
    for (let n = 0; n < 8; n++) await paid(w, `failed-${n}`)
    await w.settled()
    w.receiver.answerAlways(answer(204))
    for (let n = 0; n < 60; n++) await abandoned(w, `due-${n}`, 7_200)
    w.receiver.received.length = 0
    // In this minute payments come first.
    w.advance(360)
    await w.cron()

    expect(w.receiver.types()).toEqual(Array(8).fill('order.paid'))
    // What the webhooks leave flows on to the payments.
    const report = w.log.findLast(({ event }) => event === 'tick_finished')
    expect(Number(report?.['calls'])).toBeGreaterThanOrEqual(40 - 2)
  })

  it('of payments is worked off before more than a first part of the expired orders is closed', async () => {
    const w = world({ vars: { TICK_CALLS: '60', TICK_STATEMENTS: '900' } })
    for (let n = 0; n < 20; n++) await abandoned(w, `gone-${n}`, 300)
    w.advance(180)
    for (let n = 0; n < 60; n++) await abandoned(w, `due-${n}`, 7_200)
    // In this minute payments come first.
    w.advance(180)
    await w.cron()

    // The first round has given both their part. All that it left went to the payments.
    const report = w.log.findLast(({ event }) => event === 'tick_finished')
    expect(report).toMatchObject({ closed: 5, left: 0 })
    expect(report?.['waiting']).toBeGreaterThan(40)
  })

  it('of every class goes on even with the smallest budget, while webhooks about money fail and payments wait', async () => {
    const w = world({ vars: { TICK_CALLS: '10', TICK_STATEMENTS: '40' } })
    w.receiver.answerAlways(answer(500))
    for (let n = 0; n < 40; n++) await paid(w, `failed-${n}`)
    await w.settled()
    for (let n = 0; n < 60; n++) await abandoned(w, `due-${n}`, 7_200)
    const expired = await abandoned(w, 'expired')
    const untouched = w.code('untouched')
    await w.shop('PUT', `/orders/${untouched}`, { ...TERMS, expires_in: 300 })
    w.advance(300)
    const closed = await minutesUntil(w, async () => (await stateOf(w, expired)) === 'closed')
    const told = await minutesUntil(w, async () =>
      w.receiver.received.some(({ data }) => data['ordercode'] === untouched),
    )
    expect(closed).toBeLessThanOrEqual(10)
    expect(told).toBeLessThanOrEqual(30)
  })
})

describe('expired orders', () => {
  it('are asked about one by one and closed together, also when the shop or a payer is faster with some', async () => {
    const w = world()
    const ordercodes: string[] = []
    for (let n = 0; n < 12; n++) ordercodes.push(await abandoned(w, `gone-${n}`))
    const [paidLate = '', closedByShop = '', ...others] = ordercodes
    w.wechat.notices.ofPayments.loseNext(paidLate)
    w.wechat.payer.pay(paidLate)
    w.advance(320)
    await w.shop('POST', `/orders/${closedByShop}/close`)
    await w.cron()

    expect(await stateOf(w, paidLate)).toBe('paid')
    for (const each of others) expect(await stateOf(w, each)).toBe('closed')
    const report = w.log.findLast(({ event }) => event === 'tick_finished')
    expect(report).toMatchObject({ closed: 10, booked: 1, failed: 0 })
    // Twelve orders, written one by one, would take four statements each.
    expect(Number(report?.['statements'])).toBeLessThan(60)
    await w.settled()
    expect(w.receiver.types().filter((type) => type === 'order.closed')).toHaveLength(11)
  })

  it('that change between WeChat’s answer and the writing are decided again', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const [first, second] = [await abandoned(w, 'first'), await abandoned(w, 'second')]
    w.advance(320)
    watched.before(/UPDATE orders SET state = 'closed'.* FROM json_each/s, async () => {
      await env.DB.prepare('UPDATE orders SET revision = revision + 1 WHERE ordercode = ?')
        .bind(first)
        .run()
    })
    await w.cron()

    expect([await stateOf(w, first), await stateOf(w, second)]).toEqual(['closed', 'closed'])
    await w.settled()
    expect(w.receiver.types()).toEqual(['order.closed', 'order.closed'])
  })
})

describe('a receiver of the shop that is away', () => {
  it('does not hold up the queries, nor what WeChat is asked', async () => {
    const w = world()
    w.receiver.answerAlways(() => Promise.reject(new TypeError('connect refused')))
    for (let n = 0; n < 90; n++) {
      const each = w.code(`u-${n}`)
      await w.shop('PUT', `/orders/${each}`, { ...TERMS, expires_in: 300 })
    }
    w.advance(300)
    await w.cron()
    const tried = w.receiver.received.length
    const ordercode = await lostNotice(w, 'lost')
    w.advance(60)
    await w.cron()

    expect(await stateOf(w, ordercode)).toBe('paid')
    // After a slice in which no try was answered, the run leaves the shop alone.
    expect(tried).toBeLessThanOrEqual(60)
  })
})

describe('a plan that allows less than the budget', () => {
  const reports = (w: World) => w.log.filter(({ event }) => event === 'tick_finished')

  it('is noticed when the platform refuses a statement: for an hour runs use the budget of the free plan', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    await abandoned(w, 'refused', 7_200)
    w.advance(60)
    watched.before(/UPDATE attempts SET due_at/, () =>
      Promise.reject(new Error('D1_ERROR: too many queries by single worker invocation')),
    )
    await w.cron()
    const health = async (): Promise<unknown> => {
      w.advance(11)
      return (await w.fetch('/health')).json()
    }
    expect(await health()).toMatchObject({
      status: 'degraded',
      components: [{ name: 'cron', status: 'degraded', reason: 'plan_exceeded' }],
    })

    w.advance(60)
    await w.cron()
    expect(reports(w).at(-1)).toMatchObject({ reduced: true })

    w.advance(3_600)
    await w.cron()
    expect(reports(w).at(-1)).not.toHaveProperty('reduced')
    expect(await health()).toMatchObject({ status: 'ok' })
  })

  it('is noticed when two runs in a row do not finish, but not when two runs are still under way', async () => {
    const w = world()
    const started = (ago: number): Promise<unknown> =>
      env.DB.prepare('INSERT INTO runs (started_at) VALUES (?)')
        .bind(w.worker().now() - ago)
        .run()
    await started(100)
    await started(40)
    await w.cron()
    expect(reports(w).at(-1)).not.toHaveProperty('reduced')

    await env.DB.prepare('DELETE FROM runs').run()
    await started(400)
    await started(340)
    await w.cron()
    expect(reports(w).at(-1)).toMatchObject({ reduced: true })
    w.advance(60)
    await w.cron()
    expect(reports(w).at(-1)).toMatchObject({ reduced: true })
  })
})
