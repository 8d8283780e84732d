import { beforeEach, describe, expect, it } from 'vitest'
import { openDatabase } from '../../examples/shop-backend/database.js'
import { createShop } from '../../examples/shop-backend/shop.js'

let database = openDatabase(':memory:')
let sent: Request[] = []
let log: string[] = []
/** What WeChat and the Worker answer. */
let login: object = {}
let registered = 201

beforeEach(() => {
  database = openDatabase(':memory:')
  sent = []
  log = []
  login = { openid: 'oPayer', session_key: 'never leaves' }
  registered = 201
})

function order(body: object) {
  const { fetch } = createShop({
    database,
    worker: 'https://pay.test',
    token: 'the-token',
    webhookSecret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    appid: 'wx1',
    appSecret: 'the-secret',
    send: async (request) => {
      sent.push(request.clone())
      return request.url.includes('jscode2session')
        ? Response.json(login)
        : Response.json({ code: 'x' }, { status: registered })
    },
    log: (line) => void log.push(line),
  })
  const init = { method: 'POST', body: JSON.stringify(body) }
  return fetch(new Request('https://shop.test/orders', init))
}

describe('an order at the example shop', () => {
  it("is registered with the shop's price and the payer's openid, whatever the phone says", async () => {
    const answer = await order({
      code: 'C1',
      goods: 'dark-roast-500',
      total_fee: 1,
      openid: 'oEvil',
    })

    expect(answer.status).toBe(201)
    const { ordercode } = (await answer.clone().json()) as { ordercode: string }
    expect(ordercode).toMatch(/^[0-9A-Z_-]{6,28}$/)
    const [, put] = sent
    expect(put?.method).toBe('PUT')
    expect(put?.url).toBe(`https://pay.test/orders/${ordercode}`)
    expect(put?.headers.get('authorization')).toBe('Bearer the-token')
    expect(await put?.json()).toEqual({
      body: '深烘拼配 500g',
      total_fee: 8_800,
      openid: 'oPayer',
    })
    expect(await answer.text()).not.toMatch(/token|secret|session|oPayer/)
  })

  it('is stored before it is registered', async () => {
    registered = 503
    expect((await order({ code: 'C1', goods: 'dark-roast-500' })).status).toBe(502)
    expect(database.prepare('SELECT openid, total_fee FROM orders').all()).toEqual([
      { openid: 'oPayer', total_fee: 8_800 },
    ])
  })

  it('may be for every payer', async () => {
    await order({ code: 'C1', goods: 'light-roast-250', anyone: true })
    expect(await sent[1]?.json()).toEqual({ body: '云南日晒 250g', total_fee: 6_800 })
  })

  it('is refused without a login, for goods that do not exist, and for what is no JSON', async () => {
    login = { errcode: 40_029, errmsg: 'invalid code' }
    expect((await order({ code: 'C1', goods: 'dark-roast-500' })).status).toBe(401)
    expect((await order({ code: 'C1', goods: 'tea' })).status).toBe(404)
    expect((await order([])).status).toBe(404)
    expect(sent.filter(({ method }) => method === 'PUT')).toEqual([])
  })
})
