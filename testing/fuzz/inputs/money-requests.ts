/** Requests about refunds, reviews, bills and recovery by callers with every kind of token. */
import type { Chance } from '../../simulation/run/random.ts'
import { deliveryIds, FEE, reviewIds } from '../run/fixture.ts'
import { BILL_DAY, EARLIER_DAY, MONEY_ORDERS } from '../run/money-fixture.ts'
import { type FuzzWorld, OTHER_TOKENS, TOKEN } from '../run/world.ts'
import { billAnswer } from './bill-files.ts'
import { mutateBytes, mutateText, nearLimit, ODD_TEXTS } from './bytes.ts'
import { changedJson, hostileJson } from './hostile-json.ts'
import { bodyOf, type Input, requestOf, utf8 } from './input.ts'
import {
  encoded,
  strangeBody,
  strangeHeaders,
  strangePath,
  strangeQuery,
} from './public-requests.ts'
import { refundAnswers, type Target, targetOf } from './refund-answers.ts'
import { spoiled } from './signed-message.ts'

/** Makes a random request, with the token of a random caller. */
export function makeMoneyRequest(world: FuzzWorld, chance: Chance): Input {
  const [lane, request] = chance.pick(KINDS)(world, chance)
  const strange = chance.happens(0.1) ? strangeHeaders(chance) : []
  const caller = authorization(chance)
  return { lane, ...request, headers: [...request.headers, ...strange, ...caller] }
}

function authorization(chance: Chance): Input['headers'] {
  const good = [TOKEN, TOKEN, OTHER_TOKENS.old, OTHER_TOKENS.operator, OTHER_TOKENS.operator]
  const token = chance.happens(0.85) ? chance.pick(good) : OTHER_TOKENS.viewer
  if (chance.happens(0.8)) {
    return [['authorization', `${chance.pick(['Bearer', 'Bearer', 'bearer'])} ${token}`]]
  }
  const wrong = [
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token}x`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer${token}`,
    `Bearer ${token} ${token}`,
    `Bearer ${token}, Bearer ${TOKEN}`,
    `Basic ${btoa(`shop:${token}`)}`,
    `Token ${token}`,
    token,
    'Bearer ',
    'Bearer undefined',
    `Bearer ${chance.pick(['x', 'ann', 'shop', '0'.repeat(64)])}`,
  ]
  return chance.happens(0.3) ? [] : [['authorization', chance.pick(wrong)]]
}

type Kind = (
  world: FuzzWorld,
  chance: Chance,
) => readonly [lane: string, request: ReturnType<typeof requestOf>]

const at = (chance: Chance): number =>
  chance.pick([200, 200, 200, 230, 290, 4_000, 90_000, 700_000])

const refundPath = (chance: Chance, { ordercode, number }: Target): string => {
  const order = chance.happens(0.93) ? ordercode : chance.pick([...Object.values(MONEY_ORDERS), 'absent-01', 'x', ...ODD_TEXTS]) // prettier-ignore
  const given = chance.happens(0.9) ? number : mutateText(chance, number)
  const isPlain = chance.happens(0.9)
  const path = [order, given].map((part) =>
    isPlain ? encodeURIComponent(part.toWellFormed()) : encoded(chance, part),
  )
  return `/orders/${path.join('/refunds/')}`
}

const REFUND_NAMES = ['refund_fee', 'reason', 'refund_account', 'transaction_id'] as const

const putRefund: Kind = (world, chance) => {
  const target = targetOf(world, chance)
  const isAsStored = chance.happens(0.7)
  const valid = {
    refund_fee: isAsStored ? target.refundFee : chance.pick([1, 9, FEE, FEE + 1, target.totalFee]),
    ...(chance.happens(0.8) ? { reason: '缺货' } : {}),
    ...(chance.happens(0.15) ? { refund_account: chance.pick(['available', 'unsettled']) } : {}),
    ...(chance.happens(0.25) ? { transaction_id: target.transactionId } : {}),
  }
  const text = chance.pick([
    () => JSON.stringify(valid),
    () => JSON.stringify(valid),
    () => JSON.stringify(valid),
    () => changedJson(chance, valid, REFUND_NAMES),
    () => hostileJson(chance).replaceAll('total_fee', 'refund_fee'),
  ])()
  const bytes = chance.happens(0.06) ? mutateBytes(chance, utf8(text)) : utf8(text)
  const body = chance.happens(0.04)
    ? { ...bodyOf(bytes), pieces: chance.between(2, 20), breaks: chance.happens(0.4) }
    : bodyOf(bytes)
  const answers = refundAnswers(world, chance, target)
  const headers = chance.happens(0.1) ? ([['if-match', '"1"']] as const) : []
  const rest = { body, answers, headers, at: at(chance) }
  return ['money: PUT refund', requestOf('PUT', refundPath(chance, target), rest)]
}

const readOrCancel: Kind = (world, chance) => {
  const target = targetOf(world, chance)
  const method = chance.pick(['GET', 'DELETE', 'DELETE', 'DELETE', 'POST', 'PATCH'])
  const absent = { result_code: 'FAIL', err_code: 'REFUNDNOTEXIST' }
  const answers = chance.happens(0.4)
    ? [spoiled(chance, 'refundquery', absent)]
    : refundAnswers(world, chance, target)
  const body = chance.happens(0.1) ? strangeBody(chance) : undefined
  const rest = { answers, body, at: at(chance) }
  return [`money: ${method} refund`, requestOf(method, refundPath(chance, target), rest)]
}

const resolve: Kind = (world, chance) => {
  const target = targetOf(world, chance)
  const known = chance.pick(reviewIds(world))
  const id = chance.happens(0.9) ? encodeURIComponent(known) : encoded(chance, mutateText(chance, known)) // prettier-ignore
  const action = chance.pick(['accept', 'refund', '', ''])
  const note = chance.pick([
    'looked at it',
    'looked at it',
    'other words',
    '中文\n\t',
    ...ODD_TEXTS,
  ])
  const valid = { note, ...(action === '' ? {} : { action }) }
  const text = chance.happens(0.75)
    ? JSON.stringify(valid)
    : changedJson(chance, valid, ['note', 'action'])
  const [, subject = ''] = known.split('.')
  const about = reviewTarget(world, known, subject) ?? target
  const answers = refundAnswers(world, chance, about)
  const rest = { body: bodyOf(text), answers, at: at(chance) }
  return ['money: resolve', requestOf('POST', `/reviews/${id}/resolve`, rest)]
}

/** What a review is about, so that WeChat's answers can be about the same. */
function reviewTarget(world: FuzzWorld, id: string, subject: string): Target | undefined {
  const [review] = world.sqlite.run({
    sql: 'SELECT * FROM reviews WHERE id = ?',
    values: [id],
  }).rows
  const evidence = JSON.parse(String(review?.['evidence'] ?? '{}')) as Record<
    string,
    string | number | undefined
  >
  const sql = 'SELECT * FROM refunds WHERE out_refund_no = ?'
  const [refund] = world.sqlite.run({ sql, values: [subject] }).rows
  if (refund === undefined && evidence['out_trade_no'] === undefined) return undefined
  return {
    ordercode: textOf(evidence['out_trade_no'] ?? refund?.['ordercode']),
    number: refund === undefined ? `auto*${subject}` : subject,
    transactionId: String(refund?.['transaction_id'] ?? subject),
    refundFee: Number(refund?.['refund_fee'] ?? FEE),
    totalFee: Number(refund?.['total_fee'] ?? evidence['total_fee'] ?? FEE),
    openid: textOf(evidence['openid'] ?? world.payer),
  }
}

const DAYS = [
  BILL_DAY, BILL_DAY, BILL_DAY, BILL_DAY, BILL_DAY, BILL_DAY, EARLIER_DAY, EARLIER_DAY, '2026-11-23', '2026-11-24',
  '2026-11-20', '2026-02-30', '1999-01-01', '9999-12-31', '2026-8-1', '20261122', '2026-11-22T00:00:00Z',
] as const // prettier-ignore

const reconcile: Kind = (world, chance) => {
  const day = chance.happens(0.97) ? chance.pick(DAYS) : encoded(chance, chance.pick(ODD_TEXTS))
  const answers = Array.from({ length: chance.pick([0, 1, 1, 1, 1, 2]) }, () =>
    billAnswer(world, chance, day.replaceAll('-', '')),
  )
  const about = chance.happens(0.3) ? refundAnswers(world, chance, targetOf(world, chance)) : []
  const body = chance.happens(0.05) ? strangeBody(chance) : undefined
  const rest = { answers: [...answers, ...about], body, at: at(chance) }
  return ['money: reconcile', requestOf('POST', `/bills/${day}/reconcile`, rest)]
}

const readBill: Kind = (_world, chance) => {
  const raw = chance.pick(['', '/raw', '/raw', '/reconcile', '/RAW', '/x'])
  const query = chance.happens(0.1) ? `?${strangeQuery(chance)}` : ''
  const method = chance.pick(['GET', 'GET', 'GET', 'HEAD', 'PUT', 'DELETE'])
  const path = `/bills/${chance.pick(DAYS)}${raw}${query}`
  return ['money: read bill', requestOf(method, path, { at: at(chance) })]
}

const SINCE = ['2026-11-23T03:00:00Z', '2026-11-22T00:00:00+08:00', '2026-11-23T04:03:19Z', '2026-08-30T00:00:00Z',
  '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z', '2026-02-30T00:00:00Z', '+275760-09-13T00:00:00Z', '', 'yesterday'] as const // prettier-ignore

const recover: Kind = (_world, chance) => {
  const valid = { since: chance.pick(SINCE) }
  const text = chance.pick([
    () => JSON.stringify(valid),
    () => changedJson(chance, valid, ['since']),
    () => hostileJson(chance).replaceAll('total_fee', 'since'),
    () => ' '.repeat(nearLimit(chance)),
  ])()
  return ['money: recover', requestOf('POST', '/recover', { body: bodyOf(text), at: at(chance) })]
}

const orderCall: Kind = (world, chance) => {
  const ordercode = chance.pick(Object.values(MONEY_ORDERS))
  const [method, end] = chance.pick([
    ['GET', ''],
    ['GET', '/events'],
    ['POST', '/query'],
    ['POST', '/close'],
    ['PUT', ''],
  ] as const)
  const terms = { total_fee: chance.pick([FEE, 1]), body: 'x', expires_in: 604_800 }
  const body = method === 'PUT' ? bodyOf(JSON.stringify(terms)) : undefined
  const target = { ...targetOf(world, chance), ordercode }
  const answers = chance.happens(0.6) ? refundAnswers(world, chance, target) : []
  const rest = { body, answers, at: at(chance) }
  return ['money: order', requestOf(method, `/orders/${ordercode}${end}`, rest)]
}

const lists: Kind = (world, chance) => {
  const list = chance.pick(['orders', 'reviews', 'deliveries', 'runs'])
  const cursor = chance.happens(0.5) ? `cursor=${encoded(chance, chance.pick(world.seeds.cursors))}` : '' // prettier-ignore
  const more = chance.happens(0.4) ? strangeQuery(chance) : chance.pick(['open=true', 'limit=2', 'state=paid', '']) // prettier-ignore
  return ['money: list', requestOf('GET', `/${list}?${cursor}&${more}`, { at: at(chance) })]
}

const resend: Kind = (world, chance) => {
  const id = encodeURIComponent(chance.pick(deliveryIds(world)))
  return ['money: resend', requestOf('POST', `/deliveries/${id}/resend`, { at: at(chance) })]
}

const ROUTES = [
  '/orders/refunded1/refunds/r-wait-01', '/reviews/second_payment.4200000000202611220000000777/resolve', '/recover',
  `/bills/${BILL_DAY}/reconcile`, `/bills/${BILL_DAY}/raw`, `/bills/${BILL_DAY}`, '/runs', '/reviews', '/webhooks', '/doctor',
  '/console', '/metrics', '/orders/refunded1/refunds', '/deliveries/x/resend', '/notify/refund',
] as const // prettier-ignore
const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'X']

const anywhere: Kind = (_world, chance) => {
  const path = strangePath(chance, chance.pick(ROUTES))
  const rest = { body: strangeBody(chance), at: at(chance) }
  return ['money: any route', requestOf(chance.pick(METHODS), path, rest)]
}

const KINDS: readonly Kind[] = [
  ...Array<Kind>(7).fill(putRefund),
  ...Array<Kind>(4).fill(readOrCancel),
  ...Array<Kind>(4).fill(resolve),
  ...Array<Kind>(7).fill(reconcile),
  ...Array<Kind>(2).fill(readBill),
  ...Array<Kind>(2).fill(orderCall),
  recover,
  lists,
  resend,
  anywhere,
]

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value)
