/** Inputs with the merchant token: requests of a shop whose program does not follow the documentation. */
import type { Chance } from '../../simulation/run/random.ts'
import { deliveryIds, FEE, reviewIds } from '../run/fixture.ts'
import { type FuzzWorld, TOKEN } from '../run/world.ts'
import { mutateBytes, mutateText, nearLimit, ODD_TEXTS } from './bytes.ts'
import { changedJson, hostileJson } from './hostile-json.ts'
import { bodyOf, type Input, requestOf, utf8 } from './input.ts'
import {
  encoded,
  ORDERCODES,
  ROUTES,
  strangeBody,
  strangePath,
  strangeQuery,
} from './public-requests.ts'

const BEARERS = [`Bearer ${TOKEN}`, `bearer ${TOKEN}`, `Bearer   ${TOKEN}`]
const TERMS_NAMES = [
  'total_fee', 'body', 'attach', 'detail', 'goods_tag', 'limit_pay', 'openid', 'expires_in',
] as const // prettier-ignore

/** Makes a random request to the merchant API. */
export function makeShopRequest(world: FuzzWorld, chance: Chance): Input {
  const [lane, request] = chance.pick(KINDS)(world, chance)
  const bearer = ['authorization', chance.pick(BEARERS)] as const
  return { lane, ...request, headers: [...request.headers, bearer] }
}

type Kind = (
  world: FuzzWorld,
  chance: Chance,
) => readonly [lane: string, request: ReturnType<typeof requestOf>]

const register: Kind = (world, chance) => {
  const valid = {
    total_fee: FEE,
    body: '测试商店-图书',
    expires_in: 604_800,
    ...(chance.happens(0.3) ? { attach: 'a', goods_tag: 'b', openid: world.payer } : {}),
  }
  const text = chance.happens(0.15) ? hostileJson(chance) : changedJson(chance, valid, TERMS_NAMES)
  const bytes = chance.happens(0.1) ? mutateBytes(chance, utf8(text)) : utf8(text)
  const body = {
    ...bodyOf(bytes),
    ...(chance.happens(0.05) ? { pieces: chance.between(2, 20), breaks: chance.happens(0.3) } : {}),
  }
  const revision = ['"1"', '"2"', 'W/"1"', '*', '1', '"-1"', '"999999999999999"', '"1", "2"', '""']
  const headers = chance.happens(0.2) ? [['if-match', chance.pick(revision)] as const] : []
  return ['shop: PUT order', requestOf('PUT', orderPath(chance), { body, headers, at: at(chance) })]
}

const tooLarge: Kind = (_world, chance) => {
  const filler = JSON.stringify({ total_fee: 1, body: 'x' }).padEnd(nearLimit(chance))
  return ['shop: near the limit', requestOf('PUT', orderPath(chance), { body: bodyOf(filler) })]
}

const act: Kind = (_world, chance) => {
  const path = `${orderPath(chance)}/${chance.pick(['query', 'close', 'events', 'refunds/r1'])}`
  const body = strangeBody(chance)
  return [
    'shop: order action',
    requestOf(chance.pick(['POST', 'GET']), path, { body, at: at(chance) }),
  ]
}

const resolve: Kind = (world, chance) => {
  const id = idIn(chance, reviewIds(world))
  const action = chance.pick(['accept', 'refund', ''])
  const valid = { note: 'looked at it', ...(action === '' ? {} : { action }) }
  const text = chance.happens(0.3)
    ? JSON.stringify(valid)
    : changedJson(chance, valid, ['note', 'action'])
  const body = bodyOf(text)
  return ['shop: resolve', requestOf('POST', `/reviews/${id}/resolve`, { body, at: 120 })]
}

const resend: Kind = (world, chance) => {
  const path = `/deliveries/${idIn(chance, deliveryIds(world))}/resend`
  return ['shop: resend', requestOf('POST', path, { at: 120 })]
}

const list: Kind = (world, chance) => {
  const cursor = cursorOf(chance, chance.pick(world.seeds.cursors))
  const parts = [
    chance.happens(0.7) ? `cursor=${encoded(chance, cursor)}` : '',
    chance.happens(0.5) ? `limit=${encoded(chance, chance.pick(LIMITS))}` : '',
    chance.happens(0.3) ? `created_from=${encoded(chance, chance.pick(MOMENTS))}` : '',
    chance.happens(0.3) ? `created_to=${encoded(chance, chance.pick(MOMENTS))}` : '',
    chance.happens(0.3) ? `state=${encoded(chance, chance.pick(STATES))}` : '',
    chance.happens(0.2) ? `open=${chance.pick(['true', '0', 'yes', ''])}` : '',
    chance.happens(0.2) ? `transaction_id=${encoded(chance, chance.pick(ODD_TEXTS))}` : '',
    chance.happens(0.1) ? strangeQuery(chance) : '',
  ]
  const path = `/${chance.pick(['orders', 'reviews', 'deliveries', 'runs'])}?${parts.join('&')}`
  return ['shop: list', requestOf('GET', path, { at: 120 })]
}

const LIMITS = [
  '1',
  '2',
  '100',
  '0',
  '101',
  '-1',
  '1e1',
  '1.0',
  ' 1',
  '',
  '99999999999',
  ...ODD_TEXTS,
]
const STATES = [
  'created',
  'paying',
  'paid',
  'closed',
  'pending',
  'delivered',
  'no_target',
  'PAID',
  '',
]
const MOMENTS = [
  '2026-11-23T00:00:00Z',
  '2026-11-24T00:00:00.5+08:00',
  '2026-02-30T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '0000-01-01T00:00:00Z',
  '2026-11-23T00:00:00+99:99',
  '2026-11-23',
  '+275760-09-13T00:00:00Z',
  '',
]

/** A cursor of a list: valid, changed, with another position, or with something that is not a position. */
function cursorOf(chance: Chance, given: string): string {
  const place = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url')
  const numbers = [0, -1, 1.5, 1e308, 2 ** 53, Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]
  return chance.pick([
    () => given,
    () => mutateText(chance, given),
    () => place([chance.pick(numbers), chance.pick(ODD_TEXTS)]),
    () => place([1_795_000_000, 'x'.repeat(chance.pick([0, 199, 200, 201, 300]))]),
    () =>
      place(chance.pick<unknown>([[], [1], [1, 2], ['1', '2'], [1, 'x', 2], { 0: 1, 1: 'x' }, 7])),
    () => `${given}=`,
    () => chance.pick(ODD_TEXTS),
  ])()
}

const anywhere: Kind = (_world, chance) => {
  const method = chance.pick(['GET', 'POST', 'PUT', 'DELETE'])
  const path = strangePath(chance, chance.pick(ROUTES))
  return ['shop: any route', requestOf(method, path, { body: strangeBody(chance), at: 120 })]
}

const KINDS: readonly Kind[] = [
  ...Array<Kind>(6).fill(register),
  ...Array<Kind>(3).fill(list),
  ...Array<Kind>(2).fill(act),
  resolve,
  resend,
  anywhere,
  tooLarge,
]

const at = (chance: Chance): number => chance.pick([120, 120, 120, 7_400, 604_700, 700_000])

function orderPath(chance: Chance): string {
  const known = chance.pick([...ORDERCODES, 'fresh-0001', 'abcdef', 'a'.repeat(28)])
  return `/orders/${chance.happens(0.8) ? known : encoded(chance, mutateText(chance, known))}`
}

function idIn(chance: Chance, known: readonly string[]): string {
  const id = chance.pick(known)
  return chance.happens(0.6) ? encoded(chance, id) : encoded(chance, mutateText(chance, id))
}
