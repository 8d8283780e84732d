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

type Runs = { runs: Record<string, unknown>[]; next_cursor: string | null }

describe('the list of orders', () => {
  it('shows every order once, newest first, even when another one is registered meanwhile', async () => {
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

  it('can be filtered by state, time and payment', async () => {
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

  it('refuses an invalid cursor, limit or filter', async () => {
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

  it('reads each page through an index', async () => {
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
  it('shows when the cron ran and what it did', async () => {
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
