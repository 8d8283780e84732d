/**
 * Extra rounds of the payers after the faults are over: as long as an order has time left, no payer may be stuck. A payer who
 * tries again gets to the cashier within minutes, or gets an answer that the order is paid or closed.
 */
import { call, shopCall } from '../actors/client.ts'
import { MISTAKEN_MCH_ID } from '../actors/reconfigurer.ts'
import { codeOf } from '../checkers/witness.ts'
import { schedulePaymentNotice } from '../faults/notice-delivery.ts'
import type { World } from './world.ts'

const MINUTE_MS = 60_000
const TRIES_MAX = 15
/** How many attempts an order may have, and how many follow one another at once. */
const ATTEMPTS_MAX = 20
const FREE_ATTEMPTS = 5
/**
 * How much time an order must have left for an extra round, in milliseconds. The Worker may refuse a payment of an order that
 * expires sooner.
 */
const TIME_LEFT_MS = 25 * MINUTE_MS

/**
 * Lets one more payer pay for every order that is neither paid nor closed and has time left. Reports a stuck order as a
 * violation.
 */
export async function playExtraRounds(world: World): Promise<void> {
  for (const [ordercode, openids] of world.cast) {
    const path = `/orders/${ordercode}`
    const order = await shopCall(world, 'extra rounds', { method: 'GET', path })
    const { state, expires_at: expiresAt, openid } = order?.body ?? {}
    if (state === 'paid' || state === 'closed' || typeof expiresAt !== 'string') continue
    if (Date.parse(expiresAt) - world.scheduler.now() < TIME_LEFT_MS) continue
    if (isOfMistakenNumber(world, ordercode)) continue
    if (isHeldByReview(world, ordercode) || hasLostPayment(world, ordercode)) continue
    world.faults.count('situation:extra_rounds')
    await payEventually(world, ordercode, typeof openid === 'string' ? openid : (openids[0] ?? ''))
  }
}

/** Whether the payer's attempt was opened under a merchant number that was a mistake: `/pay` is `order_busy`, as documented. */
const isOfMistakenNumber = ({ sqlite }: World, ordercode: string): boolean =>
  sqlite.read(
    "SELECT 1 FROM attempts WHERE ordercode = ? AND mch_id = ? AND state IN ('open', 'closing')",
    ordercode,
    MISTAKEN_MCH_ID,
  ).length > 0

/** Whether an open review holds the order, because WeChat has a payment under a number that was lost with a restore. */
const isHeldByReview = ({ sqlite, restores }: World, ordercode: string): boolean =>
  sqlite
    .read(
      "SELECT evidence ->> 'out_trade_no' AS number FROM reviews WHERE ordercode = ?",
      ordercode,
    )
    .some(({ number }) => restores.hasLostNumber(String(number)))

/** Whether the payer has paid for the order, under a number that was lost with a restore. The payer does not pay again. */
const hasLostPayment = ({ wechat, restores }: World, ordercode: string): boolean =>
  wechat.books
    .captures()
    .some(
      ({ outTradeNo }) => codeOf(outTradeNo) === ordercode && restores.hasLostNumber(outTradeNo),
    )

/**
 * When the live attempt of another payer gives way, in milliseconds; 0 when it does at once. From the fifth attempt on it stays
 * until it is older than the time left of the order divided by the attempts left, so that payers who tap in turn cannot use up an
 * order. If an order lives for a day, that takes more than an hour.
 */
function givesWayMs({ sqlite }: World, ordercode: string, openid: string): number {
  const [row] = sqlite.read(
    `SELECT expires_at, live.time_start, (SELECT count(*) FROM attempts WHERE ordercode = ?1) AS n
     FROM orders JOIN attempts AS live USING (ordercode)
     WHERE ordercode = ?1 AND live.state = 'open' AND live.openid <> ?2`,
    ordercode,
    openid,
  )
  if (row === undefined || Number(row['n']) < FREE_ATTEMPTS) return 0
  const left = ATTEMPTS_MAX - Number(row['n'])
  const atS = (Number(row['expires_at']) + left * Number(row['time_start'])) / (left + 1)
  return (Math.floor(atS) + 1) * 1_000
}

async function payEventually(world: World, ordercode: string, openid: string): Promise<void> {
  const { wechat, witness, workers, scheduler } = world
  const answers: string[] = []
  let hasWaited = false
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const path = `/pay?code=${wechat.payer.login(openid)}&ordercode=${ordercode}`
    const answer = await call(world, 'extra rounds', { method: 'GET', path })
    answers.push(answer?.code ?? String(answer?.status))
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
      // The cashier refuses to open when WeChat took a payment or closed the out_trade_no without the Worker's knowledge.
      // Polling /result makes the Worker query WeChat.
      answers.push(opened.why)
      const ticket = String(answer.body['ticket'])
      await call(world, 'extra rounds', { method: 'GET', path: `/result?ticket=${ticket}` })
    }
    await workers.cron()
    await scheduler.point(undefined, MINUTE_MS)
    if (answer?.code !== 'order_busy' || hasWaited) continue
    hasWaited = true
    scheduler.leap(Math.max(0, givesWayMs(world, ordercode, openid) - scheduler.now()))
  }
  witness.reportOf(ordercode, `stuck: /pay for ${ordercode} answered ${answers.join(' ')}`)
}
