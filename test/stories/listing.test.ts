import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { world, type World } from '../../testing/world.ts'

type Orders = { orders: { ordercode: string; state: string }[]; next_cursor: string | null }
const list = async (w: World, query = ''): Promise<Orders> =>
  (await w.shop('GET', `/orders${query}`)).json<Orders>()

async function allPages(w: World, query: string): Promise<string[]> {
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page: Orders = await list(w, `${query}${cursor === null ? '' : `&cursor=${cursor}`}`)
    seen.push(...page.orders.map(({ ordercode }) => ordercode))
    cursor = page.next_cursor
  } while (cursor !== null)
  return seen
}

describe('the list of orders', () => {
  it('shows every order once, newest first, whatever is registered meanwhile', async () => {
    const w = world()
    const registered: string[] = []
    for (let index = 0; index < 25; index++) {
      registered.push(await w.order(`page-${String(index).padStart(2, '0')}`))
      if (index % 3 === 0) w.advance(1)
    }
    const first = await list(w, '?limit=10')
    await w.order('newcomer')
    const rest: string[] = []
    let cursor = first.next_cursor
    while (cursor !== null) {
      const page = await list(w, `?limit=10&cursor=${cursor}`)
      rest.push(...page.orders.map(({ ordercode }) => ordercode))
      cursor = page.next_cursor
    }
    const seen = [...first.orders.map(({ ordercode }) => ordercode), ...rest]
    expect(seen).toEqual(registered.toReversed())
  })

  it('is filtered by state, time and payment', async () => {
    const w = world()
    const early = await w.order('early')
    w.advance(100)
    const paid = await w.order('paid')
    await w.pay(paid, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(paid)
    await w.deliverNotices()
    const { transaction_id } = await w.read(paid)

    expect(await allPages(w, '?state=paid')).toEqual([paid])
    expect(await allPages(w, '?state=created')).toEqual([early])
    expect(await allPages(w, `?transaction_id=${transaction_id}`)).toEqual([paid])
    expect(await allPages(w, '?transaction_id=0')).toEqual([])
    const between = new Date(w.now() - 50_000).toISOString()
    expect(await allPages(w, `?created_from=${between}`)).toEqual([paid])
    expect(await allPages(w, `?created_to=${between}`)).toEqual([early])
  })

  it('refuses a cursor, a limit or a filter that makes no sense', async () => {
    const w = world()
    const wrong = [
      'cursor=nonsense!',
      'cursor=bm9uc2Vuc2U',
      'cursor=W10',
      'limit=0',
      'limit=101',
      'limit=x',
      'limit=1&limit=2',
      'state=lost',
      'created_from=yesterday',
      'created_to=2026-13-45T00:00:00Z',
    ]
    for (const query of wrong) {
      for (const path of ['/orders', '/reviews', '/deliveries', '/runs']) {
        if (path !== '/orders' && !/cursor|limit/.test(query)) continue
        const answer = await w.shop('GET', `${path}?${query}`)
        expect(`${path}?${query} ${answer.status}`).toBe(`${path}?${query} 400`)
      }
    }
  })

  it('is read by index, a page at a time', async () => {
    const plan = await env.DB.prepare(
      `EXPLAIN QUERY PLAN SELECT ordercode FROM orders WHERE (created_at, ordercode) < (1, 'x')
       ORDER BY created_at DESC, ordercode DESC LIMIT 5`,
    ).all<{ detail: string }>()
    const details = plan.results.map(({ detail }) => detail).join('\n')
    expect(details).toMatch(/USING (COVERING )?INDEX orders_created/)
    expect(details).not.toMatch(/TEMP B-TREE/)
  })
})

describe('the list of runs', () => {
  it('tells when the cron ran and what it did', async () => {
    const w = world()
    const ordercode = await w.order('run')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    for (let minute = 0; minute < 5; minute++) {
      w.advance(60)
      await w.cron()
    }
    const first = await (await w.shop('GET', '/runs?limit=3')).json<Runs>()
    expect(first.runs).toHaveLength(3)
    const second = await (
      await w.shop('GET', `/runs?limit=3&cursor=${first.next_cursor}`)
    ).json<Runs>()
    expect(second.runs).toHaveLength(2)
    expect(second.next_cursor).toBeNull()
    expect(second.runs.at(-1)).toMatchObject({
      booked: 1,
      failed: 0,
      finished_at: expect.any(String),
    })
  })
})

type Runs = { runs: Record<string, unknown>[]; next_cursor: string | null }

describe('what is old', () => {
  it('goes after ninety days, a little at a time: runs and delivered webhooks, never a review', async () => {
    const w = world()
    const ordercode = await w.order('old')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    await w.settled()
    await w.cron()
    w.advance(91 * 86_400)
    for (let minute = 0; minute < 60; minute++) await w.cron()

    const { deliveries } = await (
      await w.shop('GET', '/deliveries')
    ).json<{
      deliveries: { type: string }[]
    }>()
    expect(deliveries.filter(({ type }) => type !== 'bill.reconciled')).toEqual([])
    const oldest = await env.DB.prepare('SELECT min(started_at) AS at FROM runs').first<{
      at: number
    }>()
    expect(oldest?.at).toBeGreaterThan(w.now() / 1_000 - 90 * 86_400)
    expect((await w.read(ordercode)).state).toBe('paid')
  })
})

describe('what is logged and answered', () => {
  it('never has a key, a token, a signature, a whole openid or a raw message in it', async () => {
    const w = world()
    const answers: string[] = []
    const openids: string[] = []
    for (const name of ['log-a', 'log-b', 'log-c']) {
      const ordercode = await w.order(name)
      const openid = w.wechat.payer.newOpenid()
      openids.push(openid)
      const code = w.wechat.payer.login(openid)
      answers.push(await (await w.pay(ordercode, openid, code)).text())
      w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'wrong_sign' })
      w.wechat.payer.pay(ordercode)
      for (const notice of [
        w.wechat.notices.ofPayments.xml(ordercode, { changes: { total_fee: '1' } }),
        w.wechat.notices.ofPayments.xml(ordercode, { stripSign: true }),
        w.wechat.notices.ofPayments.xml(ordercode),
      ]) {
        answers.push(await (await w.notify(notice)).text())
      }
      w.advance(60)
      await w.cron()
      await w.fetch(`/orders/${ordercode}`, { headers: { authorization: 'Bearer wrong-token' } })
      expect(JSON.stringify(w.log)).not.toContain(code)
    }
    await w.settled()

    const secrets = [
      '192006250b4c09247ec02edce69f6a2d',
      '00000000000000000000000000000000',
      'merchant-token-of-the-tests',
      'wrong-token',
      'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      'session_key',
    ]
    const logged = JSON.stringify(w.log)
    expect(w.log.length).toBeGreaterThan(10)
    expect(logged).not.toMatch(/<xml>|CDATA|[0-9A-F]{32}|prepay_id/)
    for (const secret of [...secrets, ...openids]) expect(logged).not.toContain(secret)
    for (const text of answers) {
      for (const secret of [...secrets, ...openids]) expect(text).not.toContain(secret)
    }
  })
})
