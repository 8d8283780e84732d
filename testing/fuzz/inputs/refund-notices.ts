/** Inputs for `/notify/refund`: genuine notices, tampered ones, forged ones under another key, and noise. */
import { createHash } from 'node:crypto'
import { encryptReqInfo } from '../../../simulator/notices/req-info.ts'
import { formatXml, parseXml } from '../../../simulator/lib/xml.ts'
import type { Chance } from '../../simulation/run/random.ts'
import { API_KEY, type FuzzWorld, MERCHANT, OLD_KEY } from '../run/world.ts'
import { mutateBytes, mutateText, nearLimit, noise, ODD_TEXTS } from './bytes.ts'
import { hostileXml } from './hostile-xml.ts'
import { type Body, bodyOf, type Input, requestOf, utf8 } from './input.ts'
import { refundAnswers, type Target, targetOf } from './refund-answers.ts'
import type { Fields } from './signed-message.ts'

/** Makes a random refund notice, and WeChat's answers to the query that must confirm it. */
export function makeRefundNotice(world: FuzzWorld, chance: Chance): Input {
  const target = targetOf(world, chance)
  const [lane, made] = chance.pick(KINDS)(chance, target)
  const whole = typeof made === 'string' ? bodyOf(made) : made
  const body = chance.happens(0.04)
    ? { ...whole, pieces: chance.between(2, 20), breaks: chance.happens(0.3) }
    : whole
  const answers = refundAnswers(world, chance, target)
  const at = chance.pick([200, 200, 200, 4_000, 90_000])
  return { lane, ...requestOf('POST', '/notify/refund', { body, answers, at }) }
}

type Kind = (chance: Chance, target: Target) => readonly [lane: string, made: Body | string]

const infoOf = (chance: Chance, target: Target): Fields => ({
  out_refund_no: target.number,
  out_trade_no: target.ordercode,
  refund_account: 'REFUND_SOURCE_UNSETTLED_FUNDS',
  refund_fee: String(target.refundFee),
  refund_id: '50000405502026112200000000001',
  refund_recv_accout: '支付用户零钱',
  refund_request_source: 'API',
  refund_status: chance.pick(['SUCCESS', 'SUCCESS', 'CHANGE', 'REFUNDCLOSE', 'WHAT', '']),
  settlement_refund_fee: String(target.refundFee),
  settlement_total_fee: String(target.totalFee),
  success_time: '2026-11-23 11:00:00',
  total_fee: String(target.totalFee),
  transaction_id: target.transactionId,
})

const plain = (chance: Chance, target: Target): string =>
  formatXml(infoOf(chance, target), { root: 'root' })

const outer = (req_info: string, changes: Fields = {}): string =>
  formatXml({
    return_code: 'SUCCESS',
    appid: MERCHANT.appid,
    mch_id: MERCHANT.mchId,
    nonce_str: 'n',
    req_info,
    ...changes,
  })

const genuine: Kind = (chance, target) => [
  'refund notice: genuine',
  outer(encryptReqInfo(plain(chance, target), API_KEY)),
]

const underOtherKey: Kind = (chance, target) => {
  const key = chance.pick([OLD_KEY, OLD_KEY, OLD_KEY, '', 'x'.repeat(32), MERCHANT.appSecret])
  return ['refund notice: other key', outer(encryptReqInfo(plain(chance, target), key))]
}

/** Changes the encrypted bytes: cut, repeated or swapped blocks, or a flipped bit. ECB hides none of it. */
const blocksChanged: Kind = (chance, target) => {
  const bytes = Buffer.from(encryptReqInfo(plain(chance, target), API_KEY), 'base64')
  const blocks = Array.from({ length: bytes.length / 16 }, (_, n) =>
    bytes.subarray(n * 16, n * 16 + 16),
  )
  const at = chance.below(blocks.length)
  const changed = chance.pick<() => Uint8Array>([
    () => bytes.subarray(0, chance.below(bytes.length)),
    () => bytes.subarray(0, 16 * chance.below(blocks.length)),
    () => bytes.subarray(16 * at),
    () => Buffer.concat(blocks.toSpliced(at, 1)),
    () => Buffer.concat(blocks.toSpliced(at, 0, blocks[chance.below(blocks.length)] ?? bytes)),
    () => mutateBytes(chance, Uint8Array.from(bytes)),
  ])()
  return ['refund notice: blocks changed', outer(Buffer.from(changed).toString('base64'))]
}

const textChanged: Kind = (chance, target) => {
  const base64 = encryptReqInfo(plain(chance, target), API_KEY)
  const changed = chance.pick([
    () => mutateText(chance, base64),
    () => base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
    () => base64.replaceAll(/.{76}/g, '$&\r\n'),
    () => ` ${base64}\n`,
    () => `${base64}=`,
    () => base64.toLowerCase(),
    () => `${base64}${base64}`,
    () => Buffer.from(base64).toString('base64'),
    () => chance.pick(ODD_TEXTS),
  ])()
  return ['refund notice: text changed', outer(changed.replaceAll(/[\0\ud800\ufffe\uffff]/g, ''))]
}

const FIELDS: Fields = {
  out_refund_no: "r-none-01|auto*|' OR 1=1 --|中| ",
  out_trade_no: 'whole-001|open-0001|refunded1*2|refunded1*21|absent-01|x| ',
  transaction_id: '4200000000202611220000009999|1|a b|中| ',
  refund_fee: '1|0|-1|99999999',
  total_fee: '1|0',
  refund_status: 'PROCESSING| ',
}

/** One wrong field within the encryption, or outside of it. */
const wrongField: Kind = (chance, target) => {
  const name = chance.pick(Object.keys(FIELDS))
  const value = chance.pick([...(FIELDS[name] ?? '').split('|'), ''])
  const info = { ...infoOf(chance, target), [name]: value }
  const xml = formatXml(info, { root: chance.pick(['root', 'root', 'root', 'xml', 'Root']) })
  return ['refund notice: wrong field', outer(encryptReqInfo(xml, API_KEY))]
}

const wrongOutside: Kind = (chance, target) => {
  const changes = chance.pick<Fields>([
    { appid: 'wx0000000000000000' },
    { appid: '' },
    { mch_id: '10000199' },
    { mch_id: '' },
    { return_code: 'FAIL' },
    { return_code: '' },
    { req_info: '' },
    { sign: 'ABC', sign_type: 'NONE' },
  ])
  return [
    'refund notice: wrong outside',
    outer(encryptReqInfo(plain(chance, target), API_KEY), changes),
  ]
}

/** Hostile XML within the encryption, or noise that decrypts to nothing. */
const hostileInside: Kind = (chance, target) => {
  const inside = chance.happens(0.6) ? hostileXml(chance, plain(chance, target)) : noiseBody(chance)
  const text = typeof inside === 'string' ? inside : Buffer.from(inside.bytes).toString('latin1')
  return ['refund notice: hostile inside', outer(encryptReqInfo(text, API_KEY))]
}

const noiseBody = (chance: Chance): Body => bodyOf(noise(chance))

const hostileOutside: Kind = (chance, target) => [
  'refund notice: hostile',
  hostileXml(chance, outer(encryptReqInfo(plain(chance, target), API_KEY))),
]

const bytesChanged: Kind = (chance, target) => [
  'refund notice: bytes changed',
  bodyOf(mutateBytes(chance, utf8(outer(encryptReqInfo(plain(chance, target), API_KEY))))),
]

const large: Kind = (chance, target) => {
  const padded = formatXml(
    { ...infoOf(chance, target), filler: 'x'.repeat(chance.pick([40_000, nearLimit(chance)])) },
    { root: 'root' },
  )
  return ['refund notice: near the limit', outer(encryptReqInfo(padded, API_KEY))]
}

const random: Kind = (chance) => ['refund notice: noise', noiseBody(chance)]

/** A payment notice at the URL for refunds, and a notice whose req_info is the key itself. */
const otherMessage: Kind = (chance, target) => [
  'refund notice: other message',
  chance.pick([
    formatXml(infoOf(chance, target)),
    outer(createHash('md5').update(API_KEY).digest('base64')),
    parseXml(plain(chance, target), 'root').ok ? plain(chance, target) : '',
  ]),
]

const KINDS: readonly Kind[] = [
  ...Array<Kind>(6).fill(genuine),
  ...Array<Kind>(2).fill(underOtherKey),
  ...Array<Kind>(2).fill(blocksChanged),
  ...Array<Kind>(2).fill(wrongField),
  textChanged,
  wrongOutside,
  hostileInside,
  hostileOutside,
  bytesChanged,
  large,
  random,
  otherMessage,
]
