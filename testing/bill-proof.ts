/**
 * Days of payments and refunds that differ from their bill in every way and combination, and what a comparison of
 * such a day must find. Nothing here uses the code that compares: what must be found is reasoned from the plan.
 */
import { combinations } from './combinations.ts'
import { payment, refund, type Values } from './wire/bill-writer.ts'
import { seeded } from './wire/seeded.ts'

/** The Beijing day of the bill. */
export const PROOF_DAY = '2026-11-23'
const DAY_START_S = Date.parse(`${PROOF_DAY}T00:00:00+08:00`) / 1_000
const NOON_S = DAY_START_S + 43_200
const APPID = 'wxd930ea5d5a258f4f'
const OTHER_APPID = 'wx0000000000000002'
const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'

/** What may be true of a payment, its rows in the bill and its refund. The first value is the usual one. */
const FACTS = {
  /** What our records have: the payment, its attempt, its order, or nothing. */
  known: ['payment', 'attempt', 'order', 'nothing'],
  /** How many rows the bill has about the payment. */
  rows: [1, 0, 2],
  state: ['SUCCESS', 'REVOKED'],
  appid: [APPID, OTHER_APPID],
  /** By how much fen the row's amount is more than ours. */
  more: [0, 1],
  openid: [OPENID, 'oOtherPayerOtherPayerOther00', ''],
  tradeType: ['JSAPI', 'NATIVE'],
  fee: ['right', 'half'],
  time: ['on the day', 'a moment later', 'an hour later'],
  /** Whether the bill of another day has the payment, too. */
  isBilledElsewhere: [false, true],
  refund: [
    'none',
    'agrees',
    'is in no bill',
    'was made on the merchant platform and is in no bill',
    'is not ours',
    'has another amount',
    'is in the bill twice',
    'was not accepted, as far as we know',
  ],
} as const

type Situation = Readonly<{ [K in keyof typeof FACTS]: (typeof FACTS)[K][number] }>

/** One SQL statement that puts a part of the plan into our records. */
export type Seed = Readonly<{ sql: string; params: readonly (string | number | null)[] }>

/** A count and a sum in fen. */
type Sum = { count: number; fee: number }

/** What the comparison of a plan must find. */
export type Expected = {
  /** Each difference as `kind subject`; rows outside the day only by their kind. */
  differences: string[]
  /** What the bill has of ours, and what must be marked as contained in it. */
  billPayments: Sum
  billRefunds: Sum
  markedPayments: string[]
  markedRefunds: string[]
  revoked: number
  otherAppids: number
  unknownOrders: number
  rows: number
}

/** A day: our records, the rows of its bill, and what the comparison must find. */
export type Plan = Readonly<{
  seeds: readonly Seed[]
  rows: readonly Values[]
  expected: Expected
}>

/** Every situation with one or two deviations, and `random` random ones, as one day. */
export function planOfAll(random: number, seed: number): Plan {
  const { below } = seeded(seed)
  return planOf(combinations(FACTS, random, below) as readonly Situation[], seed)
}

/** A day of a few random situations. */
export function planOfSome(count: number, seed: number): Plan {
  const { below } = seeded(seed)
  const all = combinations(FACTS, count, below) as readonly Situation[]
  return planOf(all.slice(-count), seed)
}

function planOf(situations: readonly Situation[], seed: number): Plan {
  const { below } = seeded(seed + 1)
  const seeds: Seed[] = []
  const rows: Values[] = []
  const expected: Expected = {
    differences: [],
    billPayments: { count: 0, fee: 0 },
    billRefunds: { count: 0, fee: 0 },
    markedPayments: [],
    markedRefunds: [],
    revoked: 0,
    otherAppids: 0,
    unknownOrders: 0,
    rows: 0,
  }
  for (const [n, situation] of situations.entries()) {
    const one = new OnePayment(situation, n)
    seeds.push(...one.seeds())
    rows.push(...one.rows())
    one.expect(expected)
  }
  expected.differences.sort()
  // The rows of a bill are in no order, so repetitions are far from one another. The first row shows that the file
  // is that of the day.
  const other = payment({ 公众账号ID: OTHER_APPID, 交易时间: beijing(NOON_S) })
  expected.rows++
  expected.otherAppids++
  const shuffled = rows
    .map((row) => ({ row, at: below(1_000_000) }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row)
  return { seeds, rows: [other, ...shuffled], expected }
}

const yuan = (fen: number): string => {
  const digits = String(fen).padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}

/** 0.60 % of an amount, rounded half up to fen, as the bill prints it. */
const feeOf = (fen: number): string => `${yuan(Number((BigInt(fen) * 60n + 5_000n) / 10_000n))}000`

const beijing = (seconds: number): string =>
  new Date((seconds + 28_800) * 1_000).toISOString().slice(0, 19).replace('T', ' ')

/** One payment of a plan. */
class OnePayment {
  readonly #is: Situation
  readonly #ordercode: string
  readonly #transactionId: string
  readonly #outRefundNo: string
  readonly #fee: number
  readonly #refundFee: number

  constructor(situation: Situation, n: number) {
    this.#is = situation
    const number = String(n).padStart(6, '0')
    this.#ordercode = `proof-${number}`
    this.#transactionId = `4200002811202611229900${number}`
    this.#outRefundNo = `proof-r-${number}`
    this.#fee = 1_000 + ((n * 7_919) % 50_000)
    this.#refundFee = 100 + (n % 700)
  }

  /** The refund, if our records have the payment it is of; otherwise WeChat alone knows the refund. */
  get #refund(): Situation['refund'] {
    const { known, refund: is } = this.#is
    return known === 'payment' || is === 'none' ? is : 'is not ours'
  }

  get #isRefundOurs(): boolean {
    return this.#refund !== 'none' && this.#refund !== 'is not ours'
  }

  seeds(): readonly Seed[] {
    const { known, isBilledElsewhere } = this.#is
    const isPaid = known === 'payment'
    const [ordercode, transactionId, fee] = [this.#ordercode, this.#transactionId, this.#fee]
    const order: Seed = {
      sql: `INSERT INTO orders (ordercode, state, revision, total_fee, body, expires_in, created_at,
              expires_at, transaction_id, paid_at) VALUES (?, ?, 1, ?, 'x', 7200, ?, ?, ?, ?)`,
      params: [
        ordercode,
        isPaid ? 'paid' : 'created',
        fee,
        NOON_S - 60,
        NOON_S + 7_140,
        isPaid ? transactionId : null,
        isPaid ? NOON_S : null,
      ],
    }
    const attempt: Seed = {
      sql: `INSERT INTO attempts (ordercode, number, state, appid, mch_id, openid, spbill_create_ip,
              total_fee, body, notify_url, sign_type, time_start, time_expire, sent_at)
            VALUES (?, 1, ?, ?, '10000100', ?, '203.0.113.7', ?, 'x', 'https://pay.test/notify', 'MD5',
              ?, ?, ?)`,
      params: [
        ordercode,
        isPaid ? 'paid' : 'open',
        APPID,
        OPENID,
        fee,
        NOON_S - 60,
        NOON_S + 7_140,
        NOON_S - 60,
      ],
    }
    const paid: Seed = {
      sql: `INSERT INTO payments (transaction_id, ordercode, number, openid, trade_type, fee_type,
              total_fee, paid_at, billed_on) VALUES (?, ?, 1, ?, 'JSAPI', 'CNY', ?, ?, ?)`,
      params: [
        transactionId,
        ordercode,
        OPENID,
        fee,
        NOON_S,
        isBilledElsewhere ? '2026-11-20' : null,
      ],
    }
    return [
      ...(known === 'nothing' ? [] : [order]),
      ...(known === 'attempt' || isPaid ? [attempt] : []),
      ...(isPaid ? [paid] : []),
      ...(this.#isRefundOurs ? [this.#refundSeed()] : []),
    ]
  }

  #refundSeed(): Seed {
    const isAccepted = this.#refund !== 'was not accepted, as far as we know'
    const isByHand = this.#refund === 'was made on the merchant platform and is in no bill'
    const at = NOON_S + 600
    return {
      sql: `INSERT INTO refunds (out_refund_no, ordercode, transaction_id, state, refund_fee, total_fee,
              source, requested_at, started_at, accepted_at, ended_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      params: [
        this.#outRefundNo,
        this.#ordercode,
        this.#transactionId,
        isAccepted ? 'succeeded' : 'requested',
        this.#refundFee,
        this.#fee,
        isByHand ? 'merchant_platform' : 'shop',
        at,
        isByHand ? null : at,
        isAccepted ? at : null,
        isAccepted ? at : null,
      ],
    }
  }

  rows(): readonly Values[] {
    const { rows, state, appid, openid, tradeType, fee, time, more } = this.#is
    const amount = yuan(this.#fee + more)
    const late = { 'on the day': 0, 'a moment later': 43_260, 'an hour later': 46_800 }[time]
    const common = {
      公众账号ID: appid,
      微信订单号: this.#transactionId,
      商户订单号: this.#ordercode,
    }
    const paid = payment({
      ...common,
      交易时间: beijing(NOON_S + late),
      用户标识: openid,
      交易类型: tradeType,
      交易状态: state,
      应结订单金额: amount,
      订单金额: amount,
      手续费: fee === 'right' ? feeOf(this.#fee + more) : `${yuan((this.#fee + more) >> 1)}000`,
    })
    const refunded = this.#refundFee + (this.#refund === 'has another amount' ? 1 : 0)
    const returned = refund({
      ...common,
      交易时间: beijing(NOON_S + 600),
      用户标识: openid,
      商户退款单号: this.#outRefundNo,
      微信退款单号: `5${this.#transactionId}`,
      退款金额: yuan(refunded),
      申请退款金额: yuan(refunded),
      手续费: `-${feeOf(refunded)}`,
    })
    return [...Array(rows).fill(paid), ...Array(this.#refundRows).fill(returned)] as Values[]
  }

  get #refundRows(): number {
    switch (this.#refund) {
      case 'none':
      case 'is in no bill':
      case 'was made on the merchant platform and is in no bill':
        return 0
      case 'is in the bill twice':
        return 2
      default:
        return 1
    }
  }

  /** Adds what the comparison must find about this payment. */
  expect(expected: Expected): void {
    expected.rows += this.#is.rows + this.#refundRows
    if (this.#is.time === 'an hour later') {
      for (let row = 0; row < this.#is.rows; row++) expected.differences.push('row_outside_day')
    }
    this.#expectPayment(expected)
    this.#expectRefund(expected)
  }

  /** Whose the rows are. */
  get #owner(): 'ours' | 'unknown' | 'other' {
    if (this.#is.appid === OTHER_APPID) return 'other'
    return this.#is.known === 'nothing' ? 'unknown' : 'ours'
  }

  #expectPayment(expected: Expected): void {
    const { known, rows, state, more, openid, tradeType, fee, isBilledElsewhere } = this.#is
    const isHere = known === 'payment'
    const differ = (kind: string) =>
      expected.differences.push(`payment_${kind} ${this.#transactionId}`)
    const missing = () => void (isHere && !isBilledElsewhere && differ('not_in_bill'))
    if (rows === 0) return missing()
    if (this.#owner === 'other') {
      expected.otherAppids += rows
      return missing()
    }
    if (this.#owner === 'unknown') {
      expected.unknownOrders += rows
      differ('of_unknown_order')
      return
    }
    if (state === 'REVOKED') {
      expected.revoked += rows
      differ('revoked')
      return
    }
    expected.billPayments.count += rows
    expected.billPayments.fee += rows * (this.#fee + more)
    if (isHere && isBilledElsewhere) {
      differ('repeated')
      return
    }
    if (isHere) expected.markedPayments.push(this.#transactionId)
    const agrees =
      more === 0 && openid !== FACTS.openid[1] && tradeType === 'JSAPI' && fee === 'right'
    if (!isHere) differ('not_here')
    else if (!agrees) differ('differs')
    if (rows > 1) differ('repeated')
  }

  #expectRefund(expected: Expected): void {
    const rows = this.#refundRows
    const differ = (kind: string) =>
      expected.differences.push(`refund_${kind} ${this.#outRefundNo}`)
    const isAccepted = this.#isRefundOurs && this.#refund !== 'was not accepted, as far as we know'
    const missing = () => void (isAccepted && differ('not_in_bill'))
    if (rows === 0) return missing()
    if (this.#owner === 'other') {
      expected.otherAppids += rows
      return missing()
    }
    if (this.#owner === 'unknown') {
      expected.unknownOrders += rows
      differ('of_unknown_order')
      return
    }
    const isOther = this.#refund === 'has another amount'
    expected.billRefunds.count += rows
    expected.billRefunds.fee += rows * (this.#refundFee + (isOther ? 1 : 0))
    if (!this.#isRefundOurs) {
      differ('not_here')
      return
    }
    expected.markedRefunds.push(this.#outRefundNo)
    if (isOther || !isAccepted) differ('differs')
    if (rows > 1) differ('repeated')
  }
}
