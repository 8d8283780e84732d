import { parseBeijingTime } from '../lib/clock.ts'
import { haveSameFields } from '../lib/fields.ts'
import { makePrepayId } from '../lib/identifiers.ts'
import { TIME_EXPIRE_DISTANCE_MIN_MS } from '../lib/limits.ts'
import { type Answer, inOrder } from '../protocol/answer.ts'
import type { CheckedRequest, PayEndpoint } from '../protocol/endpoint.ts'
import { isNotifyUrl } from '../protocol/notify-url.ts'
import {
  badFormat,
  type GatewayRefusal,
  OPENID_OF_ANOTHER_APPID,
  OPENID_REQUIRED,
  ORDER_ALREADY_CLOSED,
  ORDER_ALREADY_PAID,
  ORDER_REUSED,
  PRODUCT_NOT_ENABLED,
  type Refusal,
  TIME_EXPIRE_TOO_SHORT,
} from '../protocol/refusals.ts'
import { isLive, isOpen, isPaid, isPastTimeExpire, type SimulatedOrder } from '../state/ledger.ts'
import type { World } from '../state/world.ts'
import { UNIFIED_ORDER_PARAMETERS } from './unified-order-parameters.ts'

/**
 * unifiedorder: creates an order. For an unpaid order that exists, answers the current prepay_id, or a new one if the current
 * one has expired.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011940985
 */
export const UNIFIED_ORDER: PayEndpoint = {
  name: 'unifiedorder',
  parameters: UNIFIED_ORDER_PARAMETERS,
  check,
  checkSigned: (fields, { users, strict }) =>
    users.belongs(fields.get('openid') ?? '', strict.acceptAnyOpenid)
      ? undefined
      : OPENID_OF_ANOTHER_APPID,
  act,
}

function check(fields: ReadonlyMap<string, string>, world: World): GatewayRefusal | undefined {
  if (!isNotifyUrl(fields.get('notify_url') ?? '', world.strict)) return badFormat('notify_url')
  if (fields.get('trade_type') !== 'JSAPI') return PRODUCT_NOT_ENABLED
  if (!fields.has('openid')) return OPENID_REQUIRED
  return checkTimeExpire(fields, world)
}

/**
 * Checks that time_expire is at least five minutes away, but only on the first call for an out_trade_no. Every later call must
 * repeat the parameter, even when less than five minutes are left by then.
 */
function checkTimeExpire(
  fields: ReadonlyMap<string, string>,
  world: World,
): GatewayRefusal | undefined {
  const now = world.clock.now()
  const expireAt = parseBeijingTime(fields.get('time_expire') ?? '')
  if (expireAt === undefined) return undefined
  if (world.ledger.find(fields.get('out_trade_no') ?? '', now) !== undefined) return undefined
  const startAt = parseBeijingTime(fields.get('time_start') ?? '') ?? 0
  // time_start and time_expire have whole seconds, so the clock's time is rounded down to whole seconds, too.
  const from = Math.max(startAt, now - (now % 1_000))
  return expireAt - from < TIME_EXPIRE_DISTANCE_MIN_MS ? TIME_EXPIRE_TOO_SHORT : undefined
}

function act(request: CheckedRequest, world: World): Answer | Refusal {
  const now = world.clock.now()
  const known = world.ledger.find(request.fields.get('out_trade_no') ?? '', now)
  const order =
    known === undefined ? create(request, world, now) : renew(known, request, world, now)
  if ('level' in order) return order
  return {
    order: inOrder(`return_code return_msg appid mch_id device_info nonce_str sign
      result_code prepay_id trade_type`),
    values: {
      device_info: request.fields.get('device_info'),
      prepay_id: order.prepays.at(-1)?.prepayId,
      trade_type: 'JSAPI',
    },
  }
}

function create(request: CheckedRequest, world: World, now: number): SimulatedOrder {
  const { fields, signType } = request
  const field = (name: string) => fields.get(name) ?? ''
  const timeExpireAt = parseBeijingTime(field('time_expire'))
  const order = world.ledger.put({
    outTradeNo: field('out_trade_no'),
    appid: field('appid'),
    openid: field('openid'),
    totalFee: Number(field('total_fee')),
    body: field('body'),
    attach: field('attach'),
    deviceInfo: field('device_info'),
    notifyUrl: field('notify_url'),
    signType,
    tradeState: 'NOTPAY',
    createdAt: now,
    ...(timeExpireAt === undefined ? {} : { timeExpireAt }),
    prepays: [{ prepayId: makePrepayId(world.random, now), madeAt: now }],
    parameters: orderParameters(fields),
  })
  world.record({
    type: 'order_created',
    outTradeNo: order.outTradeNo,
    outcome: `${order.totalFee} fen`,
  })
  return order
}

function renew(
  order: SimulatedOrder,
  request: CheckedRequest,
  world: World,
  now: number,
): SimulatedOrder | Refusal {
  if (isPaid(order)) return ORDER_ALREADY_PAID
  if (!isOpen(order)) return ORDER_ALREADY_CLOSED
  if (!haveSameFields(order.parameters, orderParameters(request.fields))) return ORDER_REUSED
  if (isPastTimeExpire(order, now) && world.strict.reorderAfterExpiry === 'refuse') {
    return ORDER_REUSED
  }
  const newest = order.prepays.at(-1)
  if (newest !== undefined && isLive(newest, now)) return order
  world.record({ type: 'prepay_renewed', outTradeNo: order.outTradeNo })
  const prepay = { prepayId: makePrepayId(world.random, now), madeAt: now }
  return world.ledger.put({ ...order, prepays: [...order.prepays, prepay] })
}

/**
 * The parameters that must be equal in every unifiedorder for one out_trade_no: all but nonce_str and sign, which are new in
 * every message.
 */
function orderParameters(fields: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...fields].filter(([name]) => name !== 'nonce_str' && name !== 'sign'))
}
