/** The world that every batch begins with: a small shop with orders in every state, tickets, cursors, reviews and a run. */
import type { Chance } from '../../simulation/run/random.ts'
import { bodyOf, requestOf, toRequest } from '../inputs/input.ts'
import { FuzzWorld, MERCHANT, ORDERS, TOKEN, type WorldOptions } from './world.ts'

const BEARER = ['authorization', `Bearer ${TOKEN}`] as const
/** The amount of every order of the fuzzed world, in fen. */
export const FEE = 8_800

/** Creates the world through the Worker's HTTP interface, and takes the snapshot. */
export async function makeShop(chance: Chance, options: WorldOptions = {}): Promise<FuzzWorld> {
  const world = new FuzzWorld(chance, options)
  const { wechat, payer, otherPayer, seeds } = world

  for (const ordercode of Object.values(ORDERS)) {
    const openid = ordercode === ORDERS.bound ? { openid: payer } : {}
    const terms = { total_fee: FEE, body: '测试商店-图书', expires_in: 604_800, ...openid }
    await shop(world, 'PUT', `/orders/${ordercode}`, terms)
  }
  for (const ordercode of [ORDERS.paying, ORDERS.bound, ORDERS.paid, ORDERS.closed]) {
    seeds.tickets.push(await pay(world, ordercode, payer))
  }
  await pay(world, ORDERS.second, otherPayer)
  seeds.tickets.push(await pay(world, ORDERS.second, payer))
  wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'reply_lost', times: 2 })
  await pay(world, ORDERS.lost, payer)

  wechat.payer.pay(ORDERS.paid)
  seeds.paidNotice = wechat.notices.ofPayments.xml(ORDERS.paid)
  await notify(world, seeds.paidNotice)
  await shop(world, 'POST', `/orders/${ORDERS.closed}/close`)
  // Three reviews: one open, one that the operator may accept, one resolved.
  await notify(world, wechat.notices.ofPayments.xml(ORDERS.paying, { changes: { total_fee: '1' } }))
  await notify(
    world,
    wechat.notices.ofPayments.xml(ORDERS.paying, { changes: { openid: 'oAnotherPayer' } }),
  )
  await notify(world, wechat.notices.ofPayments.xml(ORDERS.bound, { changes: { fee_type: 'USD' } }))
  const usd = String(
    world.sqlite.read("SELECT id FROM reviews WHERE kind = 'currency_mismatch'")[0]?.['id'],
  )
  await shop(world, 'POST', `/reviews/${usd}/resolve`, { note: 'asked WeChat' })
  await world.cron()

  for (const list of ['orders', 'reviews', 'deliveries']) {
    const page = await (
      await shop(world, 'GET', `/${list}?limit=1`)
    ).json<{ next_cursor: string }>()
    seeds.cursors.push(page.next_cursor)
  }
  // A call to WeChat that may still be in flight blocks other calls about its attempt. Two minutes after the last call none
  // counts as in flight, so no input is refused for this reason.
  world.setTime(120)
  world.tables.snapshot()
  return world
}

/** Reads the ids of all reviews in the Worker's database. */
export const reviewIds = (world: FuzzWorld): readonly string[] =>
  world.sqlite.read('SELECT id FROM reviews').map((row) => String(row['id']))
/** Reads the ids of all webhooks in the Worker's database. */
export const deliveryIds = (world: FuzzWorld): readonly string[] =>
  world.sqlite.read('SELECT id FROM deliveries').map((row) => String(row['id']))

/** `GET /pay` with a new login. @returns the ticket, or an empty text when /pay refuses. */
export async function pay(world: FuzzWorld, ordercode: string, openid: string): Promise<string> {
  const path = `/pay?code=${world.wechat.payer.login(openid)}&ordercode=${ordercode}`
  const response = await sent(world, requestOf('GET', path))
  const { ticket } = await response.json<{ ticket?: string }>()
  return ticket ?? ''
}

/** Posts a payment notice to the Worker. */
export const notify = (world: FuzzWorld, xml: string): Promise<Response> =>
  sent(world, requestOf('POST', '/notify', { body: bodyOf(xml) }))

/** Calls the Worker's merchant API with the merchant token. */
export function shop(
  world: FuzzWorld,
  method: string,
  path: string,
  json?: unknown,
): Promise<Response> {
  const body = json === undefined ? {} : { body: bodyOf(JSON.stringify(json)) }
  return sent(world, requestOf(method, path, { headers: [BEARER], ...body }))
}

function sent(world: FuzzWorld, input: ReturnType<typeof requestOf>): Promise<Response> {
  const request = toRequest({ lane: 'fixture', ...input })
  if (request === undefined) throw new Error('a request of the fixture cannot be sent')
  return world.send(request)
}

/** The fields by which every message to or from WeChat names the merchant. */
export const OURS = { appid: MERCHANT.appid, mch_id: MERCHANT.mchId }
