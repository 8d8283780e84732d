/** A payer with a phone: opens the mini program, taps "pay", hesitates, pays late, or leaves. */
import type { PaymentResult } from '../../../simulator/payer/payer.ts'
import { schedulePaymentNotice } from '../faults/notice-delivery.ts'
import type { Chance } from '../run/random.ts'
import type { World } from '../run/world.ts'
import { refundOnPlatform } from './bank.ts'
import { type Answer, call, pause, sleep } from './client.ts'

type Payer = Readonly<{
  world: World
  ordercode: string
  openid: string
  chance: Chance
  who: string
}>

const TRIES_MAX = 5
/** Errors of wx.requestPayment that can only be caused by a bug of the Worker. */
const OUR_MISTAKE = /paySign|was signed with|parameter error|no such prepay_id|账号不一致/

/** One payer of an order, who visits the mini program one to three times. @param number Counts the payers of the order. */
export async function runPayer(
  world: World,
  ordercode: string,
  openid: string,
  number: number,
): Promise<void> {
  const who = `payer ${ordercode}.${number}`
  const chance = world.chance(who)
  const payer = { world, ordercode, openid, chance, who }
  for (let visits = chance.between(1, 3); visits > 0; visits--) {
    await pause(world, chance)
    for (const params of await requestPayParams(payer)) await atCashier(payer, params)
  }
}

/** Taps "pay" until /pay answers. @returns answers with parameters for wx.requestPayment: two after a double tap, none on failure. */
async function requestPayParams(payer: Payer): Promise<readonly Answer[]> {
  const { world, openid, chance } = payer
  let code = world.wechat.payer.login(openid, { blocked: chance.happens(0.02) })
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const codes = chance.happens(0.2)
      ? [code, chance.happens(0.5) ? code : world.wechat.payer.login(openid)]
      : [code]
    if (codes.length === 2) world.faults.count('situation:double_tap')
    const answers = await Promise.all(codes.map((each) => pay(payer, each)))
    const usable = answers.filter((answer) => answer?.status === 200)
    if (usable.length > 0) return usable.filter((answer) => answer !== undefined)
    if (answers.some((answer) => answer !== undefined && isFinal(answer))) return []

    await sleep(world, chance.between(500, 15_000))
    // When the reply was lost, the client may send the same login code again.
    const again = answers.includes(undefined) && chance.happens(0.6)
    if (again) world.faults.count('situation:login_code_reused')
    else code = world.wechat.payer.login(openid)
  }
  return []
}

const isFinal = ({ code }: Answer): boolean =>
  ['order_paid', 'order_closed', 'not_your_order', 'login_blocked'].includes(code ?? '')

async function pay(payer: Payer, code: string): Promise<Answer | undefined> {
  const { world, ordercode, chance, who } = payer
  const asked = askedBy(payer)
  const answer = chance.happens(0.5)
    ? await call(world, who, { method: 'GET', path: `/pay?code=${code}&ordercode=${ordercode}` })
    : await call(world, who, { method: 'POST', path: '/pay', body: { code, ordercode } })
  if (answer?.code !== undefined) world.faults.count(`pay:${answer.code}`)
  if (answer?.status === 200) world.faults.count('pay:ok')
  if (answer?.code === 'order_paid') world.witness.shownToPayer(payer, 'paid', '/pay', asked)
  return answer
}

async function atCashier(payer: Payer, { body }: Answer): Promise<void> {
  const { world, openid, chance } = payer
  await pause(world, chance)
  const opened = world.wechat.payer.requestPayment(openid, body)
  if (!opened.ok) {
    const isOfOldKey = Number(body['timeStamp']) * 1_000 <= world.secrets.signedByOldUntilMs
    if (isOfOldKey && opened.why.includes('paySign')) {
      world.faults.count('situation:signed_with_old_key')
    } else if (OUR_MISTAKE.test(opened.why))
      world.witness.report(`the phone refuses: ${opened.why}`)
    world.faults.count('situation:cashier_refused')
    return
  }
  const { outTradeNo } = opened.cashier
  if (chance.happens(0.4)) void pollResult(payer, String(body['ticket']))
  await pause(world, chance)
  switch (chance.below(10)) {
    case 0:
      world.wechat.payer.cancel(outTradeNo)
      return
    case 1:
      return
    case 2:
      await hesitate(payer, outTradeNo)
      return
    case 3:
      // Leaves the cashier open until the order has expired or another payer has taken over.
      await sleep(world, chance.between(200_000, 1_000_000))
      payAtCashier(payer, outTradeNo)
      return
    default:
      payAtCashier(payer, outTradeNo)
  }
}

/** The payment is pending for a while (USERPAYING, ACCEPT) or fails at first (PAYERROR). */
async function hesitate(payer: Payer, outTradeNo: string): Promise<void> {
  const { world, chance } = payer
  if (world.wechat.books.order(outTradeNo)?.tradeState !== 'NOTPAY') return
  const state = chance.pick(['USERPAYING', 'ACCEPT', 'PAYERROR'] as const)
  world.wechat.platform.setTradeState(outTradeNo, state)
  world.faults.count(`situation:${state}`)
  await pause(world, chance)
  if (world.wechat.books.order(outTradeNo)?.tradeState === state) {
    world.wechat.platform.setTradeState(outTradeNo, chance.pick(['NOTPAY', 'PAYERROR'] as const))
  }
  if (chance.happens(0.7)) payAtCashier(payer, outTradeNo)
}

function payAtCashier({ world, chance }: Payer, outTradeNo: string): void {
  const order = world.wechat.books.order(outTradeNo)
  const half = Math.floor((order?.totalFee ?? 0) / 2)
  const coupons =
    half > 0 && chance.happens(0.2)
      ? [{ type: chance.pick(['CASH', 'NO_CASH'] as const), fee: half }]
      : []
  const paid = world.wechat.payer.pay(outTradeNo, { coupons })
  if (paid.ok) {
    world.witness.captured(outTradeNo, order?.totalFee ?? 0)
    onCaptured(world, chance, outTradeNo, paid)
    return
  }
  world.faults.count('situation:pay_refused')
  // A race inside WeChat: the payment was made just before the close took effect.
  if (!mayRace(world, outTradeNo) || !chance.happens(0.7)) return
  const late = world.wechat.payer.pay(outTradeNo, { despiteClose: true })
  if (!late.ok) return
  world.faults.count('situation:paid_despite_close')
  onCaptured(world, chance, outTradeNo, late)
}

/** How long after its attempt was closed, or has expired, WeChat may still let a payment through, in milliseconds. */
export const RACE_MS = 72 * 3_600_000

/** Whether WeChat may still take a payment for an attempt that is closed or has expired. */
export function mayRace({ wechat, scheduler, closedAtMs }: World, outTradeNo: string): boolean {
  const deadlineMs = wechat.books.order(outTradeNo)?.timeExpireAt ?? Infinity
  const closedMs = Math.min(deadlineMs, closedAtMs.get(outTradeNo) ?? Infinity)
  return scheduler.now() <= closedMs + RACE_MS
}

function onCaptured(world: World, chance: Chance, outTradeNo: string, paid: PaymentResult): void {
  if (!paid.ok) return
  world.faults.count('situation:captured')
  // The merchant's staff refunds some payments on the merchant platform right away, so the Worker's first query of such a
  // payment may return trade_state REFUND.
  if (chance.happens(0.05)) refundOnPlatform(world, chance, outTradeNo, chance.happens(0.8))
  schedulePaymentNotice(world, outTradeNo, chance)
}

/** The mini program's page polls /result for a while. */
async function pollResult(payer: Payer, ticket: string): Promise<void> {
  const { world, chance, who } = payer
  for (let left = chance.between(1, 6); left > 0; left--) {
    await sleep(world, chance.between(1_000, 40_000))
    const asked = askedBy(payer)
    const answer = await call(world, who, { method: 'GET', path: `/result?ticket=${ticket}` })
    if (answer?.status === 200) {
      world.witness.shownToPayer(payer, String(answer.body['state']), '/result', asked)
      if (answer.body['state'] === 'paid') return
    }
    const isFresh = world.scheduler.now() < world.startMs + DAY_MS
    if (answer?.code === 'ticket_invalid' && isFresh && !isOrderLost(payer)) {
      world.witness.report(`a fresh ticket is invalid: ${ticket}`)
    }
  }
}

/** Whether a restore took the order away, so that `/result` knows nothing about it. */
const isOrderLost = ({ world: { restores, sqlite }, ordercode }: Payer): boolean =>
  restores.list.length > 0 &&
  sqlite.read('SELECT 1 FROM orders WHERE ordercode = ?', ordercode).length === 0

/** What the witness must know about the moment at which a payer asks. */
const askedBy = (payer: Payer) => ({
  atMs: payer.world.scheduler.now(),
  paidBefore: payer.world.witness.wasShownPaid(payer),
})

const DAY_MS = 86_400_000
