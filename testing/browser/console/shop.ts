/** The system of the console's browser tests: Worker, D1, simulated WeChat, and a shop that takes webhooks or refuses them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../../../scripts/client/http-call.ts'
import { payerClient } from '../../../scripts/client/payer-client.ts'
import type { OrderJson } from '../../../scripts/client/shop-client.ts'
import { DEMO_WEBHOOK_SECRET } from '../../../scripts/local/demo-phone.ts'
import { startStack } from '../../../scripts/local/local-stack.ts'
import { type Sql, SQL_PATH } from './doors.ts'

const SETTLED_MS = 10_000

/** Fields of an order that a test chooses. */
export type Terms = Partial<{
  total_fee: number
  body: string
  attach: string
  detail: string
  goods_tag: string
  openid: string
  expires_in: number
}>

/** A payment of an order. */
export type Payment = Readonly<{ ordercode: string; transactionId: string; openid: string }>

type Delivery = Readonly<{ id: string; tries: number }>

/** Starts the system with an empty database. */
export async function startShop() {
  const receiver = { status: 204 }
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(receiver.status).end())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const persistDir = mkdtempSync(join(tmpdir(), 'wxpay-edge-console-'))
  const stack = await startStack({
    persistDir,
    main: join(import.meta.dirname, 'worker.ts'),
    vars: {
      WEBHOOK_URL: `http://127.0.0.1:${port}/webhook`,
      WEBHOOK_SECRET: DEMO_WEBHOOK_SECRET,
    },
  })
  const { workerOrigin: origin, wechat, cron } = stack
  const payer = payerClient({ worker: origin, wechat: wechat.origin })
  let orders = 0

  const read = (ordercode: string) => stack.shop<OrderJson>('GET', `/orders/${ordercode}`)

  /** Waits until an order is as a test wants it. */
  async function until(ordercode: string, fits: (order: OrderJson) => boolean): Promise<void> {
    const end = Date.now() + SETTLED_MS
    while (!fits(await read(ordercode))) {
      if (Date.now() > end)
        throw new Error(`${ordercode} is ${JSON.stringify(await read(ordercode))}`)
      await sleep(20)
    }
  }

  /** Registers an order. */
  async function order(terms: Terms = {}): Promise<string> {
    const at = new Date(Date.now() + 8 * 3_600_000).toISOString().replace(/[-:]|\..*/g, '')
    const suffix = (++orders * 46_619 + 1_000_000).toString(36).slice(-4).toUpperCase()
    const ordercode = `${at.replace('T', '-')}-${suffix}`
    const body = { total_fee: 8_800, body: '深烘拼配 500g', ...terms }
    await stack.shop('PUT', `/orders/${ordercode}`, { body, status: 201 })
    return ordercode
  }

  /** Opens an attempt: the payer is at the cashier. @returns the payer. */
  async function attempt(ordercode: string, openid?: string): Promise<string> {
    const login = await payer.login(openid)
    await payer.requestPay(login.code, ordercode)
    return login.openid
  }

  /** Takes money for the attempt `outTradeNo`, and does not wait for the notice. */
  function capture(outTradeNo: string, options: { despiteClose?: boolean } = {}): string {
    const paid = wechat.simulator.payer.pay(outTradeNo, options)
    if (!paid.ok) throw new Error(paid.why)
    return paid.transactionId
  }

  /** Registers an order, and pays it. */
  async function paid(terms: Terms = {}): Promise<Payment> {
    const ordercode = await order(terms)
    const openid = await attempt(ordercode, terms.openid)
    const transactionId = capture(ordercode)
    await until(ordercode, ({ state }) => state === 'paid')
    return { ordercode, transactionId, openid }
  }

  return {
    origin,
    stack,
    simulator: wechat.simulator,
    receiver,
    cron,
    read,
    until,
    order,
    attempt,
    capture,
    paid,
    /** Waits until the webhook of each payment was tried once. */
    untilTried: async (...payments: readonly Payment[]): Promise<void> => {
      for (const { transactionId } of payments) {
        const path = `/deliveries?limit=100`
        const end = Date.now() + SETTLED_MS
        const isTried = async (): Promise<boolean> => {
          const { deliveries } = await stack.shop<{ deliveries: Delivery[] }>('GET', path)
          return deliveries.some(({ id, tries }) => id.endsWith(transactionId) && tries > 0)
        }
        while (!(await isTried()) && Date.now() < end) await sleep(20)
      }
    },
    /** Asks for a refund as the shop does. */
    refund: (ordercode: string, number: string, body: object, status = 201) =>
      stack.shop('PUT', `/orders/${ordercode}/refunds/${number}`, { body, status }),
    /** Runs SQL as one batch. @returns the rows of each statement. */
    sql: (...statements: Sql[]) =>
      call<Record<string, string | number | null>[][]>({
        method: 'POST',
        url: `${origin}${SQL_PATH}`,
        body: statements,
      }),
    stop: async (): Promise<void> => {
      await stack.stop()
      server.close()
      rmSync(persistDir, { recursive: true, force: true })
    },
  }
}

export type Shop = Awaited<ReturnType<typeof startShop>>
