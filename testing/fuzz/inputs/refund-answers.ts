/** Answers of WeChat about refunds and their payments: true ones, ones with a wrong field, and contradictions. */
import type { SqlRow } from '../../simulation/d1/sqlite.ts'
import type { Chance } from '../../simulation/run/random.ts'
import type { FuzzWorld } from '../run/world.ts'
import { ODD_TEXTS } from './bytes.ts'
import type { Answer } from './input.ts'
import { type Fields, spoiled } from './signed-message.ts'

/** The refund that an input is about. It may not exist yet. */
export type Target = Readonly<{
  ordercode: string
  number: string
  transactionId: string
  refundFee: number
  totalFee: number
  /** Who paid; absent for the payer of the fixture. */
  openid?: string
}>

/** Picks a stored refund, or a payment with a number that has no refund yet. */
export function targetOf(world: FuzzWorld, chance: Chance): Target {
  const rows = (sql: string): SqlRow[] => world.sqlite.run({ sql, values: [] }).rows
  const isKnown = chance.happens(0.6)
  const known = rows('SELECT * FROM refunds')
  const waiting = known.filter(({ state }) => state === 'requested')
  const isWaiting = waiting.length > 0 && chance.happens(0.4)
  const row = chance.pick(isKnown ? (isWaiting ? waiting : known) : rows('SELECT * FROM payments'))
  const number = isKnown
    ? String(row['out_refund_no'])
    : chance.pick(['hand-0001', `n-${chance.below(1_000_000)}`, `n-${chance.below(1_000_000)}`])
  const whole = Number(row['total_fee'])
  const fresh = chance.pick([1, 1, 2, 700, whole - 700, whole, whole + 1])
  return {
    ordercode: String(row['ordercode']),
    number,
    transactionId: String(row['transaction_id']),
    refundFee: isKnown ? Number(row['refund_fee']) : fresh,
    totalFee: whole,
  }
}

/** Answers to every call that a refund may need, in the order of the calls; none for some, so that the simulator answers. */
export function refundAnswers(world: FuzzWorld, chance: Chance, target: Target): Answer[] {
  const some = (of: () => Answer): Answer[] =>
    Array.from({ length: chance.pick([0, 1, 1, 2, 2]) }, of)
  if (chance.happens(0.12)) {
    // WeChat refuses, and has no such refund.
    const absent = { result_code: 'FAIL', err_code: 'REFUNDNOTEXIST' }
    return [
      spoiled(chance, 'refund', refused(chance, REFUND_CODES)),
      ...some(() => spoiled(chance, 'refundquery', absent)),
    ]
  }
  return [
    ...some(() => spoiled(chance, 'refund', refundSaid(chance, target))),
    ...some(() => spoiled(chance, 'refundquery', refundsSaid(chance, target))),
    ...some(() => spoiled(chance, 'orderquery', paymentSaid(world, chance, target))),
  ]
}

const FOREIGN: readonly Fields[] = [
  { appid: 'wx0000000000000000' },
  { mch_id: '10000199' },
  { transaction_id: '4200000000202611220000009999' },
  { transaction_id: '' },
]

const REFUND_CODES = [
  'SYSTEMERROR', 'BIZERR_NEED_RETRY', 'NOTENOUGH', 'FREQUENCY_LIMITED', 'ORDER_NOT_READY', 'INVALID_REQ_TOO_MUCH',
  'TRADE_OVERDUE', 'USER_ACCOUNT_ABNORMAL', 'ORDERNOTEXIST', 'REFUND_FEE_INVALID', 'INVALID_REQUEST', 'PARAM_ERROR',
  'TRADE_STATE_ERROR', 'CERT_ERROR', 'NOAUTH', 'SIGNERROR', 'ERROR', 'BRAND_NEW', '', '__proto__', 'REFUNDNOTEXIST',
] as const // prettier-ignore

const refused = (chance: Chance, codes: readonly string[]): Fields => ({
  result_code: chance.pick(['FAIL', 'FAIL', 'FAIL', 'fail', '']),
  err_code: chance.pick(codes),
  err_code_des: chance.pick(['', '订单已全额退款', 'no', '请求太频繁']),
})

const failed = (chance: Chance): Fields => ({
  return_code: chance.pick(['FAIL', '', 'success']),
  return_msg: chance.pick(['签名错误', '系统繁忙', 'mch_id参数格式错误', '']),
})

/** The answer to a refund. */
function refundSaid(chance: Chance, target: Target): Fields {
  const { ordercode, number, transactionId, refundFee, totalFee } = target
  const accepted: Fields = {
    transaction_id: transactionId,
    out_trade_no: ordercode,
    out_refund_no: number,
    refund_id: '50000405502026112200000000001',
    refund_fee: String(refundFee),
    total_fee: String(totalFee),
    cash_fee: String(totalFee),
  }
  const wrong = chance.pick<Fields>([
    ...FOREIGN,
    { out_refund_no: 'r-done-01' },
    { out_refund_no: '' },
    { refund_fee: String(refundFee + 1) },
    { refund_fee: '0' },
    { refund_fee: `${refundFee}.0` },
    { refund_fee: chance.pick(ODD_TEXTS).replaceAll(/[\0\ud800\ufffe]/g, '') },
    { refund_id: '' },
    { total_fee: '1' },
    { result_code: 'success' },
  ])
  return chance.pick<() => Fields>([
    () => accepted,
    () => accepted,
    () => ({ ...accepted, ...wrong }),
    () => refused(chance, REFUND_CODES),
    () => refused(chance, REFUND_CODES),
    () => failed(chance),
  ])()
}

const STATUSES = ['SUCCESS', 'SUCCESS', 'PROCESSING', 'CHANGE', 'REFUNDCLOSE', 'NOTSURE', 'success', ''] // prettier-ignore

/** The answer to a query of a refund: its record with others, in wrong numbers, twice with other words. */
function refundsSaid(chance: Chance, target: Target): Fields {
  const { ordercode, transactionId, totalFee } = target
  if (chance.happens(0.12)) return failed(chance)
  if (chance.happens(0.3)) {
    return refused(chance, ['REFUNDNOTEXIST', 'REFUNDNOTEXIST', 'REFUNDNOTEXIST', ...REFUND_CODES])
  }
  const count = chance.pick([1, 1, 1, 2, 3, 12])
  const records = Array.from({ length: count }, () => record(chance, target))
  const first = chance.happens(0.05) ? 1 : 0
  const indexed = records.flatMap((fields, n) =>
    Object.entries(fields).map(([name, value]) => [`${name}_${n + first}`, value] as const),
  )
  const dropped = chance.happens(0.1) ? chance.below(indexed.length) : -1
  return {
    transaction_id: transactionId,
    out_trade_no: ordercode,
    total_fee: String(totalFee),
    refund_count: chance.happens(0.85)
      ? String(count)
      : chance.pick(['0', '', '-1', '11', '01', '1.0', '99999999999', '1e1']),
    ...(chance.happens(0.2) ? { total_refund_count: chance.pick(['1', '50', '51', '', 'x']) } : {}),
    ...Object.fromEntries(indexed.filter((_, n) => n !== dropped)),
    ...(chance.happens(0.15) ? chance.pick(FOREIGN) : {}),
  }
}

function record(chance: Chance, { number, refundFee }: Target): Fields {
  const isThis = chance.happens(0.75)
  return {
    out_refund_no: isThis ? number : chance.pick(['r-done-01', 'r-card-01', 'hand-0001', 'auto*1', '', ' ']), // prettier-ignore
    refund_id: chance.pick(['50000405502026112200000000001', '']),
    refund_fee: chance.happens(0.8)
      ? String(refundFee)
      : chance.pick(['1', '0', '', '-1', '8800', '999999999', '1.0', '٣', `0${refundFee}`]),
    refund_status: chance.pick(STATUSES),
    refund_recv_accout: chance.pick(['招商银行信用卡0403', '']),
    refund_success_time: chance.pick(['2026-11-23 11:00:00', '2026-02-30 11:00:00', '', 'x']),
  }
}

/** The answer to an orderquery by transaction_id. */
function paymentSaid(world: FuzzWorld, chance: Chance, target: Target): Fields {
  if (chance.happens(0.1)) return failed(chance)
  if (chance.happens(0.2)) {
    return refused(chance, ['ORDERNOTEXIST', 'ORDERNOTEXIST', 'SYSTEMERROR', 'BRAND_NEW', ''])
  }
  const said: Fields = {
    transaction_id: target.transactionId,
    out_trade_no: target.ordercode,
    openid: target.openid ?? world.payer,
    trade_type: 'JSAPI',
    trade_state: chance.pick(['SUCCESS', 'SUCCESS', 'SUCCESS', 'REFUND', 'REFUND', 'NOTPAY', 'REVOKED', 'X']), // prettier-ignore
    bank_type: 'OTHERS',
    total_fee: String(target.totalFee),
    fee_type: 'CNY',
    time_end: '20261122100000',
  }
  const wrong = chance.pick<Fields>([
    ...FOREIGN,
    { total_fee: '1' },
    { total_fee: '8801' },
    { out_trade_no: 'other-001' },
    { openid: 'oAnotherPayer' },
    { trade_type: 'NATIVE' },
    { fee_type: 'USD' },
    { time_end: '' },
  ])
  return chance.happens(0.6) ? said : { ...said, ...wrong }
}
