/** What WeChat, D1 and the shop say when they refuse reaches the people who can act on it, and nothing secret with it. */
import { describe, expect, it } from 'vitest'
import { MERCHANT, TOKEN, WEBHOOK_SECRET, type World, world } from '../../testing/world.ts'

const RESTRICTED = {
  kind: 'err_code',
  errCode: 'NO_AUTH',
  errCodeDes: '此商家的收款功能已被限制，暂无法支付。',
} as const
const WORDS = { err_code: RESTRICTED.errCode, err_code_des: RESTRICTED.errCodeDes }

const outcome = async (answer: Response): Promise<string> =>
  `${answer.status} ${(await answer.json<{ code: string }>()).code}`
const callsOf = (w: World, path: string) => w.calls.filter((call) => call.endsWith(path)).length

/** A D1 each of whose batches fails with these words. */
const brokenDb =
  (message: string) =>
  (db: D1Database): D1Database =>
    new Proxy(db, {
      get: (target, name) =>
        name === 'batch' ? () => Promise.reject(new Error(message)) : Reflect.get(target, name),
    })

/** A D1 in which this table or column has not been made yet, so that D1 itself complains. */
const dbBefore =
  (name: string) =>
  (db: D1Database): D1Database =>
    new Proxy(db, {
      get: (target, property) =>
        property === 'prepare'
          ? (sql: string) =>
              target.prepare(sql.replace(new RegExp(`\\b${name}\\b`, 'g'), `${name}_of_tomorrow`))
          : Reflect.get(target, property).bind(target),
    })

describe('a refusal of unifiedorder that the documents do not list', () => {
  it('reaches the payer and the log in the words of WeChat, and the attempt stays', async () => {
    const w = world()
    const ordercode = await w.order('restricted')
    const openid = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({ endpoint: 'unifiedorder', ...RESTRICTED, times: 2 })

    for (let times = 0; times < 2; times++) {
      const answer = await w.pay(ordercode, openid)
      expect(answer.status).toBe(502)
      expect(await answer.json()).toMatchObject({ code: 'wechat_refused', wechat: WORDS })
      expect(w.log).toContainEqual({
        event: 'wechat_refused',
        call: 'unifiedorder',
        out_trade_no: ordercode,
        outcome: 'refused_unlisted',
        ...WORDS,
      })
      w.advance(30)
    }
    expect((await w.read(ordercode)).attempts).toMatchObject([
      { out_trade_no: ordercode, state: 'open' },
    ])

    expect((await w.pay(ordercode, openid)).status).toBe(200)
    expect((await w.read(ordercode)).attempts).toHaveLength(1)
    expect(callsOf(w, 'closeorder')).toBe(0)
  })

  it('concludes nothing: a payment of the same number is found', async () => {
    const w = world()
    const ordercode = await w.order('all-the-same')
    const openid = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'reply_lost', times: 2 })
    await w.pay(ordercode, openid)
    w.wechat.faults.inject({ endpoint: 'unifiedorder', ...RESTRICTED })
    expect(await outcome(await w.pay(ordercode, openid))).toBe('502 wechat_refused')

    w.wechat.payer.pay(ordercode)
    await w.shop('POST', `/orders/${ordercode}/query`)

    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('lets another payer in only when no answer of WeChat can be on its way any more', async () => {
    const w = world()
    const ordercode = await w.order('two-payers')
    w.wechat.faults.inject({ endpoint: 'unifiedorder', ...RESTRICTED })
    await w.pay(ordercode, w.wechat.payer.newOpenid())

    const other = w.wechat.payer.newOpenid()
    expect(await outcome(await w.pay(ordercode, other))).toBe('409 order_busy')
    w.advance(61)
    expect((await w.pay(ordercode, other)).status).toBe(200)
    expect((await w.read(ordercode)).attempts).toMatchObject([
      { out_trade_no: ordercode, state: 'closed' },
      { out_trade_no: `${ordercode}*2`, state: 'open' },
    ])
  })
})

describe('a refusal that the documents list', () => {
  it('is in the log in the words of WeChat, of every call', async () => {
    const w = world()
    const ordercode = await w.order('listed')
    const openid = w.wechat.payer.newOpenid()
    await w.pay(ordercode, openid, 'not-a-code')
    await w.pay(ordercode, openid)
    w.wechat.faults.inject({ endpoint: 'orderquery', kind: 'system_error' })
    await w.shop('POST', `/orders/${ordercode}/query`)
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    w.wechat.faults.inject({
      endpoint: 'refund',
      kind: 'err_code',
      errCode: 'NOTENOUGH',
      errCodeDes: '基本账户余额不足',
    })
    await w.shop('PUT', `/orders/${ordercode}/refunds/listed-1`, { refund_fee: 100 })

    const refused = w.log.filter(({ event }) => event === 'wechat_refused')
    expect(refused).toMatchObject([
      { call: 'jscode2session', outcome: 'code_invalid', err_code: '40029' },
      { call: 'orderquery', out_trade_no: ordercode, err_code: 'SYSTEMERROR' },
      {
        call: 'refund',
        outcome: 'waiting',
        err_code: 'NOTENOUGH',
        err_code_des: '基本账户余额不足',
      },
    ])
    for (const entry of refused) expect(entry['err_code_des']).not.toBe('')
  })

  it('is in the log with the origin when WeChat cannot be reached', async () => {
    const w = world()
    const ordercode = await w.order('unreachable')
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'http_502', times: 1 })
    await w.pay(ordercode, w.wechat.payer.newOpenid())

    expect(w.log).toContainEqual({
      event: 'wechat_unreachable',
      call: 'unifiedorder',
      origin: 'https://api.mch.weixin.qq.com',
      reason: 'http_status',
      status: 502,
    })
  })
})

describe('a database without its migrations', () => {
  it.each([
    ['table', 'orders', 'no such table: orders_of_tomorrow'],
    ['column', 'revision', 'revision_of_tomorrow'],
  ])(
    'is misconfigured when a %s is missing, and the command is told to the owner',
    async (_, name, said) => {
      const w = world({ wrapDb: dbBefore(name) })
      const command = 'npx wrangler d1 migrations apply DB --remote'
      const path = `/orders/${w.code('unmigrated')}`

      const owner = await w.shop('PUT', path, { total_fee: 100, body: 'x' })
      expect(owner.status).toBe(500)
      expect(await owner.json()).toMatchObject({
        code: 'misconfigured',
        detail: expect.stringContaining(command),
      })
      expect(w.log.at(-1)).toMatchObject({
        event: 'misconfigured',
        reason: 'DB',
        remedy: expect.stringContaining(command),
        error: expect.stringContaining(said),
        path,
      })
    },
  )

  it('tells payers and strangers the code alone, and makes WeChat and the cron try again', async () => {
    const w = world({ wrapDb: dbBefore('orders') })
    const payer = await w.pay(w.code('unmigrated'), w.wechat.payer.newOpenid())
    expect(payer.status).toBe(500)
    const text = await payer.text()
    expect(text).toContain('"misconfigured"')
    expect(text).not.toMatch(/migrat|no such table|orders_of/)

    const healthy = world()
    const ordercode = await healthy.order('notice')
    await healthy.pay(ordercode, healthy.wechat.payer.newOpenid())
    healthy.wechat.payer.pay(ordercode)
    const notice = await w.notify(healthy.wechat.notices.ofPayments.xml(ordercode))
    expect(notice.status).toBe(500)
    expect(w.log.at(-1)).toMatchObject({
      event: 'notice_failed',
      reason: 'misconfigured',
      error: expect.stringContaining('no such table'),
    })

    const empty = world({ wrapDb: dbBefore('runs') })
    await expect(empty.cron()).rejects.toThrow()
    expect(empty.log).toContainEqual(
      expect.objectContaining({
        event: 'misconfigured',
        handler: 'scheduled',
        error: expect.stringContaining('no such table'),
      }),
    )
  })
})

describe('the words of D1', () => {
  it.each([
    'D1_ERROR: Exceeded maximum DB size',
    'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
  ])('are in the log when the answer is 503: %s', async (message) => {
    const w = world({ wrapDb: brokenDb(message) })

    const answer = await w.shop('GET', '/orders/abcdef')
    expect(answer.status).toBe(503)
    expect(await answer.text()).not.toContain('D1_ERROR')
    expect(w.log).toEqual([
      {
        event: 'store_unavailable',
        error: `StoreUnavailable: D1 failed: ${message}`,
        path: '/orders/abcdef',
      },
    ])
    await expect(w.cron()).rejects.toThrow()
    expect(w.log.at(-1)).toMatchObject({
      event: 'store_unavailable',
      handler: 'scheduled',
      error: expect.stringContaining(message),
    })
  })

  it('are in the log when the answer is 500, with a bug of ours', async () => {
    const message = 'D1_ERROR: UNIQUE constraint failed: orders.ordercode: SQLITE_CONSTRAINT'
    const w = world({ wrapDb: brokenDb(message) })

    const answer = await w.shop('GET', '/orders/abcdef')
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('UNIQUE')
    expect(w.log).toMatchObject([
      { event: 'internal_error', reason: 'Error', error: message, stack: expect.any(String) },
    ])
  })
})

describe('the words of the shop', () => {
  it('are in the log when it refuses a webhook', async () => {
    const w = world()
    w.receiver.answerAlways(async () => new Response('signature does not match', { status: 401 }))
    const ordercode = await w.order('refused-webhook')
    await w.shop('POST', `/orders/${ordercode}/close`)
    await w.settled()

    expect(w.log).toContainEqual(
      expect.objectContaining({
        event: 'webhook_tried',
        ordercode,
        status: 401,
        reason: 'status',
        error: 'signature does not match',
      }),
    )
  })
})

describe('the words of others', () => {
  it('are logged without a key, a token, a whole openid, a login code or an SQL parameter that they quote', async () => {
    const openid = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'
    const code = '0a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTu'
    const secrets = [MERCHANT.apiKey, MERCHANT.appSecret, TOKEN, WEBHOOK_SECRET, openid, code]
    const quoting = `refused: ${secrets.join(', ')}`
    const broken = world({ wrapDb: brokenDb(`D1_ERROR: ${quoting} for value '13800138000'`) })
    await broken.shop('GET', '/orders/abcdef')
    const buggy = world({ wrapDb: brokenDb(`D1_TYPE_ERROR: ${quoting} for value '13800138000'`) })
    await buggy.shop('GET', '/orders/abcdef')
    await buggy.fetch('/health')

    const w = world()
    const ordercode = await w.order('quoting')
    w.wechat.faults.inject({
      endpoint: 'unifiedorder',
      kind: 'err_code',
      errCode: 'NEW',
      errCodeDes: quoting,
    })
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'return_fail', returnMsg: quoting })
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.receiver.answerAlways(async () => new Response(quoting, { status: 500 }))
    w.advance(120)
    await w.shop('POST', `/orders/${ordercode}/close`)
    await w.settled()

    for (const { log } of [broken, buggy, w]) {
      const logged = JSON.stringify(log)
      expect(logged).toContain('refused: [secret]')
      for (const secret of [...secrets, '13800138000']) expect(logged).not.toContain(secret)
    }
    expect(w.log).toContainEqual(
      expect.objectContaining({
        event: 'webhook_tried',
        error: expect.stringContaining('[secret]'),
      }),
    )
  })

  it('are not logged with the login, whose address has the AppSecret', async () => {
    const w = world()
    const ordercode = await w.order('no-login')
    w.wechat.faults.inject({ endpoint: 'jscode2session', kind: 'request_lost' })
    const code = w.wechat.payer.login(w.wechat.payer.newOpenid())
    await w.fetch(`/pay?code=${code}&ordercode=${ordercode}`)

    const [line] = w.log.filter(({ event }) => event === 'wechat_unreachable')
    expect(line).toMatchObject({
      call: 'jscode2session',
      reason: 'no_answer',
      error: expect.any(String),
    })
    expect(JSON.stringify(w.log)).not.toMatch(new RegExp(`${code}|${MERCHANT.appSecret}|js_code`))
  })
})
