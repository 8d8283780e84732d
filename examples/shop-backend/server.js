/**
 * Runs the example shop on Node.
 *
 *     WEBHOOK_SECRET=whsec_… MERCHANT_TOKEN=… WX_APPID=… WX_APP_SECRET=… \
 *       node examples/shop-backend/server.js --worker https://pay.example.com --port 8800
 *
 * The Worker's WEBHOOK_URL is then this server's `/webhook`, over https.
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

/** @param {string} name */
function need(name) {
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  console.error(`Set ${name} to the value that the Worker has.`)
  process.exit(1)
}

const shop = createShop({
  database: openDatabase(values.database),
  worker: values.worker,
  wechat: values.wechat,
  token: need('MERCHANT_TOKEN'),
  webhookSecret: need('WEBHOOK_SECRET'),
  appid: need('WX_APPID'),
  appSecret: need('WX_APP_SECRET'),
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
  console.log(`The shop answers on http://127.0.0.1:${values.port}, webhooks on /webhook`)
})
