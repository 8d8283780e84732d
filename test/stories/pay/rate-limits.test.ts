/** What strangers can cost: requests to D1, calls to WeChat, and the places of honest payers. */
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { world, type World } from '../../../testing/world.ts'

/** A rate limit that counts exactly, and forgets nothing. */
function limiter(limit: number) {
  const seen = new Map<string, number>()
  return {
    limit: ({ key }: { key: string }) => {
      seen.set(key, (seen.get(key) ?? 0) + 1)
      return Promise.resolve({ success: (seen.get(key) ?? 0) <= limit })
    },
  }
}

/** The limits in wrangler.toml. */
const AS_DEPLOYED = { address: 100, payer: 60 }
const limits = () => ({
  address: limiter(AS_DEPLOYED.address),
  payer: limiter(AS_DEPLOYED.payer),
})

const payFrom = (w: World, address: string | undefined, code: string, ordercode: string) =>
  w.fetch(
    `/pay?code=${code}&ordercode=${ordercode}`,
    address === undefined ? {} : { headers: { 'cf-connecting-ip': address } },
  )

const logins = (w: World): number =>
  w.calls.filter((call) => call.endsWith('/sns/jscode2session')).length

const countOf = (answers: readonly Response[], status: number): number =>
  answers.filter((answer) => answer.status === status).length

async function inTurn(
  count: number,
  send: (at: number) => Promise<Response>,
): Promise<readonly Response[]> {
  const answers: Response[] = []
  for (let at = 0; at < count; at++) answers.push(await send(at))
  return answers
}

/** Address number `at` of the network 2001:db8:1:2::/64, in another spelling each time. */
function addressOf(at: number): string {
  const host = (at + 1).toString(16)
  const spellings = [
    `2001:db8:1:2::${host}`,
    `2001:DB8:1:2:0:0:0:${host}`,
    `2001:0db8:0001:0002:${host}::`,
    `2001:db8:1:2:${host}:ffff:203.0.113.7`,
  ]
  return spellings[at % spellings.length] ?? ''
}

describe('the rate limits', () => {
  it('apply to one payer, and never to notices', async () => {
    const w = world({ limits: { payer: limiter(2) } })
    const ordercode = await w.order('limited')
    const openid = w.wechat.payer.newOpenid()
    const statuses = (await inTurn(4, () => w.pay(ordercode, openid))).map(({ status }) => status)
    expect(statuses).toEqual([200, 200, 429, 429])

    w.wechat.payer.pay(ordercode)
    const notice = w.wechat.notices.ofPayments.xml(ordercode)
    for (let times = 0; times < 20; times++) expect((await w.notify(notice)).status).toBe(200)
  })

  it('count the addresses of one /64 together, however each is spelled', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ limits: limits(), wrapDb: () => watched.db })
    const ordercode = await w.order('rotating')
    watched.reset()

    const answers = await inTurn(300, (at) => payFrom(w, addressOf(at), `wrong-${at}`, ordercode))

    expect(countOf(answers, 401)).toBe(100)
    expect(countOf(answers, 429)).toBe(200)
    expect(answers.at(-1)?.headers.get('retry-after')).not.toBeNull()
    expect(logins(w)).toBe(100)
    expect(watched.roundTrips()).toBe(100)
    expect(watched.rowsWritten()).toBe(0)

    const code = w.wechat.payer.login(w.wechat.payer.newOpenid())
    expect((await payFrom(w, '2001:db8:1:3::1', code, ordercode)).status).toBe(200)
  })

  it('hold with the bindings of wrangler.toml', async () => {
    const w = world({ limits: { address: env.LIMIT_ADDRESS, payer: env.LIMIT_PAYER } })
    const ordercode = await w.order('bindings')
    // The binding counts in windows of ten seconds by the clock on the wall.
    const window = (): number => Math.floor(Date.now() / 10_000)
    const first = window()

    const answers = await inTurn(150, (at) => payFrom(w, addressOf(at), `wrong-${at}`, ordercode))

    expect(logins(w)).toBeGreaterThanOrEqual(100)
    expect(logins(w)).toBeLessThanOrEqual(100 * (window() - first + 1))
    expect(countOf(answers, 429)).toBe(150 - logins(w))
  })

  it('count IPv4 addresses one by one, also those that an IPv6 socket reports', async () => {
    const w = world({ limits: { address: limiter(2) } })
    const ordercode = await w.order('mapped')
    const statuses: number[] = []
    for (const address of [
      '203.0.113.7',
      '::ffff:203.0.113.7',
      '::FFFF:CB00:7107',
      '203.0.113.8',
    ]) {
      statuses.push((await payFrom(w, address, 'wrong-code', ordercode)).status)
    }
    expect(statuses).toEqual([401, 401, 429, 401])
  })

  it('apply to /result, too', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ limits: limits(), wrapDb: () => watched.db })
    const ordercode = await w.order('poller')
    const { ticket } = await (
      await w.pay(ordercode, w.wechat.payer.newOpenid())
    ).json<{ ticket: string }>()
    w.calls.length = 0
    watched.reset()

    const poll = (at: number, text: string) =>
      w.fetch(`/result?ticket=${text}`, { headers: { 'cf-connecting-ip': addressOf(at) } })
    const polls = await inTurn(70, (at) => poll(at, ticket))
    const forged = await inTurn(70, (at) => poll(at, ticket.replace(/.{4}$/, String(1_000 + at))))

    expect([countOf(polls, 200), countOf(polls, 429)]).toEqual([60, 10])
    expect([countOf(forged, 401), countOf(forged, 429)]).toEqual([30, 40])
    expect(watched.roundTrips()).toBe(60)
    expect(watched.rowsWritten()).toBe(0)
    expect(w.calls).toHaveLength(1)
  })
})

describe('a client without an address', () => {
  it('shares no limit with others: 150 payers get through', async () => {
    const w = world({ limits: limits() })
    const ordercode = await w.order('crowd')

    const answers = await inTurn(150, () => w.pay(ordercode, w.wechat.payer.newOpenid()))

    // Each of them has logged in. The order itself changes hands only so often.
    expect(logins(w)).toBe(150)
    expect(countOf(answers, 429)).toBe(0)
    expect(countOf(answers, 200) + countOf(answers, 409)).toBe(150)
  })

  it('is limited by its openid after the login', async () => {
    const w = world({ limits: limits() })
    const ordercode = await w.order('eager')
    const openid = w.wechat.payer.newOpenid()
    const answers = await inTurn(70, () => w.pay(ordercode, openid))
    expect([countOf(answers, 200), countOf(answers, 429)]).toEqual([60, 10])
  })

  it('is limited by its login code before the login', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ limits: limits(), wrapDb: () => watched.db })
    const ordercode = await w.order('stuck')
    watched.reset()
    const answers = await inTurn(150, () => payFrom(w, undefined, 'wrong-code', ordercode))
    expect([countOf(answers, 401), countOf(answers, 429)]).toEqual([100, 50])
    expect(logins(w)).toBe(100)
    expect(watched.roundTrips()).toBe(100)
  })

  it('costs no login and no query any more after 200 refused logins in ten seconds; those who log in do not count', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ limits: limits(), wrapDb: () => watched.db })
    const ordercode = await w.order('flood')
    const payer = w.wechat.payer.newOpenid()
    const honest = (count: number) =>
      inTurn(count, () => payFrom(w, undefined, w.wechat.payer.login(payer), ordercode))
    const wrong = (from: number) => payFrom(w, undefined, `wrong-${from}`, ordercode)

    expect(countOf(await honest(10), 200)).toBe(10)
    expect(countOf(await inTurn(199, wrong), 401)).toBe(199)
    expect(countOf(await honest(5), 200)).toBe(5)
    watched.reset()
    w.calls.length = 0
    const flood = await inTurn(60, (at) => wrong(1_000 + at))

    expect([countOf(flood, 401), countOf(flood, 429)]).toEqual([1, 59])
    expect(logins(w)).toBe(1)
    expect(watched.roundTrips()).toBe(1)
    // Payers with an address are not held up.
    const code = w.wechat.payer.login(payer)
    expect((await payFrom(w, '203.0.113.7', code, ordercode)).status).not.toBe(429)

    w.advance(10)
    expect((await wrong(2_000)).status).toBe(401)
  })

  it('does not use up the refused logins while WeChat itself is away', async () => {
    const w = world()
    const ordercode = await w.order('outage')
    w.wechat.faults.inject({ endpoint: 'jscode2session', kind: 'http_502', times: 2_000 })
    const answers = await inTurn(220, (at) => payFrom(w, undefined, `code-${at}`, ordercode))
    expect(countOf(answers, 503)).toBe(220)
  })
})

describe('the address that WeChat gets', () => {
  const addressOfAttempt = async (ordercode: string) => {
    const sql = 'SELECT spbill_create_ip AS address FROM attempts WHERE ordercode = ?'
    return env.DB.prepare(sql).bind(ordercode).first('address')
  }

  it.each([
    ['ipv4', '203.0.113.7', '203.0.113.7'],
    ['mapped', '::ffff:203.0.113.7', '203.0.113.7'],
    ['ipv6', '2001:DB8:0::7', '2001:db8::7'],
    ['zone', 'fe80::1%eth0', 'fe80::1'],
    ['list', '203.0.113.7, 203.0.113.8', '127.0.0.1'],
    ['text', 'unknown', '127.0.0.1'],
    ['none', undefined, '127.0.0.1'],
  ])('%s', async (name, given, sent) => {
    const w = world()
    const ordercode = await w.order(`ip-${name}`)
    const code = w.wechat.payer.login(w.wechat.payer.newOpenid())
    expect((await payFrom(w, given, code, ordercode)).status).toBe(200)
    expect(await addressOfAttempt(ordercode)).toBe(sent)
  })

  it('is that of the payer and not of the proxy, when CLIENT_IP_HEADER names the proxy’s header', async () => {
    const w = world({ vars: { CLIENT_IP_HEADER: 'X-Real-IP' }, limits: { address: limiter(1) } })
    const pay = async (name: string, headers: HeadersInit) => {
      const ordercode = await w.order(name)
      const code = w.wechat.payer.login(w.wechat.payer.newOpenid())
      const { status } = await w.fetch(`/pay?code=${code}&ordercode=${ordercode}`, { headers })
      return [status, await addressOfAttempt(ordercode)]
    }
    const proxy = { 'cf-connecting-ip': '198.51.100.1' }

    expect(await pay('proxy1', { ...proxy, 'x-real-ip': '203.0.113.7' })).toEqual([
      200,
      '203.0.113.7',
    ])
    expect(await pay('proxy2', { ...proxy, 'x-real-ip': '203.0.113.8' })).toEqual([
      200,
      '203.0.113.8',
    ])
    expect(await pay('proxy3', { ...proxy, 'x-real-ip': '203.0.113.8' })).toEqual([429, null])
    expect(await pay('direct', proxy)).toEqual([200, '198.51.100.1'])
  })

  it('is Cloudflare’s when CLIENT_IP_HEADER is malformed, and /health says so', async () => {
    const w = world({ vars: { CLIENT_IP_HEADER: 'X-Real-IP: yes' } })
    const ordercode = await w.order('malformed')
    const code = w.wechat.payer.login(w.wechat.payer.newOpenid())
    expect((await payFrom(w, '203.0.113.7', code, ordercode)).status).toBe(200)
    expect(await addressOfAttempt(ordercode)).toBe('203.0.113.7')

    await w.cron()
    const health = await (await w.fetch('/health')).json<{ components: { name: string }[] }>()
    expect(health).toMatchObject({ status: 'degraded' })
    expect(health.components).toContainEqual(
      expect.objectContaining({ name: 'client_ip', variables: ['CLIENT_IP_HEADER'] }),
    )
  })
})
