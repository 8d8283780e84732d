/** How the bench's Workers are configured, and what its shop sends. */
import { MERCHANT, TOTAL_FEE, UNIFIED } from './messages.ts'

export const TOKEN = 'merchant-token-of-the-bench-0123456789'

/** The variables of the real Worker in the bench. There is no receiver of webhooks, so that a request does only its own work. */
export const workerVars = (wechat: string): Record<string, string> => ({
  WX_APPID: MERCHANT.appid,
  WX_MCH_ID: MERCHANT.mchId,
  WX_API_KEY: MERCHANT.apiKey,
  WX_APP_SECRET: MERCHANT.appSecret,
  MERCHANT_TOKEN: TOKEN,
  PUBLIC_URL: 'https://pay.example.com',
  WX_LOGIN_ORIGIN: wechat,
  WX_PAY_ORIGIN: wechat,
  WX_PAY_ORIGIN_BACKUP: wechat,
})

/** The shop's registration of an order. */
export const orderJson = (openid: string): string =>
  JSON.stringify({
    total_fee: TOTAL_FEE,
    body: UNIFIED['body'],
    attach: UNIFIED['attach'],
    openid,
  })
