/** Orders that are registered, paid and told to the shop through the real Worker, with a simulated WeChat. */
import { WeChatSimulator } from '../../simulator/wechat.ts'
import { assemble, type Platform } from '../../src/assemble.ts'
import { readConfig } from '../../src/config.ts'
import { realTimers } from '../../src/platform.ts'
import { respond } from '../../src/routes/router.ts'
import { takeUpNewWebhooks } from '../../src/service/webhook/due-webhooks.ts'

const MERCHANT = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '1900000109',
  apiKey: '192006250b4c09247ec02edce69f6a2d',
  appSecret: '00000000000000000000000000000000',
}
const TOKEN = 'merchant-token-of-the-tests-0123456789'
const T0_MS = Date.parse('2026-11-28T04:00:00Z')

/** What of an order's way is under way: a request, the try of the webhook, or the cron, which takes up new webhooks. */
export type Step = 'register' | 'pay' | 'notice' | 'webhook' | 'cron'

/** Plays orders with texts of the usual length. See {@link settledOrders}. */
export type SettledOrders = Readonly<{
  /** Plays one order with this ordercode of 20 characters, from PUT to the delivered webhook. */
  settle: (ordercode: string) => Promise<void>
  /** Lets a minute pass, and the cron take up the webhooks of all orders that were settled. */
  takeUp: () => Promise<void>
  /** What the current order is doing. */
  step: () => Step
}>

/** Creates a Worker on this database, which has the migrations. */
export function settledOrders(db: D1Database): SettledOrders {
  const settings = {
    WX_APPID: MERCHANT.appid,
    WX_MCH_ID: MERCHANT.mchId,
    WX_API_KEY: MERCHANT.apiKey,
    WX_APP_SECRET: MERCHANT.appSecret,
    MERCHANT_TOKEN: TOKEN,
    PUBLIC_URL: 'https://pay.example.com',
    WEBHOOK_URL: 'https://shop.example.com/webhooks',
    WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  }
  const config = readConfig(settings)
  if (!config.ok) throw new Error(`misconfigured test: ${config.error.join(', ')}`)
  const vars = config.value
  let nowMs = T0_MS
  let step: Step = 'register'
  const wechat = new WeChatSimulator({ merchant: MERCHANT, clock: { now: () => nowMs } })
  const background: Promise<void>[] = []
  const platform: Platform = {
    db,
    kv: undefined,
    nowMs: () => nowMs,
    timers: realTimers,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    log: () => {},
    background: (work) => void background.push(work),
    fetch(request) {
      const isShop = new URL(request.url).hostname === 'shop.example.com'
      return isShop ? Promise.resolve(new Response(null, { status: 204 })) : wechat.fetch(request)
    },
  }
  async function call(path: string, init: RequestInit, status: number): Promise<void> {
    const request = new Request(new URL(path, settings.PUBLIC_URL), init)
    const answer = await respond(request, assemble(vars, platform))
    if (answer.status !== status)
      throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  }
  return {
    step: () => step,
    async settle(ordercode) {
      nowMs += 1_000
      step = 'register'
      const openid = wechat.payer.newOpenid()
      const terms = {
        total_fee: 8_800,
        body: '深烘拼配 500g',
        attach: 'store=12;cart=88213',
        openid,
      }
      await call(
        `/orders/${ordercode}`,
        {
          method: 'PUT',
          headers: { authorization: `Bearer ${TOKEN}` },
          body: JSON.stringify(terms),
        },
        201,
      )
      step = 'pay'
      const code = wechat.payer.login(openid)
      await call(
        `/pay?code=${code}&ordercode=${ordercode}`,
        { headers: { 'cf-connecting-ip': '117.136.40.125' } },
        200,
      )
      step = 'notice'
      nowMs += 8_000
      wechat.payer.pay(ordercode)
      await wechat.notices.deliverDue((request) => respond(request, assemble(vars, platform)))
      step = 'webhook'
      while (background.length > 0) await background.shift()
    },
    async takeUp() {
      nowMs += 60_000
      step = 'cron'
      await takeUpNewWebhooks(assemble(vars, platform))
    },
  }
}
