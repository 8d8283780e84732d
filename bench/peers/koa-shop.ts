/**
 * What shops deploy today: Node, Koa, tenpay and a database, here SQLite, so that both sides write to a file of this
 * machine. It does the same durable work as the Worker: order, attempt, payment, events and the row of a webhook, each
 * payment in one transaction that is on the disk before WeChat gets SUCCESS.
 *
 *     node bench/peers/koa-shop.ts PORT WECHAT-ORIGIN DATABASE-FILE
 */
import { createRequire } from 'node:module'
import { DatabaseSync } from 'node:sqlite'
import { MERCHANT, UNIFIED } from '../lib/messages.ts'

type Context = {
  method: string
  path: string
  query: Record<string, string>
  req: AsyncIterable<Buffer>
  request: { body?: string; ip: string; weixin?: Record<string, string> }
  status: number
  body: unknown
  reply: (message?: string) => void
}
type Next = () => Promise<void>
type Middleware = (context: Context, next: Next) => Promise<void> | void
type Tenpay = {
  urls: Record<string, string>
  middleware: (type: string) => Middleware
  unifiedOrder: (order: object) => Promise<{ prepay_id: string }>
  getPayParamsByPrepay: (of: { prepay_id: string }) => object
}

const require = createRequire(import.meta.url)
const Koa = require('koa') as new () => {
  use: (of: Middleware) => void
  listen: (port: number, host: string) => void
}
const Payment = require('tenpay') as new (options: object) => Tenpay

const [port, wechat = '', file = ''] = process.argv.slice(2)
const api = new Payment({
  appid: MERCHANT.appid,
  mchid: MERCHANT.mchId,
  partnerKey: MERCHANT.apiKey,
  notify_url: 'https://pay.example.com/notify',
})
api.urls['unifiedorder'] = `${wechat}/pay/unifiedorder`

const db = new DatabaseSync(file)
db.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE orders (ordercode TEXT PRIMARY KEY, state TEXT NOT NULL, revision INTEGER NOT NULL, total_fee INTEGER NOT NULL,
    body TEXT NOT NULL, attach TEXT, openid TEXT, created_at INTEGER NOT NULL, transaction_id TEXT, paid_at TEXT) WITHOUT ROWID;
  CREATE INDEX orders_created ON orders (created_at);
  CREATE TABLE attempts (ordercode TEXT PRIMARY KEY, state TEXT NOT NULL, openid TEXT NOT NULL, code TEXT NOT NULL,
    sent_at INTEGER NOT NULL, prepay_id TEXT) WITHOUT ROWID;
  CREATE TABLE payments (transaction_id TEXT PRIMARY KEY, ordercode TEXT NOT NULL, openid TEXT NOT NULL,
    total_fee INTEGER NOT NULL, paid_at TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE events (ordercode TEXT, revision INTEGER, type TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (ordercode, revision)) WITHOUT ROWID;
  CREATE TABLE deliveries (id TEXT PRIMARY KEY, ordercode TEXT NOT NULL, state TEXT NOT NULL, due_at INTEGER) WITHOUT ROWID;
`)
const sql = {
  register: db.prepare(
    `INSERT INTO orders (ordercode, state, revision, total_fee, body, attach, openid, created_at)
     VALUES (?, 'created', 1, ?, ?, ?, ?, ?)`,
  ),
  event: db.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?)'),
  order: db.prepare('SELECT * FROM orders WHERE ordercode = ?'),
  attempt: db.prepare('SELECT * FROM attempts WHERE ordercode = ?'),
  open: db.prepare("INSERT INTO attempts VALUES (?, 'open', ?, ?, ?, NULL)"),
  paying: db.prepare("UPDATE orders SET state = 'paying', revision = 2 WHERE ordercode = ?"),
  prepay: db.prepare('UPDATE attempts SET prepay_id = ? WHERE ordercode = ?'),
  payment: db.prepare('INSERT OR IGNORE INTO payments VALUES (?, ?, ?, ?, ?)'),
  delivery: db.prepare("INSERT INTO deliveries VALUES (?, ?, 'pending', ?)"),
  attemptPaid: db.prepare("UPDATE attempts SET state = 'paid' WHERE ordercode = ?"),
  orderPaid: db.prepare(
    `UPDATE orders SET state = 'paid', revision = 3, transaction_id = ?, paid_at = ?
     WHERE ordercode = ? AND state = 'paying' AND total_fee = ?`,
  ),
}

function inTransaction(work: () => void): void {
  db.exec('BEGIN IMMEDIATE')
  try {
    work()
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}
const now = (): number => Math.floor(Date.now() / 1_000)

function register(context: Context): void {
  const ordercode = context.path.slice('/orders/'.length)
  const { total_fee, body, attach, openid } = JSON.parse(context.request.body ?? '') as Record<
    string,
    string
  >
  inTransaction(() => {
    sql.register.run(
      ordercode,
      Number(total_fee),
      body ?? '',
      attach ?? null,
      openid ?? null,
      now(),
    )
    sql.event.run(ordercode, 1, 'order_registered', now(), '{}')
  })
  context.status = 201
  context.body = { ordercode }
}

async function pay(context: Context): Promise<void> {
  const { ordercode = '', code = '' } = context.query
  const order = sql.order.get(ordercode)
  const attempt = sql.attempt.get(ordercode)
  if (order === undefined) {
    context.status = 404
    return
  }
  if (attempt?.['code'] === code && attempt['prepay_id'] !== null) {
    context.body = api.getPayParamsByPrepay({ prepay_id: String(attempt['prepay_id']) })
    return
  }
  const { appid, appSecret } = MERCHANT
  const login = await fetch(
    `${wechat}/sns/jscode2session?appid=${appid}&secret=${appSecret}&js_code=${code}&grant_type=authorization_code`,
  )
  const { openid = '' } = (await login.json()) as { openid?: string }
  inTransaction(() => {
    sql.open.run(ordercode, openid, code, now())
    sql.event.run(ordercode, 2, 'attempt_opened', now(), '{}')
    sql.paying.run(ordercode)
  })
  const { prepay_id } = await api.unifiedOrder({
    out_trade_no: ordercode,
    body: order['body'],
    attach: order['attach'],
    total_fee: order['total_fee'],
    spbill_create_ip: UNIFIED['spbill_create_ip'],
    trade_type: 'JSAPI',
    openid,
  })
  sql.prepay.run(prepay_id, ordercode)
  context.body = api.getPayParamsByPrepay({ prepay_id })
}

function notify(context: Context): void {
  const {
    out_trade_no = '',
    transaction_id = '',
    openid = '',
    total_fee,
    time_end = '',
  } = context.request.weixin ?? {}
  inTransaction(() => {
    const { changes } = sql.payment.run(
      transaction_id,
      out_trade_no,
      openid,
      Number(total_fee),
      time_end,
    )
    if (changes === 0) return
    sql.event.run(out_trade_no, 3, 'payment_booked', now(), JSON.stringify({ transaction_id }))
    sql.delivery.run(`order.paid.${transaction_id}`, out_trade_no, now() + 60)
    sql.attemptPaid.run(out_trade_no)
    const { changes: paid } = sql.orderPaid.run(
      transaction_id,
      time_end,
      out_trade_no,
      Number(total_fee),
    )
    if (paid !== 1) throw new Error('this payment does not fit its order')
  })
  context.reply()
}

function result(context: Context): void {
  const { ordercode, state, total_fee, paid_at } =
    sql.order.get(context.query['ordercode'] ?? '') ?? {}
  context.body = { ordercode, state, total_fee, paid_at }
}

const readNotice = api.middleware('pay')
const app = new Koa()
app.use(async (context, next) => {
  if (context.method !== 'GET') {
    let body = ''
    for await (const chunk of context.req) body += chunk.toString()
    context.request.body = body
  }
  await next()
})
app.use(async (context) => {
  const { path } = context
  if (path === '/health') context.body = { ok: true }
  else if (path.startsWith('/orders/')) register(context)
  else if (path === '/pay') await pay(context)
  else if (path === '/notify') await readNotice(context, async () => notify(context))
  else if (path === '/result') result(context)
  else if (path === '/paid')
    context.body = db.prepare("SELECT count(*) AS n FROM orders WHERE state = 'paid'").get()
})
app.listen(Number(port), '127.0.0.1')
