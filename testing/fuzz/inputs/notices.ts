/** Inputs for `/notify`: genuine notices, almost genuine ones, and noise. */
import { sign } from '../../../simulator/lib/sign.ts'
import { formatXml, parseXml } from '../../../simulator/lib/xml.ts'
import type { Chance } from '../../simulation/run/random.ts'
import { API_KEY, type FuzzWorld, MERCHANT, OLD_KEY, ORDERS } from '../run/world.ts'
import { mutateBytes, mutateText, nearLimit, noise, ODD_TEXTS } from './bytes.ts'
import { hostileXml } from './hostile-xml.ts'
import { type Body, bodyOf, type Input, requestOf, utf8 } from './input.ts'

type Made = Body | string

/** Makes a random payment notice: a genuine one that is changed, or a forged or hostile one. */
export function makeNotice(world: FuzzWorld, chance: Chance): Input {
  const [lane, made] = chance.pick(KINDS)(world, chance)
  const whole = typeof made === 'string' ? bodyOf(made) : made
  const body = chance.happens(0.06)
    ? { ...whole, pieces: chance.between(2, 40), breaks: chance.happens(0.3) }
    : whole
  const path = chance.happens(0.04) ? '/notify/refund' : '/notify'
  const at = chance.pick([120, 120, 120, 120, 120, 3_600, 700_000])
  return { lane, ...requestOf('POST', path, { body, headers: headersOf(chance), at }) }
}

type Kind = (world: FuzzWorld, chance: Chance) => readonly [lane: string, made: Made]

const bytesChanged: Kind = (world, chance) => [
  'notice: bytes changed',
  { ...bodyOf(mutateBytes(chance, utf8(genuine(world, chance)))) },
]

/**
 * Moves, repeats, nests or changes elements of a genuine notice and keeps its signature. The Worker must not accept any value
 * that the signature does not cover.
 */
const elementsMoved: Kind = (world, chance) => {
  const xml = genuine(world, chance)
  const elements = [...xml.matchAll(/<(\w+)>(?!<\w).*?<\/\1>/gs)].map(([text]) => text)
  for (let left = chance.between(1, 3); left > 0; left--) changeElements(chance, elements)
  const between = chance.pick(['', '', '\n', ' ', '\t\r\n', 'x', '&#32;', '<!-- -->'])
  return ['notice: elements moved', `<xml>${elements.join(between)}</xml>`]
}

function changeElements(chance: Chance, elements: string[]): void {
  const at = chance.below(elements.length)
  const element = elements[at] ?? ''
  const name = /^<(\w+)>/.exec(element)?.[1] ?? 'x'
  const value = element.slice(name.length + 2, -name.length - 3)
  const other = elements[chance.below(elements.length)] ?? ''
  const changes: readonly (() => readonly string[])[] = [
    () => [],
    () => [element, element],
    () => [other, element],
    () => [`<${name}><${name}>${value}</${name}></${name}>`],
    () => [`<wrap>${element}</wrap>`],
    () => [`<${name} a="1">${value}</${name}>`],
    () => [`<${name.toUpperCase()}>${value}</${name.toUpperCase()}>`],
    () => [`<${name}/>`, element],
    () => [`<${name}></${name}>`],
    () => [`<x:${name}>${value}</x:${name}>`],
    () => [`<${name}> ${value} </${name}>`],
    () => [element.replace('<![CDATA[', '<![CDATA[<![CDATA[')],
    () => [element.replace(']]>', ']]>]]>')],
    () => [element.replace('<![CDATA[', '').replace(']]>', '')],
    () => [`<${name}>${value}<!-- ${value} --></${name}>`],
    () => [`<${name}>${mutateText(chance, value)}</${name}>`],
    () => [`<__proto__>${value}</__proto__>`, element],
  ]
  elements.splice(at, 1, ...chance.pick(changes)())
}

/** A complete notice, signed with a key that a forger may have, or with an almost right signature. */
const wronglySigned: Kind = (world, chance) => {
  const fields = genuineFields(world, chance)
  fields.delete('sign')
  const key = chance.pick([OLD_KEY, OLD_KEY, '', 'x'.repeat(32), MERCHANT.appSecret, 'undefined'])
  const right = sign(fields, API_KEY, 'MD5')
  const signature = chance.pick([
    sign(fields, key, 'MD5'),
    sign(fields, key, 'MD5'),
    sign(fields, API_KEY, 'HMAC-SHA256'),
    right.toLowerCase(),
    right.slice(1),
    `${right}0`,
    ` ${right}`,
    right.replace(/.$/, '\u0000'),
    '',
    ABSENT,
  ])
  if (signature !== ABSENT) fields.set('sign', signature)
  if (chance.happens(0.3)) fields.set('sign_type', chance.pick(['HMAC-SHA256', 'NONE', 'md5']))
  return ['notice: wrong signature', formatted(chance, fields)]
}

const ABSENT = '(absent)'

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  total_fee: ['1', '0', '8801', '08800', ' 8800', '8.8e3', '8800.0', '-8800', '８８００', ABSENT],
  fee_type: ['USD', 'cny', 'CNY ', ' '],
  openid: ['oAnotherPayer', '', ABSENT, 'OANOTHER1'],
  appid: ['wx0000000000000000', '', ABSENT],
  mch_id: ['1', '', ABSENT],
  out_trade_no: [
    'absent-01',
    'created-01',
    'paying-01*2',
    'paying-01*1',
    '*',
    'x',
    ABSENT,
    '9'.repeat(40),
  ],
  trade_type: ['NATIVE', 'jsapi', '', ABSENT],
  time_end: ['20200101000000', '20261131000000', '2026', '99991231235959', '', ABSENT],
  result_code: ['FAIL', 'success', '', ABSENT],
  return_code: ['FAIL', 'success', '', ABSENT],
  trade_state: ['REFUND', 'NOTPAY', 'CLOSED'],
  transaction_id: ['', ABSENT, 'a b', "' OR 1=1 --", '9'.repeat(33), '中'],
}

/**
 * A notice with one wrong field under WeChat's valid signature. The notice may open a review, but must not record a payment.
 */
const signedWithWrongField: Kind = (world, chance) => {
  const name = chance.pick(Object.keys(FIELDS))
  const value = chance.happens(0.8) ? chance.pick(FIELDS[name] ?? []) : chance.pick(ODD_TEXTS)
  const ordercode = chance.pick([
    ORDERS.paying,
    ORDERS.bound,
    ORDERS.lost,
    ORDERS.paid,
    ORDERS.second,
    ORDERS.closed,
  ])
  const xml = world.wechat.notices.ofPayments.xml(ordercode, {
    changes: { [name]: value === ABSENT ? undefined : value },
  })
  return ['notice: signed, wrong field', xml]
}

/** A genuine notice in another XML form: other order, CDATA, whitespace, extra fields. Its signature stays valid. */
const reformatted: Kind = (world, chance) => {
  const fields = genuineFields(world, chance)
  if (chance.happens(0.3)) {
    fields.set(chance.pick(['extra', 'A', '__proto__', 'constructor']), chance.pick(ODD_TEXTS))
    fields.delete('sign')
    fields.set('sign', sign(fields, API_KEY, 'MD5'))
  }
  const entries = [...fields]
  if (chance.happens(0.5)) entries.sort(() => chance.pick([-1, 1]))
  const head = chance.pick(['', '', '<?xml version="1.0" encoding="UTF-8"?>', '\ufeff', '\n'])
  return ['notice: reformatted', head + formatted(chance, new Map(entries))]
}

const hostile: Kind = (world, chance) => [
  'notice: hostile',
  hostileXml(chance, genuine(world, chance)),
]

const large: Kind = (world, chance) => {
  const fields = genuineFields(world, chance)
  const empty = formatted(chance, new Map([...fields, ['filler', '']])).length
  fields.set('filler', 'x'.repeat(Math.max(0, nearLimit(chance) - empty)))
  fields.delete('sign')
  fields.set('sign', sign(fields, API_KEY, 'MD5'))
  return ['notice: near the limit', formatXml(fields, { newlines: 0 })]
}

const random: Kind = (_world, chance) => ['notice: noise', bodyOf(noise(chance))]

const KINDS: readonly Kind[] = [
  ...Array<Kind>(6).fill(bytesChanged),
  ...Array<Kind>(6).fill(elementsMoved),
  ...Array<Kind>(3).fill(wronglySigned),
  ...Array<Kind>(4).fill(signedWithWrongField),
  ...Array<Kind>(2).fill(reformatted),
  ...Array<Kind>(3).fill(hostile),
  large,
  random,
]

/**
 * Picks a genuine payment notice, either of an order that is already paid, or of an order whose payment the Worker would
 * record. The generators of this file change its bytes, elements or XML form before it is sent.
 */
function genuine(world: FuzzWorld, chance: Chance): string {
  return chance.happens(0.5)
    ? world.seeds.paidNotice
    : world.wechat.notices.ofPayments.xml(
        chance.pick([ORDERS.paying, ORDERS.bound, ORDERS.second, ORDERS.closed]),
      )
}

function genuineFields(world: FuzzWorld, chance: Chance): Map<string, string> {
  const parsed = parseXml(genuine(world, chance))
  if (!parsed.ok) throw new Error(parsed.why)
  return new Map(parsed.fields)
}

function formatted(chance: Chance, fields: ReadonlyMap<string, string>): string {
  return formatXml(fields, { bare: () => chance.happens(0.3), newlines: chance.pick([0, 3, 99]) })
}

function headersOf(chance: Chance): Input['headers'] {
  const type = chance.pick(['text/xml', 'text/xml; charset=gbk', 'application/json', ''])
  return type === '' ? [] : [['content-type', type]]
}
