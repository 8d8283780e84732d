/**
 * When the faults are over and an order still has time, nobody may be stuck: whoever comes again gets to
 * the cashier within minutes, or hears why there is nothing left to pay.
 */
import { call, shopCall } from '../actors/client.ts'
import { schedulePaymentNotice } from '../faults/notice-delivery.ts'
import type { World } from './world.ts'

const MINUTE_MS = 60_000
const TRIES_MAX = 15
/** Less than this before its expiry an order may say that it is too late. */
const TIME_LEFT_MS = 25 * MINUTE_MS

export async function playExtraRounds(world: World): Promise<void> {
  for (const [ordercode, openids] of world.cast) {
    const path = `/orders/${ordercode}`
    const order = await shopCall(world, 'second wind', { method: 'GET', path })
    const { state, expires_at: expiresAt, openid } = order?.body ?? {}
    if (state === 'paid' || state === 'closed' || typeof expiresAt !== 'string') continue
    if (Date.parse(expiresAt) - world.scheduler.now() < TIME_LEFT_MS) continue
    world.faults.count('situation:extra_rounds')
    await payEventually(world, ordercode, typeof openid === 'string' ? openid : (openids[0] ?? ''))
  }
}

async function payEventually(world: World, ordercode: string, openid: string): Promise<void> {
  const { wechat, witness, workers, scheduler } = world
  const heard: string[] = []
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const path = `/pay?code=${wechat.payer.login(openid)}&ordercode=${ordercode}`
    const answer = await call(world, 'second wind', { method: 'GET', path })
    heard.push(answer?.code ?? String(answer?.status))
    if (answer?.code === 'order_paid' || answer?.code === 'order_closed') return
    if (answer?.status === 200) {
      const opened = wechat.payer.requestPayment(openid, answer.body)
      if (opened.ok) {
        const { outTradeNo, totalFee } = opened.cashier
        if (wechat.payer.pay(outTradeNo).ok) {
          witness.captured(outTradeNo, totalFee)
          schedulePaymentNotice(world, outTradeNo, world.chance(`second wind of ${ordercode}`))
        }
        return
      }
      // Paid or closed without our knowing: the page asks, and that makes us ask.
      heard.push(opened.why)
      const ticket = String(answer.body['ticket'])
      await call(world, 'second wind', { method: 'GET', path: `/result?ticket=${ticket}` })
    }
    await workers.cron()
    await scheduler.point(undefined, MINUTE_MS)
  }
  witness.report(`stuck: ${ordercode} answers ${heard.join(' ')}`)
}
