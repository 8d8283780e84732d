/**
 * The smallest honest shop: it takes an order from the mini program, registers it at wxpay-edge with its own price and the
 * payer's openid, and ships when the webhook says that it is paid. `fetch` answers a web-standard Request, so it runs on any
 * server; server.js puts it on Node's.
 */
import { randomInt } from 'node:crypto'
import { createClient } from '../shop-client/client.ts'
import { createReceiver } from './webhook.js'

/** What the shop sells. `total_fee` is in fen. The price is here and nowhere else: a phone can be made to send any number. */
const GOODS = /** @type {Record<string, { body: string, total_fee: number } | undefined>} */ ({
  'dark-roast-500': { body: '深烘拼配 500g', total_fee: 8_800 },
  'light-roast-250': { body: '云南日晒 250g', total_fee: 6_800 },
})

/**
 * @typedef {object} ShopOptions
 * @property {import('node:sqlite').DatabaseSync} database from `openDatabase`
 * @property {string} worker origin of wxpay-edge
 * @property {string} token its MERCHANT_TOKEN. It stays on this server
 * @property {string} webhookSecret its WEBHOOK_SECRET, `whsec_…`
 * @property {string} appid the mini program
 * @property {string} appSecret
 * @property {string} [wechat] origin of jscode2session. Default: WeChat's own
 * @property {(request: Request) => Promise<Response>} [send] sends a request. Default: `fetch`
 * @property {(line: string) => void} [log] Default: `console.log`
 */

/** @param {ShopOptions} options */
export function createShop({
  database,
  worker,
  token,
  webhookSecret,
  appid,
  appSecret,
  wechat = 'https://api.weixin.qq.com',
  send = (request) => fetch(request),
  log = console.log,
}) {
  const wxpay = createClient({ origin: worker, token, send })
  const receive = createReceiver({ database, secret: webhookSecret, log })
  const insert = database.prepare(
    'INSERT INTO orders (ordercode, openid, goods, total_fee) VALUES (?, ?, ?, ?)',
  )

  /**
   * Answers a request of the mini program, or a webhook.
   * @param {Request} request
   * @returns {Promise<Response>}
   */
  async function answer(request) {
    const { pathname } = new URL(request.url)
    if (request.method !== 'POST') return new Response(null, { status: 405 })
    const text = await request.text()
    if (pathname === '/webhook') {
      return new Response(null, { status: receive(text, Object.fromEntries(request.headers)) })
    }
    if (pathname === '/orders') return placeOrder(readJson(text))
    return new Response(null, { status: 404 })
  }

  /**
   * @param {{ code?: unknown, goods?: unknown, anyone?: unknown }} wish `anyone` is an order that every payer may pay, a gift
   */
  async function placeOrder({ code, goods, anyone }) {
    const wanted = GOODS[String(goods)]
    if (wanted === undefined) return problem(404, 'goods_unknown')
    const openid = await identify(String(code))
    if (openid === undefined) return problem(401, 'login_invalid')

    const ordercode = makeOrdercode()
    // First stored here, then registered: a webhook never names an order that the shop does not know.
    insert.run(ordercode, openid, String(goods), wanted.total_fee)
    // Bound to its payer, the order cannot be paid, held up or seen by another one.
    const terms = anyone === true ? wanted : { ...wanted, openid }
    const registered = await wxpay.putOrder(ordercode, terms)
    if (!registered.ok) {
      const { status, problem: why } = registered
      log(`${ordercode}: not registered, ${status} ${why?.code}: ${why?.detail}`)
      return problem(502, 'not_registered')
    }
    log(`${ordercode}: registered, ${wanted.body}`)
    return Response.json({ ordercode, ...wanted }, { status: 201 })
  }

  /**
   * Whose phone it is: WeChat tells for a login code. The session_key in the answer stays here.
   * @param {string} code
   * @returns {Promise<string | undefined>}
   */
  async function identify(code) {
    const query = new URLSearchParams({
      appid,
      secret: appSecret,
      js_code: code,
      grant_type: 'authorization_code',
    })
    const reply = await send(new Request(`${wechat}/sns/jscode2session?${query}`))
    const { openid } = /** @type {{ openid?: string }} */ (await reply.json())
    return openid
  }

  /**
   * Never rejects: what goes wrong here is a 500, after which a webhook comes again.
   * @param {Request} request
   */
  async function fetchShop(request) {
    try {
      return await answer(request)
    } catch (error) {
      log(`failed: ${error instanceof Error ? error.message : String(error)}`)
      return problem(500, 'shop_failed')
    }
  }
  return { fetch: fetchShop }
}

/** @param {string} text */
function readJson(text) {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/**
 * @param {number} status
 * @param {string} code
 */
const problem = (status, code) => Response.json({ code }, { status })

/** A number that can be read out on the phone: Beijing time, and four characters that are hard to confuse. */
function makeOrdercode() {
  const letters = '23456789ABCDEFGHJKMNPQRSTUVWXYZ'
  const beijing = new Date(Date.now() + 8 * 3_600_000).toISOString()
  const luck = Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  return `${beijing.slice(0, 10).replaceAll('-', '')}-${beijing.slice(11, 19).replaceAll(':', '')}-${luck}`
}
