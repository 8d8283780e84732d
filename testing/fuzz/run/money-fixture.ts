/**
 * The world of the batches about money that goes back: payments of two days with refunds in every state, reviews of many kinds,
 * a day whose bill is reconciled and one whose bill is not, and callers with every role.
 */
import { createHash } from 'node:crypto'
import type { Chance } from '../../simulation/run/random.ts'
import { bodyOf, requestOf, toRequest, utf8 } from '../inputs/input.ts'
import { type Fields, signedXml } from '../inputs/signed-message.ts'
import { FEE, notify, pay, shop } from './fixture.ts'
import { API_KEY, FuzzWorld, OTHER_TOKENS } from './world.ts'

/** The Beijing day before the one of the inputs: its bill is not reconciled yet. */
export const BILL_DAY = '2026-11-22'
/** The day before that, whose bill is reconciled. */
export const EARLIER_DAY = '2026-11-21'

/** The orders of the money world, by what happened to them. */
export const MONEY_ORDERS = {
  /** Paid; refunds in every state. */
  refunded: 'refunded1',
  /** Paid; no refund. */
  whole: 'whole-001',
  /** Paid, and paid a second time: an automatic refund. */
  second: 'second-01',
  /** Paid at WeChat; the notice was lost. */
  lost: 'lostpay-1',
  /** Not paid. */
  open: 'open-0001',
  /** Paid on the day of the reconciled bill; one refund. */
  earlier: 'earlier-1',
} as const

/** The name of the operator, and of the viewer. */
export const OPERATOR = 'ann'
const VIEWER = 'bob'

const HOUR_S = 3_600
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** Creates the money world through the Worker's HTTP interface and the simulated WeChat, and takes the snapshot. */
export async function makeMoneyShop(chance: Chance): Promise<FuzzWorld> {
  const world = new FuzzWorld(chance, {
    certificate: true,
    vars: {
      MERCHANT_TOKEN_OLD: OTHER_TOKENS.old,
      // One request may finish a day with many differences.
      TICK_STATEMENTS: '2000',
      OPERATORS: JSON.stringify({
        [OPERATOR]: { token_sha256: sha256(OTHER_TOKENS.operator), role: 'operator' },
        [VIEWER]: { token_sha256: sha256(OTHER_TOKENS.viewer), role: 'viewer' },
      }),
    },
  })
  world.wechat.platform.holdRefunds()
  world.setTime(-49 * HOUR_S)
  await world.cron()
  await paid(world, MONEY_ORDERS.earlier)
  await refund(world, MONEY_ORDERS.earlier, 'e-done-1', 300)
  await settled(world, 'e-done-1', 'SUCCESS')

  world.setTime(-26 * HOUR_S)
  for (const ordercode of [MONEY_ORDERS.refunded, MONEY_ORDERS.whole]) await paid(world, ordercode)
  await register(world, MONEY_ORDERS.open)
  await pay(world, MONEY_ORDERS.open, world.payer)
  await register(world, MONEY_ORDERS.lost)
  await pay(world, MONEY_ORDERS.lost, world.payer)
  world.wechat.payer.pay(MONEY_ORDERS.lost)
  await paid(world, MONEY_ORDERS.second)
  await refundsInEveryState(world)
  world.wechat.platform.refund(MONEY_ORDERS.whole, { refundFee: 700, outRefundNo: 'hand-0001' })
  await reviews(world)

  world.setTime(-HOUR_S)
  await paidAgain(world)
  await shop(world, 'POST', `/bills/${EARLIER_DAY}/reconcile`)
  for (const list of ['orders', 'reviews', 'deliveries']) {
    const page = await shop(world, 'GET', `/${list}?limit=1`)
    world.seeds.cursors.push((await page.json<{ next_cursor: string }>()).next_cursor)
  }
  world.setTime(200)
  world.tables.snapshot()
  return world
}

const register = (world: FuzzWorld, ordercode: string): Promise<Response> =>
  shop(world, 'PUT', `/orders/${ordercode}`, {
    total_fee: FEE,
    body: '图书,`文具`\\ "甲"',
    expires_in: 604_800,
  })

async function paid(world: FuzzWorld, ordercode: string): Promise<void> {
  await register(world, ordercode)
  await pay(world, ordercode, world.payer)
  world.wechat.payer.pay(ordercode)
  await notify(world, world.wechat.notices.ofPayments.xml(ordercode))
}

/** A second payment of an order, on the day of the inputs, goes back by itself. */
async function paidAgain(world: FuzzWorld): Promise<void> {
  const changes = { transaction_id: '4200000000202611220000000777', time_end: '20261123110000' }
  await notify(world, world.wechat.notices.ofPayments.xml(MONEY_ORDERS.second, { changes }))
}

const refund = (world: FuzzWorld, ordercode: string, number: string, refund_fee: number) =>
  shop(world, 'PUT', `/orders/${ordercode}/refunds/${number}`, { refund_fee, reason: '缺货' })

async function settled(
  world: FuzzWorld,
  number: string,
  status: 'SUCCESS' | 'CHANGE' | 'REFUNDCLOSE',
): Promise<void> {
  world.wechat.platform.settleRefund(number, status)
  const xml = world.wechat.notices.ofRefunds.xml(number)
  const request = toRequest({
    lane: 'fixture',
    ...requestOf('POST', '/notify/refund', { body: bodyOf(xml) }),
  })
  if (request !== undefined) await world.send(request)
}

async function refundsInEveryState(world: FuzzWorld): Promise<void> {
  const { refunded } = MONEY_ORDERS
  const at = (minute: number): void => world.setTime(-25 * HOUR_S + minute * 120)
  at(0)
  await refund(world, refunded, 'r-done-01', 100)
  await settled(world, 'r-done-01', 'SUCCESS')
  at(1)
  await refund(world, refunded, 'r-card-01', 110)
  await settled(world, 'r-card-01', 'CHANGE')
  at(2)
  await refund(world, refunded, 'r-shut-01', 120)
  await settled(world, 'r-shut-01', 'REFUNDCLOSE')
  at(3)
  await refund(world, refunded, 'r-under-1', 130)
  // WeChat takes one refund of a payment a minute: this one waits, and is called off; so is another before it is sent.
  await refund(world, refunded, 'r-off-001', 140)
  await shop(world, 'DELETE', `/orders/${refunded}/refunds/r-off-001`)
  at(4)
  await answered(world, 'r-no-0001', 150, [
    ['refund', { ...FAIL, err_code: 'TRADE_OVERDUE', err_code_des: 'no' }],
    ['refundquery', { ...FAIL, err_code: 'REFUNDNOTEXIST', err_code_des: 'no' }],
  ])
  at(5)
  await answered(world, 'r-lack-01', 160, [
    ['refund', { ...FAIL, err_code: 'NOAUTH', err_code_des: 'no' }],
  ])
  at(6)
  await answered(world, 'r-gone-01', 170, [['refund', undefined], ['refund', undefined]]) // prettier-ignore
  await refund(world, refunded, 'r-wait-01', 180)
}

const FAIL = { result_code: 'FAIL' }

/** Requests a refund while WeChat gives these answers; undefined for a lost reply. */
async function answered(
  world: FuzzWorld,
  number: string,
  refund_fee: number,
  replies: readonly (readonly ['refund' | 'refundquery', Fields | undefined])[],
): Promise<void> {
  const path = `/orders/${MONEY_ORDERS.refunded}/refunds/${number}`
  const body = bodyOf(JSON.stringify({ refund_fee, reason: '缺货' }))
  const headers = [['authorization', `Bearer ${OTHER_TOKENS.old}`]] as const
  const request = toRequest({ lane: 'fixture', ...requestOf('PUT', path, { headers, body }) })
  const answers = replies.map(([endpoint, said]) => ({
    endpoint,
    what:
      said === undefined
        ? ('drops' as const)
        : { status: 200, bytes: utf8(signedXml(said, API_KEY)) },
  }))
  if (request !== undefined) await world.send(request, answers)
}

/** Reviews that allow each action, and one that is resolved. */
async function reviews(world: FuzzWorld): Promise<void> {
  const { ofPayments } = world.wechat.notices
  const { open } = MONEY_ORDERS
  const changed = (changes: Fields) => notify(world, ofPayments.xml(open, { changes }))
  await changed({ total_fee: '1', transaction_id: '4200000000202611220000000801' })
  await changed({ openid: 'oAnotherPayer', transaction_id: '4200000000202611220000000802' })
  await changed({ out_trade_no: 'gone-0001', transaction_id: '4200000000202611220000000803' })
  await changed({ fee_type: 'USD', transaction_id: '4200000000202611220000000804' })
  const id = world.sqlite.read("SELECT id FROM reviews WHERE kind = 'currency_mismatch'")[0]?.['id']
  await shop(world, 'POST', `/reviews/${String(id)}/resolve`, { note: 'asked WeChat' })
  // A month passes for two refunds: one that WeChat never accepted, and one that it does not finish.
  const overdue = (number: string): string =>
    `INSERT INTO reviews (id, kind, subject, ordercode, evidence, opened_at, actor) VALUES
       ('refund_overdue.${number}', 'refund_overdue', '${number}', '${MONEY_ORDERS.refunded}', '{}', 0, 'system');`
  world.sqlite.exec(overdue('r-gone-01') + overdue('r-under-1'))
}
