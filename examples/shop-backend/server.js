/**
 * Runs the example shop on Node 24, which `npx node` is after `npm ci`.
 *
 *     WEBHOOK_SECRET=whsec_… MERCHANT_TOKEN=… WX_APPID=… WX_APP_SECRET=… \
 *       npx node examples/shop-backend/server.js --worker https://pay.example.com --port 8800
 *
 * The Worker's WEBHOOK_URL is then this server's `/webhook`, over https. README.md runs it beside `npm start`.
 */
import { createServer } from 'node:http'
import { parseArgs } from 'node:util'
import { openDatabase } from './database.js'
import { createShop } from './shop.js'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8800' },
    worker: { type: 'string', default: 'http://127.0.0.1:8787' },
    wechat: { type: 'string', default: 'https://api.weixin.qq.com' },
    database: { type: 'string', default: 'shop.sqlite' },
  },
})

const { MERCHANT_TOKEN, WEBHOOK_SECRET, WX_APPID, WX_APP_SECRET } = process.env
if (!MERCHANT_TOKEN || !WEBHOOK_SECRET || !WX_APPID || !WX_APP_SECRET) {
  fail(
    'Set MERCHANT_TOKEN, WEBHOOK_SECRET, WX_APPID and WX_APP_SECRET to the values that the Worker has.',
  )
}
const key = WEBHOOK_SECRET.replace(/^whsec_/, '')
if (Buffer.from(key, 'base64').toString('base64') !== key) {
  fail('WEBHOOK_SECRET is whsec_ and Base64, such as "whsec_$(openssl rand -base64 32)" makes.')
}

/**
 * @param {string} why
 * @returns {never}
 */
function fail(why) {
  console.error(why)
  process.exit(1)
}

const shop = createShop({
  database: openDatabase(values.database),
  worker: values.worker,
  wechat: values.wechat,
  token: MERCHANT_TOKEN,
  webhookSecret: WEBHOOK_SECRET,
  appid: WX_APPID,
  appSecret: WX_APP_SECRET,
})

const BODY_BYTES_MAX = 256 * 1024

/**
 * @param {import('node:http').IncomingMessage} incoming
 * @param {import('node:http').ServerResponse} outgoing
 */
async function serve(incoming, outgoing) {
  const chunks = []
  let length = 0
  for await (const chunk of incoming) {
    length += chunk.length
    if (length > BODY_BYTES_MAX) return void outgoing.writeHead(413).end()
    chunks.push(chunk)
  }
  const request = new Request(new URL(incoming.url ?? '/', `http://127.0.0.1:${values.port}`), {
    method: incoming.method ?? 'GET',
    headers: /** @type {Record<string, string>} */ (incoming.headers),
    ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
  })
  const response = await shop.fetch(request)
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(await response.text())
}

const server = createServer((incoming, outgoing) => {
  serve(incoming, outgoing).catch(() => outgoing.destroy()) // the client has gone
})
server.listen(Number(values.port), '127.0.0.1', () => {
  console.log(
    `The shop answers on http://127.0.0.1:${values.port}: POST /orders, and webhooks on /webhook`,
  )
})
