/** Whom the HTTP part compares: each can play an order from its registration to the result. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { beijing, CLIENT, noticeFields, signed, UNIFIED, xmlOf } from '../lib/messages.ts'
import type { Module } from '../lib/bundle.ts'
import { dependencies } from '../lib/peers.ts'
import type { Processes } from '../lib/processes.ts'
import { type RunningWorker, startWorker } from '../lib/workerd.ts'
import { orderJson, TOKEN, workerVars } from '../lib/shop.ts'
import type { Phase, Step, Way } from './capture.ts'
import type { Sent } from './client.ts'
import { startKoaShop } from './processes.ts'

/** What one order of a round needs. */
export type Order = Readonly<{
  ordercode: string
  transactionId: string
  openid: string
  code: string
}>

/** A running implementation. */
export type Contender = Readonly<{
  origin: string
  process: Processes
  /** The request of a phase. @param paid What the contender answered to the phase `pay`. */
  request: (phase: Phase, order: Order, paid: string) => Sent
  /** The phases that are measured. The others only lead there. */
  measured: readonly Phase[]
  /** How many orders are paid now. */
  countPaid: () => Promise<number>
  stop: () => Promise<void>
}>

const AS_PAYER = { 'cf-connecting-ip': CLIENT.ip }
const AS_SHOP = { authorization: `Bearer ${TOKEN}` }
const ALL: readonly Phase[] = ['pay', 'payAgain', 'notify', 'notifyAgain', 'result']

/** The notice that WeChat sends about the payment of an order. */
const noticeOf = ({ ordercode, transactionId, openid }: Order): string =>
  xmlOf(signed({ ...noticeFields(ordercode, transactionId, beijing(Date.now())), openid }))

const notify = (order: Order, query = ''): Sent => ({
  method: 'POST',
  path: `/notify${query}`,
  headers: { 'content-type': 'text/xml' },
  body: noticeOf(order),
})

const countIn = async (db: D1Database): Promise<number> =>
  (await db
    .prepare("SELECT count(*) AS n FROM payments WHERE transaction_id LIKE '42000012%'")
    .first<number>('n')) ?? 0

/** The real Worker. @param database See `startWorker`. */
export async function realWorker(
  modules: readonly Module[],
  wechat: string,
  folder: string,
  database: 'migrated' | 'as_it_is' = 'migrated',
): Promise<Contender & Readonly<{ worker: RunningWorker }>> {
  const worker = await startWorker(modules, workerVars(wechat), folder, database)
  return {
    ...worker,
    worker,
    measured: ALL,
    countPaid: () => countIn(worker.db),
    request(phase, order, paid) {
      const { ordercode, code } = order
      switch (phase) {
        case 'register':
          return {
            method: 'PUT',
            path: `/orders/${ordercode}`,
            headers: AS_SHOP,
            body: orderJson(order.openid),
          }
        case 'pay':
        case 'payAgain':
          return {
            method: 'GET',
            path: `/pay?code=${code}&ordercode=${ordercode}`,
            headers: AS_PAYER,
          }
        case 'notify':
        case 'notifyAgain':
          return notify(order)
        case 'result': {
          const { ticket } = JSON.parse(paid) as { ticket: string }
          return { method: 'GET', path: `/result?ticket=${ticket}`, headers: AS_PAYER }
        }
      }
    },
  }
}

/** A Worker that makes the round trips of `way`, and does nothing else. */
export async function bareWorker(
  way: Way,
  wechat: string,
  folder: string,
  measured: readonly Phase[] = ALL,
): Promise<Contender> {
  const source = readFileSync(join(import.meta.dirname, '../workers/bare.ts'), 'utf8')
  const bare: Module = {
    type: 'ESModule',
    path: 'bare.js',
    contents: transformSync(source, { loader: 'ts' }).code,
  }
  const worker = await startWorker([bare], { WAY: JSON.stringify(way), WECHAT: wechat }, folder)
  return {
    ...worker,
    measured,
    countPaid: () => countIn(worker.db),
    request(phase, order) {
      const { ordercode, transactionId, openid, code } = order
      const query = `?ordercode=${ordercode}&transaction_id=${transactionId}&openid=${openid}`
      if (phase === 'notify' || phase === 'notifyAgain') {
        const sent = notify(order)
        return { ...sent, path: `/${phase}${query}` }
      }
      if (phase !== 'pay') return { method: 'GET', path: `/${phase}${query}` }
      const { appid, secret } = {
        appid: UNIFIED['appid'],
        secret: workerVars(wechat)['WX_APP_SECRET'],
      }
      const login = `?appid=${appid}&secret=${secret}&js_code=${code}&grant_type=authorization_code`
      const path = `/pay${query}&login=${encodeURIComponent(login)}`
      return { method: 'POST', path, body: unifiedOrderOf(order) }
    },
  }
}

/** A signed unifiedorder, which the bare Worker passes on. */
const unifiedOrderOf = ({ ordercode, openid }: Order): string =>
  xmlOf(
    signed({
      ...UNIFIED,
      out_trade_no: ordercode,
      openid,
      nonce_str: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
      time_start: beijing(Date.now()),
      time_expire: beijing(Date.now() + 7_200_000),
    }),
  )

/** The way of a Worker whose `/notify` runs the three statements that a payment needs at the least. */
export function threeStatements(way: Way): Way {
  const now = Math.floor(Date.now() / 1_000)
  const step: Step = {
    batch: [
      {
        sql: `INSERT INTO payments (transaction_id, ordercode, number, openid, trade_type, fee_type, total_fee, paid_at)
              VALUES (?, ?, 1, ?, 'JSAPI', 'CNY', 8800, ?)`,
        params: ['{transaction_id}', '{ordercode}', '{openid}', now],
      },
      {
        sql: "INSERT INTO events (ordercode, revision, type, at, data) VALUES (?, 3, 'payment_booked', ?, ?)",
        params: ['{ordercode}', now, '{"transaction_id":"{transaction_id}"}'],
      },
      {
        sql: `UPDATE orders SET state = 'paid', revision = 3, transaction_id = ?, paid_at = ?, due_at = NULL
              WHERE ordercode = ? AND state = 'paying'`,
        params: ['{transaction_id}', now, '{ordercode}'],
      },
    ],
  }
  return { ...way, payAgain: [], notify: [step], notifyAgain: [], result: [] }
}

/** The shop with Koa and tenpay. */
export async function koaShop(wechat: string, folder: string): Promise<Contender> {
  const shop = await startKoaShop(wechat, folder)
  return {
    ...shop,
    measured: ALL,
    async countPaid() {
      const answer = await fetch(`${shop.origin}/paid`)
      return ((await answer.json()) as { n: number }).n
    },
    request(phase, order) {
      const { ordercode, code } = order
      switch (phase) {
        case 'register':
          return { method: 'PUT', path: `/orders/${ordercode}`, body: orderJson(order.openid) }
        case 'pay':
        case 'payAgain':
          return { method: 'GET', path: `/pay?code=${code}&ordercode=${ordercode}` }
        case 'notify':
        case 'notifyAgain':
          return notify(order)
        case 'result':
          return { method: 'GET', path: `/result?ordercode=${ordercode}` }
      }
    },
  }
}

/** The name of the shop with Koa and tenpay. */
export const koaName = (): string => {
  const { koa, tenpay } = dependencies()
  return `Node + Koa ${koa} + tenpay ${tenpay} + SQLite`
}
