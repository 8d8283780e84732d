import { describe, expect, it } from 'vitest'
import { TOKEN, world } from '../../testing/world.ts'

type Problem = { code: string; status: number; errors?: { field: string; message: string }[] }

const problemOf = async (answer: Response): Promise<Problem> => {
  expect(answer.headers.get('content-type')).toContain('application/problem+json')
  const body = await answer.json<Problem>()
  expect(body).toMatchObject({
    type: expect.any(String),
    title: expect.any(String),
    detail: expect.any(String),
    status: answer.status,
  })
  return body
}

describe('the router', () => {
  it('answers an unknown path with 404 not_found', async () => {
    const answer = await world().fetch('/nothing/here')
    expect(answer.status).toBe(404)
    expect((await problemOf(answer)).code).toBe('not_found')
  })

  it('answers a wrong method with 405 and the allowed methods', async () => {
    const w = world()
    const pay = await w.fetch('/pay', { method: 'DELETE' })
    expect(pay.status).toBe(405)
    expect(pay.headers.get('allow')).toBe('GET, POST')
    expect((await problemOf(pay)).code).toBe('method_not_allowed')
    const order = await w.fetch('/orders/abcdef', { method: 'PATCH' })
    expect(order.headers.get('allow')).toBe('PUT, GET, HEAD')
    expect((await w.fetch('/notify')).headers.get('allow')).toBe('POST')
  })

  it('answers HEAD like GET without a body, wherever there is a GET', async () => {
    const w = world()
    const ordercode = await w.order('head')
    await w.cron()
    const paths = [
      '/health',
      '/orders',
      `/orders/${ordercode}`,
      `/orders/${ordercode}/events`,
      `/orders/${ordercode}/refunds/R1`,
      '/orders/unknown-one',
      '/orders?limit=x',
      '/bills/2026-11-22',
      '/bills/2026-11-22/raw',
      '/reviews',
      '/deliveries',
      '/runs',
      '/nothing/here',
    ]
    for (const path of paths) {
      for (const ask of [
        w.fetch,
        (to: string, init: RequestInit) => w.shop(init.method ?? '', to),
      ]) {
        const get = await ask(path, { method: 'GET' })
        const head = await ask(path, { method: 'HEAD' })
        expect([path, head.status]).toEqual([path, get.status])
        expect([...head.headers]).toEqual([...get.headers])
        expect(head.body).toBeNull()
      }
    }
    expect((await w.fetch('/health', { method: 'HEAD' })).status).toBe(200)
    expect((await w.shop('HEAD', `/orders/${ordercode}`)).status).toBe(200)
    expect((await w.fetch('/orders', { method: 'HEAD' })).status).toBe(401)
    expect((await w.fetch('/notify', { method: 'HEAD' })).status).toBe(405)
  })

  it('answers HEAD of /pay with 405, because a login code works once', async () => {
    const w = world()
    const ordercode = await w.order('headpay')
    const code = w.wechat.payer.login(w.wechat.payer.newOpenid())
    const path = `/pay?code=${code}&ordercode=${ordercode}`

    const head = await w.fetch(path, { method: 'HEAD' })

    expect([head.status, head.headers.get('allow'), head.body]).toEqual([405, 'GET, POST', null])
    expect(w.calls).toEqual([])
    expect((await w.fetch(path)).status).toBe(200)
  })

  it('answers a database failure with 503, without the text of the exception', async () => {
    const w = world({
      wrapDb: (db) =>
        new Proxy(db, {
          get: (target, name) =>
            name === 'batch'
              ? () => Promise.reject(new Error('D1_ERROR: secret internals'))
              : Reflect.get(target, name),
        }),
    })
    const answer = await w.shop('GET', '/orders/abcdef')
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain('secret internals')
  })

  it('answers a bug of ours with 500 internal, without the text of the exception', async () => {
    const w = world({
      wrapDb: (db) =>
        new Proxy(db, {
          get: (target, name) =>
            name === 'batch'
              ? () =>
                  Promise.reject(new Error('D1_ERROR: UNIQUE constraint failed: SQLITE_CONSTRAINT'))
              : Reflect.get(target, name),
        }),
    })
    const answer = await w.shop('GET', '/orders/abcdef')
    expect(answer.status).toBe(500)
    const text = await answer.text()
    expect(text).toContain('"internal"')
    expect(text).not.toContain('UNIQUE')
    expect(w.log).toContainEqual(expect.objectContaining({ event: 'internal_error' }))
  })
})

describe('the merchant API', () => {
  it('refuses every request without the token', async () => {
    const w = world()
    const ordercode = await w.order('guarded')
    const attempts: HeadersInit[] = [
      {},
      { authorization: 'Bearer ' },
      { authorization: `Bearer ${TOKEN}x` },
      { authorization: `Bearer ${TOKEN.slice(1)}` },
      { authorization: TOKEN },
      { authorization: `Basic ${TOKEN}` },
      { cookie: `token=${TOKEN}` },
    ]
    for (const headers of attempts) {
      for (const [method, path] of [
        ['GET', `/orders/${ordercode}`],
        ['PUT', `/orders/${ordercode}`],
        ['GET', `/orders/${ordercode}/events`],
        ['POST', `/orders/${ordercode}/query`],
        ['POST', `/orders/${ordercode}/close`],
        ['GET', '/orders/unknown-one'],
      ] as const) {
        const answer = await w.fetch(path, { method, headers })
        expect(answer.status).toBe(401)
        expect(answer.headers.get('www-authenticate')).toContain('Bearer')
      }
    }
    expect((await w.read(ordercode)).state).toBe('created')
  })

  it('accepts the old token too while the token is being changed', async () => {
    const old = 'old-merchant-token-of-the-tests-012345'
    const w = world({ vars: { MERCHANT_TOKEN_OLD: old } })
    const ordercode = await w.order('rotation')
    const answer = await w.fetch(`/orders/${ordercode}`, {
      headers: { authorization: `Bearer ${old}` },
    })
    expect(answer.status).toBe(200)
  })
})

describe('registering an order', () => {
  const terms = { total_fee: 8_800, body: '测试商店-图书' }

  it('needs the openid of the payer under REQUIRE_OPENID=yes, and says so', async () => {
    const w = world({ vars: { REQUIRE_OPENID: 'yes' } })
    const path = `/orders/${w.code('bound')}`
    const refused = await w.shop('PUT', path, terms)
    expect(refused.status).toBe(400)
    const { code, errors } = await problemOf(refused)
    expect(code).toBe('invalid_request')
    expect(errors).toEqual([
      { field: 'openid', message: expect.stringMatching(/^is missing.*REQUIRE_OPENID=yes/) },
    ])
    expect((await w.shop('GET', path)).status).toBe(404)

    expect((await w.shop('PUT', path, { ...terms, openid: 'oPayer' })).status).toBe(201)
    expect((await world().shop('PUT', `/orders/${w.code('free')}`, terms)).status).toBe(201)
  })

  it('answers 201 the first time and 200 every time after, with nothing changed', async () => {
    const w = world()
    const path = `/orders/${w.code('again')}`
    const first = await w.shop('PUT', path, terms)
    expect(first.status).toBe(201)
    expect(first.headers.get('etag')).toBe('"1"')
    const created = await first.json()
    w.advance(100)
    const second = await w.shop('PUT', path, terms)
    expect(second.status).toBe(200)
    expect(await second.json()).toEqual(created)
  })

  it('creates one order from twenty concurrent requests', async () => {
    const w = world()
    const path = `/orders/${w.code('burst')}`
    const answers = await Promise.all(Array.from({ length: 20 }, () => w.shop('PUT', path, terms)))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([...Array.from({ length: 19 }, () => 200), 201])
    expect(await w.history(w.code('burst'))).toEqual(['order_registered'])
  })

  it('again with another price changes an unpaid order', async () => {
    const w = world()
    const ordercode = await w.order('price')
    const answer = await w.shop('PUT', `/orders/${ordercode}`, { ...terms, total_fee: 100 })
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ total_fee: 100, revision: 2 })
    expect(await w.history(ordercode)).toEqual(['order_registered', 'order_changed'])
  })

  it('again while a payer is at the cashier first closes the attempt with the old price at WeChat', async () => {
    const w = world()
    const ordercode = await w.order('cheaper')
    const openid = w.wechat.payer.newOpenid()
    const sheet = await (await w.pay(ordercode, openid)).json<Record<string, string>>()

    const answer = await w.shop('PUT', `/orders/${ordercode}`, { ...terms, total_fee: 100 })

    expect(answer.status).toBe(200)
    expect(w.wechat.payer.requestPayment(openid, sheet as never).ok).toBe(false)
    await w.pay(ordercode, openid)
    expect(w.wechat.books.order(`${ordercode}*2`)).toMatchObject({ totalFee: 100 })
  })

  it('again while the state of an attempt is unknown answers 503 and changes nothing', async () => {
    const w = world()
    const ordercode = await w.order('unknown')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    const before = await w.read(ordercode)
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'http_500', times: 2 })
    const answer = await w.shop('PUT', `/orders/${ordercode}`, { ...terms, total_fee: 100 })
    expect(answer.status).toBe(503)
    expect(await w.read(ordercode)).toEqual(before)
  })

  it('again after it was paid or closed is refused, unless nothing differs', async () => {
    const w = world()
    const [paid, closed] = [await w.order('paid'), await w.order('closed')]
    await w.pay(paid, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(paid)
    await w.deliverNotices()
    await w.shop('POST', `/orders/${closed}/close`)

    const changed = { ...terms, total_fee: 1 }
    expect((await problemOf(await w.shop('PUT', `/orders/${paid}`, changed))).code).toBe(
      'order_paid',
    )
    expect((await problemOf(await w.shop('PUT', `/orders/${closed}`, changed))).code).toBe(
      'order_closed',
    )
    expect((await w.shop('PUT', `/orders/${paid}`, terms)).status).toBe(200)
    expect((await w.shop('PUT', `/orders/${closed}`, terms)).status).toBe(200)
  })

  it('with If-Match changes only the named revision', async () => {
    const w = world()
    const path = `/orders/${await w.order('match')}`
    const change = (total_fee: number, revision: string) =>
      w.shop('PUT', path, { ...terms, total_fee }, { 'if-match': revision })

    expect((await change(1, '"1"')).status).toBe(200)
    const conflict = await change(2, '"1"')
    expect(conflict.status).toBe(409)
    expect((await problemOf(conflict)).code).toBe('revision_conflict')
    expect((await change(2, '"2"')).status).toBe(200)
    expect((await change(3, 'nonsense')).status).toBe(400)
    const absent = await w.shop('PUT', `/orders/${w.code('absent')}`, terms, { 'if-match': '"1"' })
    expect(absent.status).toBe(409)
    expect((await w.shop('GET', `/orders/${w.code('absent')}`)).status).toBe(404)
  })

  it('names every wrong field and stores nothing', async () => {
    const w = world()
    const path = `/orders/${w.code('fields')}`
    const wrong: [Record<string, unknown>, string][] = [
      [{ total_fee: 0 }, 'total_fee'],
      [{ total_fee: -1 }, 'total_fee'],
      [{ total_fee: 1.5 }, 'total_fee'],
      [{ total_fee: '100' }, 'total_fee'],
      [{ total_fee: 1_000_000_001 }, 'total_fee'],
      [{ total_fee: undefined }, 'total_fee'],
      [{ body: '' }, 'body'],
      [{ body: '书'.repeat(43) }, 'body'],
      [{ body: 'a\u0000b' }, 'body'],
      [{ body: 'a\nb' }, 'body'],
      [{ body: '\ud800' }, 'body'],
      [{ body: ' padded' }, 'body'],
      [{ attach: 'x'.repeat(128) }, 'attach'],
      [{ limit_pay: 'no_debit' }, 'limit_pay'],
      [{ openid: 'not an openid' }, 'openid'],
      [{ expires_in: 299 }, 'expires_in'],
      [{ expires_in: 604_801 }, 'expires_in'],
      [{ totalfee: 1 }, 'totalfee'],
    ]
    for (const [change, field] of wrong) {
      const answer = await w.shop('PUT', path, { ...terms, ...change })
      expect(`${field} ${answer.status}`).toBe(`${field} 400`)
      const body = await problemOf(answer)
      expect(body.code).toBe('invalid_request')
      expect(body.errors?.map((error) => error.field)).toEqual([field])
    }
    expect((await w.shop('GET', path)).status).toBe(404)
    expect((await w.shop('PUT', path, { ...terms, body: '书'.repeat(42) })).status).toBe(201)
  })

  it('refuses an ordercode that WeChat would not accept', async () => {
    const w = world()
    for (const code of ['short', 'x'.repeat(29), 'with%20space', 'with*star', '订单订单订单']) {
      const answer = await w.shop('PUT', `/orders/${code}`, terms)
      expect(`${code} ${answer.status}`).toBe(`${code} 400`)
      const read = await w.shop('GET', `/orders/${code}`)
      expect(`${code} ${read.status}`).toBe(`${code} 404`)
    }
  })

  it('refuses a body that is not JSON, not an object, or too large', async () => {
    const w = world()
    const path = `/orders/${w.code('bodies')}`
    const put = (body: BodyInit) =>
      w.fetch(path, { method: 'PUT', body, headers: { authorization: `Bearer ${TOKEN}` } })
    expect((await put('{')).status).toBe(400)
    expect((await put('')).status).toBe(400)
    expect((await put('[]')).status).toBe(400)
    expect((await put('null')).status).toBe(400)
    expect((await put(new Uint8Array([0x7b, 0xff, 0x7d]))).status).toBe(400)
    const large = await put(JSON.stringify({ ...terms, attach: 'x'.repeat(64 * 1024) }))
    expect(large.status).toBe(413)
    expect((await problemOf(large)).code).toBe('body_too_large')
  })

  it('answers 409 to one of two concurrent changes of one revision', async () => {
    const w = world()
    const ordercode = await w.order('revision')
    const put = (total_fee: number) =>
      w.shop('PUT', `/orders/${ordercode}`, { total_fee, body: 'x' }, { 'if-match': '"1"' })
    const answers = await Promise.all([put(1), put(2)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    expect((await w.read(ordercode)).revision).toBe(2)
  })
})

describe('/pay', () => {
  it('accepts GET and POST, and names missing fields', async () => {
    const w = world()
    const ordercode = await w.order('post')
    const openid = w.wechat.payer.newOpenid()
    const posted = await w.fetch('/pay', {
      method: 'POST',
      body: JSON.stringify({ code: w.wechat.payer.login(openid), ordercode }),
    })
    expect(posted.status).toBe(200)

    const empty = await w.fetch('/pay')
    expect(empty.status).toBe(400)
    const { errors } = await problemOf(empty)
    expect(errors?.map(({ field }) => field)).toEqual(['code', 'ordercode'])
    expect((await w.fetch('/pay?code=a&code=b&ordercode=abcdef')).status).toBe(400)
    expect((await w.fetch('/pay?code=a&ordercode=../../etc')).status).toBe(400)
    expect(w.calls.filter((call) => call.endsWith('jscode2session'))).toHaveLength(1)
  })
})
