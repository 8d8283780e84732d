/** Inputs without the merchant token: any path and method, `/pay` with wrong login codes, `/result` with forged tickets. */
import type { Chance } from '../../simulation/run/random.ts'
import { type FuzzWorld, ORDERS, TOKEN } from '../run/world.ts'
import { mutateBytes, mutateText, nearLimit, noise, ODD_TEXTS } from './bytes.ts'
import { hostileJson } from './hostile-json.ts'
import { type Body, bodyOf, type Input, requestOf, utf8 } from './input.ts'

/** The ordercodes of the orders that exist in every fuzzed world. */
export const ORDERCODES: readonly string[] = Object.values(ORDERS)

/** Paths of the Worker's routes, and of some that do not exist. */
export const ROUTES = [
  '/pay',
  '/result',
  '/notify',
  '/notify/refund',
  '/health',
  '/orders',
  '/orders/paying-01',
  '/orders/paying-01/events',
  '/orders/paying-01/query',
  '/orders/paying-01/close',
  '/reviews',
  '/reviews/x/resolve',
  '/deliveries',
  '/deliveries/x/resend',
  '/runs',
  '/doctor',
  '/orders/paying-01/refunds/r1',
  '/bills/2026-11-22',
  '/doctor',
  '/openapi.json',
  '/console',
  '/',
] as const

// GET has the most routes.
const METHODS = [
  'GET',
  'GET',
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'PROPFIND',
  'X',
]

/** A random request to any route, without the token or with a wrong one. */
export function makeWithoutToken(_world: FuzzWorld, chance: Chance): Input {
  const path = strangePath(chance, chance.pick(ROUTES))
  const method = chance.pick(METHODS)
  const headers = [...strangeHeaders(chance), ...authorization(chance)]
  const body = strangeBody(chance)
  return { lane: 'without token', ...requestOf(method, path, { headers, body, at: 120 }) }
}

/** A route, half of the time mutated, with odd endings and queries. */
export function strangePath(chance: Chance, route: string): string {
  const path = chance.happens(0.5) ? route : mutateText(chance, route)
  const slashes = chance.pick(['', '', '', '', '/', '//', '/.', '%2f', ';a=b', '.json'])
  return `${path}${slashes}${chance.happens(0.4) ? `?${strangeQuery(chance)}` : ''}`
}

const QUERY_NAMES = [
  'code', 'ordercode', 'ticket', 'cursor', 'limit', 'state', 'open', 'created_from', 'created_to',
  'transaction_id', '__proto__', 'constructor', 'toString', '', 'x',
] as const // prettier-ignore

/** A query with known and unknown names, odd values and odd separators. */
export function strangeQuery(chance: Chance): string {
  const pairs = Array.from({ length: chance.pick([1, 1, 2, 3, 50]) }, () => {
    const value = encoded(chance, chance.pick(ODD_TEXTS))
    return `${chance.pick(QUERY_NAMES)}${chance.pick(['=', '=', '=', '', '[]=', '%3d'])}${value}`
  })
  return pairs.join(chance.pick(['&', '&', '&', ';', '&&']))
}

/** Encodes text for a URL: correctly, not at all, twice, or followed by bytes that are not UTF-8. */
export function encoded(chance: Chance, text: string): string {
  const wellFormed = text.toWellFormed()
  switch (chance.below(5)) {
    case 0:
      return text.replaceAll(/[#\s]/g, '')
    case 1:
      return encodeURIComponent(encodeURIComponent(wellFormed))
    case 2:
      return `${encodeURIComponent(wellFormed)}%ff%c0%80`
    default:
      return encodeURIComponent(wellFormed)
  }
}

const HEADER_NAMES = [
  'if-match', 'if-none-match', 'content-type', 'content-length', 'cookie', 'cf-connecting-ip', 'origin',
  'x-forwarded-for', 'x-http-method-override', 'accept', 'range', 'content-encoding',
] as const // prettier-ignore

/** Reduces text to what a header may contain: bytes without NUL and line ends. */
const headerText = (text: string): string =>
  Buffer.from(text, 'utf8')
    .toString('latin1')
    .replaceAll(/[\0\r\n]/g, '')

/** Up to six headers with odd values. */
export const strangeHeaders = (chance: Chance): (readonly [string, string])[] =>
  Array.from({ length: chance.pick([0, 0, 1, 2, 6]) }, () => {
    const value = chance.pick(['gzip', '"1"', '1.2.3.4', '::1', ...ODD_TEXTS])
    return [chance.pick(HEADER_NAMES), headerText(value)] as const
  })

/** An almost right Authorization header, or none. */
function authorization(chance: Chance): (readonly [string, string])[] {
  const wrong = [
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer${TOKEN}`,
    `Bearer ${TOKEN} x`,
    `Basic ${btoa(`:${TOKEN}`)}`,
    `Token ${TOKEN}`,
    TOKEN,
    'Bearer ',
    'Bearer undefined',
    `Bearer ${TOKEN.slice(0, 8)}`,
    `Bearer ${headerText(mutateText(chance, TOKEN.slice(0, 20)))}`,
    `, Bearer ${TOKEN}`,
  ]
  return chance.happens(0.6) ? [['authorization', chance.pick(wrong)]] : []
}

/** A body of any kind: none, JSON, noise, too large, in pieces. */
export function strangeBody(chance: Chance): Body | undefined {
  const bodies: readonly (() => Body | undefined)[] = [
    () => undefined,
    () => bodyOf(hostileJson(chance)),
    () => bodyOf(noise(chance)),
    () => bodyOf(new Uint8Array(nearLimit(chance)).fill(0x20)),
    () => ({
      ...bodyOf(noise(chance)),
      pieces: chance.between(1, 30),
      breaks: chance.happens(0.3),
    }),
  ]
  return chance.pick(bodies)()
}

/** `/pay` with valid and invalid login codes and ordercodes. */
export function makePay(world: FuzzWorld, chance: Chance): Input {
  const at = chance.pick([120, 120, 120, 400, 7_400, 604_700, 700_000])
  world.setTime(at)
  const { payer, otherPayer } = world
  const openid = chance.pick([payer, payer, payer, otherPayer, world.wechat.payer.newOpenid()])
  const blocked = chance.happens(0.1)
  const known = chance.happens(0.5)
    ? world.wechat.payer.login(openid, { blocked })
    : 'unknown-code-001'
  const code = chance.happens(0.6) ? known : mutateText(chance, known)
  const requested = chance.pick([...ORDERCODES, ORDERS.paid, 'absent-01'])
  const ordercode = chance.happens(0.7) ? requested : mutateText(chance, requested)
  const headers = strangeHeaders(chance)
  if (chance.happens(0.5)) {
    const more = chance.happens(0.2) ? `&${strangeQuery(chance)}` : ''
    const query = `code=${encoded(chance, code)}&ordercode=${encoded(chance, ordercode)}${more}`
    return { lane: 'pay: GET', ...requestOf('GET', `/pay?${query}`, { headers, at }) }
  }
  const json = utf8(JSON.stringify({ code, ordercode }))
  const whole = chance.happens(0.7) ? json : mutateBytes(chance, json)
  const body = chance.happens(0.15) ? bodyOf(hostileJson(chance)) : bodyOf(whole)
  return { lane: 'pay: POST', ...requestOf('POST', '/pay', { headers, body, at }) }
}

/** `/result` with tickets that are valid, changed, of another order, or expired. */
export function makeResult(world: FuzzWorld, chance: Chance): Input {
  const given = chance.pick(world.seeds.tickets)
  const [ordercode = '', payer = '', expiry = '', mac = ''] = given.split('.')
  const at = chance.pick([120, 120, 86_399, 86_400, 90_000, 700_000])
  const changed = [
    () => given,
    () => given,
    () => changeOne(chance, given),
    () => changeOne(chance, given),
    () => mutateText(chance, given),
    () => [chance.pick(ORDERCODES), payer, expiry, mac].join('.'),
    () => [ordercode, payer, String(Number(expiry) + chance.pick([1, -1, 1e6])), mac].join('.'),
    () => [ordercode, payer, `0${expiry}`, mac].join('.'),
    () => [ordercode, payer, expiry, mac.toUpperCase()].join('.'),
    () => [ordercode, '0'.repeat(32), expiry, mac].join('.'),
    () => [ordercode, payer, expiry].join('.'),
    () => chance.pick(ODD_TEXTS),
    () => 'a'.repeat(chance.pick([1, 300, 8_000])),
  ]
  const ticket = chance.pick(changed)()
  const more = chance.happens(0.2) ? `&${strangeQuery(chance)}` : ''
  const path = `/result?ticket=${encoded(chance, ticket)}${more}`
  return { lane: 'result', ...requestOf('GET', path, { headers: strangeHeaders(chance), at }) }
}

function changeOne(chance: Chance, text: string): string {
  const at = chance.below(text.length)
  const letter = chance.pick([...'0123456789abcdefABCDEFxyz._-'])
  return text.slice(0, at) + letter + text.slice(at + 1)
}
