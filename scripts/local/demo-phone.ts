/** The surroundings of the virtual phone on this machine: the example shop, and what the Worker's log adds to the conversation. */
import { openDatabase } from '../../examples/shop-backend/database.js'
import { createShop } from '../../examples/shop-backend/shop.js'
import type { PhoneOptions } from '../../simulator/phone/phone.ts'
import { DEMO_MERCHANT } from '../../simulator/server/demo-merchant.ts'
import { DEMO_TOKEN } from '../client/shop-client.ts'
import type { WorkerLine } from './worker-log.ts'

/** The secret of the demo's webhooks. It is public and protects nothing. */
export const DEMO_WEBHOOK_SECRET = 'whsec_ZGVtby13ZWJob29rLXNlY3JldC1ub3QtYS1zZWNyZXQ='

/** The variables by which the Worker sends its webhooks to the shop beside the phone. */
export const phoneVars = (wechatOrigin: string): Record<string, string> => ({
  WEBHOOK_URL: `${wechatOrigin}/_shop/webhook`,
  WEBHOOK_SECRET: DEMO_WEBHOOK_SECRET,
})

/**
 * The phone of a stack.
 *
 * @param worker the Worker's origin
 * @param cron runs the Worker's cron once
 */
export const demoPhone = (worker: string, cron: () => Promise<void>): PhoneOptions => ({
  worker,
  console: `${worker}/console`,
  cron,
  makeShop: (send) =>
    createShop({
      // In memory: the orders of a demo end with it.
      database: openDatabase(':memory:'),
      worker,
      token: DEMO_TOKEN,
      webhookSecret: DEMO_WEBHOOK_SECRET,
      appid: DEMO_MERCHANT.appid,
      appSecret: DEMO_MERCHANT.appSecret,
      // The simulated WeChat answers in its own process, so this address is never looked up.
      wechat: 'http://wechat.example',
      send,
      log: () => {},
    }),
})

/** The payment that a line of the Worker's log reports as recorded; `undefined` for other lines. */
export function recordedPayment(
  line: WorkerLine,
): [ordercode: string, transactionId: string] | undefined {
  if (line.kind !== 'log' || line.event !== 'payment_settled') return undefined
  return [String(line.fields['ordercode']), String(line.fields['transaction_id'])]
}
