/**
 * Inputs that make the Worker call WeChat, with answers by WeChat or by an attacker on the way. These answers must not make
 * an order paid.
 */
import { sign } from '../../../simulator/lib/sign.ts'
import { formatXml } from '../../../simulator/lib/xml.ts'
import type { Chance } from '../../simulation/run/random.ts'
import { FEE, OURS } from '../run/fixture.ts'
import { API_KEY, type FuzzWorld, OLD_KEY, ORDERS, TOKEN } from '../run/world.ts'
import { mutateBytes, noise, ODD_TEXTS } from './bytes.ts'
import { hostileXml } from './hostile-xml.ts'
import { type Answer, type EndpointName, type Input, requestOf, utf8 } from './input.ts'

type Fields = Readonly<Record<string, string>>

const ERR_CODES = [
  'ORDERPAID', 'ORDERCLOSED', 'ORDERNOTEXIST', 'SYSTEMERROR', 'NOAUTH', 'OUT_TRADE_NO_USED', 'NOTENOUGH',
  'FREQUENCY_LIMITED', 'SIGNERROR', 'INVALID_REQUEST', 'TRADE_STATE_ERROR', 'PARAM_ERROR', 'BRAND_NEW',
  'APPID_MCHID_NOT_MATCH', '', '__proto__',
] as const // prettier-ignore

const TRADE_STATES = ['NOTPAY', 'CLOSED', 'USERPAYING', 'PAYERROR', 'REVOKED', 'ACCEPT', 'WHAT', '']

/** A request that makes the Worker call WeChat, and up to two answers for each endpoint, used in order. */
export function makeAnswered(world: FuzzWorld, chance: Chance): Input {
  const at = chance.pick([120, 120, 400, 7_400, 700_000])
  world.setTime(at)
  const ordercode = chance.pick([
    ORDERS.paying,
    ORDERS.bound,
    ORDERS.second,
    ORDERS.created,
    ORDERS.lost,
  ])
  const request = chance.pick([
    () => payRequest(world, chance, ordercode),
    () => payRequest(world, chance, ordercode),
    () => requestOf('GET', `/result?ticket=${chance.pick(world.seeds.tickets)}`),
    () => shopRequest('POST', `/orders/${ordercode}/query`),
    () => shopRequest('POST', `/orders/${ordercode}/close`),
    () => oldKeyNotice(world, chance),
  ])()
  const answers = ENDPOINTS.flatMap((endpoint) =>
    Array.from({ length: chance.pick([0, 1, 2, 2]) }, () =>
      answer(world, chance, endpoint, ordercode),
    ),
  )
  return { lane: 'WeChat answers', ...request, at, answers }
}

const ENDPOINTS = ['jscode2session', 'unifiedorder', 'orderquery', 'closeorder'] as const

const shopRequest = (method: string, path: string) =>
  requestOf(method, path, { headers: [['authorization', `Bearer ${TOKEN}`]] })

function payRequest(world: FuzzWorld, chance: Chance, ordercode: string) {
  const openid = chance.pick([world.payer, world.payer, world.otherPayer])
  return requestOf('GET', `/pay?code=${world.wechat.payer.login(openid)}&ordercode=${ordercode}`)
}

/** A notice under the old key makes the Worker query WeChat. */
function oldKeyNotice(world: FuzzWorld, chance: Chance) {
  const ordercode = chance.pick([ORDERS.paying, ORDERS.second, ORDERS.paid])
  const xml = world.wechat.notices.ofPayments.xml(ordercode, { key: OLD_KEY })
  return requestOf('POST', '/notify', { body: { bytes: utf8(xml), pieces: 1, breaks: false } })
}

function answer(
  world: FuzzWorld,
  chance: Chance,
  endpoint: EndpointName,
  ordercode: string,
): Answer {
  if (chance.happens(0.08)) return { endpoint, what: chance.pick(['stalls', 'drops', 'breaks']) }
  const status = chance.happens(0.95) ? 200 : chance.pick([201, 302, 400, 404, 500, 502, 521, 530])
  const text =
    endpoint === 'jscode2session' ? login(world, chance) : pay(world, chance, endpoint, ordercode)
  const whole = typeof text === 'string' ? utf8(text) : text
  const bytes = chance.happens(0.05) ? noise(chance) : whole
  return { endpoint, what: { status, bytes } }
}

function login(world: FuzzWorld, chance: Chance): Uint8Array<ArrayBuffer> {
  const errcode = chance.pick<unknown>([
    -1,
    0,
    40029,
    40163,
    40226,
    45011,
    40013,
    40125,
    99999,
    '0',
    null,
  ])
  const openid = chance.pick<unknown>([world.payer, '', 'o o', 7, null, {}, ...ODD_TEXTS])
  const json = chance.pick<unknown>([
    { openid, session_key: 'k' },
    { openid, errcode, errmsg: chance.pick(ODD_TEXTS) },
    { errcode, errmsg: 7 },
    [openid],
    openid,
  ])
  const bytes = utf8(JSON.stringify(json))
  return chance.happens(0.3) ? mutateBytes(chance, bytes) : bytes
}

function pay(
  world: FuzzWorld,
  chance: Chance,
  endpoint: EndpointName,
  ordercode: string,
): Uint8Array<ArrayBuffer> | string {
  const fields = fieldsOf(world, chance, endpoint, ordercode)
  // If an answer reports a payment that fits the attempt, and is signed with the current key, the Worker is right to record
  // the payment. No answer of this fuzz may make an order paid, so such an answer is signed with a wrong key.
  const forged = fields['trade_state'] === 'SUCCESS' || fields['trade_state'] === 'REFUND'
  const fitting = forged && fields['wrong'] === undefined
  const { wrong: _, ...said } = fields
  const key = fitting || chance.happens(0.15) ? chance.pick([OLD_KEY, '', 'x'.repeat(32)]) : API_KEY
  const signature = sign(said, key, chance.happens(0.95) ? 'MD5' : 'HMAC-SHA256')
  const xml = formatXml({ ...said, ...(chance.happens(0.95) ? { sign: signature } : {}) })
  if (chance.happens(0.15)) return mutateBytes(chance, utf8(xml))
  if (chance.happens(0.08)) {
    const hostile = hostileXml(chance, xml)
    return typeof hostile === 'string' ? hostile : hostile.bytes
  }
  return xml
}

function fieldsOf(
  world: FuzzWorld,
  chance: Chance,
  endpoint: EndpointName,
  ordercode: string,
): Fields {
  const head = { return_code: 'SUCCESS', return_msg: 'OK', nonce_str: 'n', ...OURS }
  const roll = chance.below(10)
  if (roll === 0) {
    const messages = ['签名错误', 'appid不存在', '系统繁忙', 'SYSTEMERROR', 'anything', '']
    return { return_code: chance.pick(['FAIL', '', 'success']), return_msg: chance.pick(messages) }
  }
  if (roll <= 3) {
    const err_code_des = chance.pick(['201 商户订单号重复', 'no', '中文', ...ODD_TEXTS.slice(0, 6)])
    const result_code = chance.pick(['FAIL', 'FAIL', 'fail', ''])
    return {
      ...head,
      result_code,
      err_code: chance.pick(ERR_CODES),
      err_code_des: err_code_des.replaceAll(/[\0\ud800\ufffe]/g, ''),
    }
  }
  const ok = { ...head, result_code: 'SUCCESS' }
  if (endpoint === 'closeorder') return ok
  if (endpoint === 'unifiedorder') {
    const prepay_id = chance.pick([
      'wx201410272009395522657a690389285100',
      '',
      ' ',
      'a b',
      'x'.repeat(65),
      '中',
    ])
    return { ...ok, trade_type: chance.pick(['JSAPI', 'JSAPI', 'JSAPI', 'NATIVE', '']), prepay_id }
  }
  const number = chance.pick([ordercode, ordercode, ordercode, `${ordercode}*2`, 'another-01'])
  if (roll <= 6) {
    return { ...ok, out_trade_no: number, trade_state: chance.pick(TRADE_STATES) }
  }
  return { ...ok, out_trade_no: number, ...paidFields(world, chance) }
}

const WRONG: readonly Fields[] = [
  { total_fee: '1' },
  { total_fee: `${FEE}.0` },
  { fee_type: 'USD' },
  { openid: 'oAnotherPayer' },
  { trade_type: 'NATIVE' },
  { time_end: '20200101000000' },
  { time_end: 'yesterday' },
  { transaction_id: '' },
  { out_trade_no: 'absent-01' },
]

function paidFields(world: FuzzWorld, chance: Chance): Fields {
  const fitting: Fields = {
    trade_state: chance.pick(['SUCCESS', 'SUCCESS', 'REFUND']),
    transaction_id: '4200000000202611230000000001',
    openid: world.payer,
    trade_type: 'JSAPI',
    total_fee: String(FEE),
    fee_type: 'CNY',
    time_end: '20261123120300',
  }
  return chance.happens(0.4) ? fitting : { ...fitting, ...chance.pick(WRONG), wrong: 'yes' }
}
