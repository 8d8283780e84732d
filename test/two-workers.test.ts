/** Two instances of the real Worker, built and run in workerd, over one D1. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestHarness, type TestHarnessOptions } from 'wrangler'
import { WeChatSimulator } from '../simulator/wechat.ts'

const ROOT = join(import.meta.dirname, '..')
const MERCHANT = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  apiKey: '192006250b4c09247ec02edce69f6a2d',
  appSecret: '00000000000000000000000000000000',
}
const TOKEN = 'merchant-token-of-the-tests-0123456789'
const ORDERS = 40

type WorkerInput = TestHarnessOptions['workers'][number]
const instance = (name: string): WorkerInput => ({
  config: {
    name,
    main: join(ROOT, 'src/worker.ts'),
    compatibility_date: '2026-10-23',
    rules: [
      {
        type: 'Text',
        globs: ['**/*.css', '**/*.client.js', '**/openapi.json'],
        fallthrough: true,
      },
    ],
    // Both instances use the same database, since it has the same name.
    d1_databases: [
      {
        binding: 'DB',
        database_name: 'wxpay-edge',
        database_id: 'shared',
        migrations_dir: join(ROOT, 'src/store/migrations'),
      },
    ],
    triggers: { crons: ['* * * * *'] },
    vars: {
      WX_APPID: MERCHANT.appid,
      WX_MCH_ID: MERCHANT.mchId,
      WX_APP_SECRET: MERCHANT.appSecret,
      WX_API_KEY: MERCHANT.apiKey,
      MERCHANT_TOKEN: TOKEN,
      PUBLIC_URL: 'https://pay.test',
      WEBHOOK_URL: 'https://shop.test/webhooks',
      WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      TICK_CALLS: '200',
      TICK_STATEMENTS: '1000',
    },
  },
})

const wechat = new WeChatSimulator({ merchant: MERCHANT })
const webhooks: { id: string; type: string }[] = []
const realFetch = globalThis.fetch
const server = createTestHarness({ workers: [instance('wxpay-one'), instance('wxpay-two')] })
const workers = () => [server.getWorker('wxpay-one'), server.getWorker('wxpay-two')] as const

/** Receives every request that the Workers send. The shop refuses every seventh webhook. */
const outside: typeof fetch = async (input, init) => {
  const request = new Request(input, init)
  const { hostname } = new URL(request.url)
  if (hostname.endsWith('weixin.qq.com')) return wechat.fetch(request)
  if (hostname !== 'shop.test') return realFetch(request)
  const { type } = (await request.json()) as { type: string }
  webhooks.push({ id: request.headers.get('webhook-id') ?? '', type })
  return new Response(null, { status: webhooks.length % 7 === 0 ? 500 : 204 })
}

beforeAll(async () => {
  globalThis.fetch = outside
  await server.listen()
  await workers()[0].applyD1Migrations('DB')
}, 60_000)

afterAll(async () => {
  await server.close()
  globalThis.fetch = realFetch
}, 60_000)

describe('the Worker as wrangler builds it', () => {
  it('serves openapi.json byte for byte', async () => {
    const answer = await workers()[0].fetch('https://pay.test/openapi.json')
    expect(await answer.text()).toBe(
      readFileSync(join(ROOT, 'src/routes/document/openapi.json'), 'utf8'),
    )
  })
})

describe('two Workers over one database', () => {
  it('record no payment twice and lose no webhook under load, with the cron in both', async () => {
    const [one, two] = workers()
    const either = (index: number) => (index % 2 === 0 ? one : two)
    const shop = (index: number, method: string, path: string, body?: object) =>
      either(index).fetch(`https://pay.test${path}`, {
        method,
        headers: { authorization: `Bearer ${TOKEN}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
    const cron = (minutes: number) =>
      Promise.all(
        [one, two].map((worker) =>
          worker.scheduled({
            cron: '* * * * *',
            scheduledTime: new Date(Date.now() + minutes * 60_000),
          }),
        ),
      )

    const codes = Array.from(
      { length: ORDERS },
      (_, index) => `order-${String(index).padStart(3, '0')}`,
    )
    const payOne = async (ordercode: string, index: number): Promise<void> => {
      const terms = { total_fee: 100 + index, body: '测试' }
      await Promise.all([0, 1].map((n) => shop(n, 'PUT', `/orders/${ordercode}`, terms)))
      const openid = wechat.payer.newOpenid()
      const query = `code=${wechat.payer.login(openid)}&ordercode=${ordercode}`
      const answer = await either(index).fetch(`https://pay.test/pay?${query}`)
      expect(answer.status).toBe(200)
      if (index % 4 === 3) return // never paid
      wechat.payer.pay(ordercode)
      if (index % 4 === 2) return // The notice never comes: the cron must find the payment.
      const notice = wechat.notices.ofPayments.xml(ordercode)
      const answers = await Promise.all(
        [0, 1, 2, 3].map((n) =>
          either(n).fetch('https://pay.test/notify', { method: 'POST', body: notice }),
        ),
      )
      for (const each of answers) expect(await each.text()).toContain('SUCCESS')
    }
    await Promise.all([...codes.map(payOne), cron(0)])
    for (const minutes of [1, 2, 3, 8, 40]) await cron(minutes)

    const paid = codes.filter((_, index) => index % 4 !== 3)
    const orders = await Promise.all(
      codes.map(async (ordercode, index) => {
        const response = await shop(index, 'GET', `/orders/${ordercode}`)
        return (await response.json()) as {
          ordercode: string
          state: string
          payments: { total_fee: number; transaction_id: string }[]
        }
      }),
    )
    expect(
      orders.filter(({ state }) => state === 'paid').map(({ ordercode }) => ordercode),
    ).toEqual(paid)
    const booked = orders.flatMap(({ payments }) => payments)
    expect(booked).toHaveLength(paid.length)
    expect(booked.reduce((sum, { total_fee }) => sum + total_fee, 0)).toBe(
      wechat.books.capturedFen(),
    )

    const sentIds = webhooks.filter(({ type }) => type === 'order.paid').map(({ id }) => id)
    const expected = wechat.books
      .captures()
      .map(({ transactionId }) => `order.paid.${transactionId}`)
    expect([...new Set(sentIds)].sort()).toEqual(expected.sort())
    const page = await shop(0, 'GET', '/deliveries?state=pending')
    expect(((await page.json()) as { deliveries: unknown[] }).deliveries).toEqual([])
  }, 90_000)
})
