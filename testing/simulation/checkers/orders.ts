/** Checks of orders, attempts and payments. Each check covers one part of the product's promise. */
import type { Evidence } from './evidence.ts'
import { isUnrecorded, unrecorded } from './losses.ts'
import { codeOf } from './witness.ts'
import { type Check, failures, numberOf, rows } from './rows.ts'

const isOpenAtWeChat = (state: string): boolean =>
  !['SUCCESS', 'REFUND', 'CLOSED', 'REVOKED'].includes(state)

/** Every payment that WeChat took is recorded once, on the attempt that was paid, with the same amount, payer and time. */
const capturedIsRecorded: Check = (evidence) =>
  evidence.captures.flatMap((capture) => {
    const { transactionId, outTradeNo, totalFee, openid } = capture
    const recorded = rows(evidence, 'payments').filter(
      (row) => row['transaction_id'] === transactionId,
    )
    const [payment] = recorded
    if (payment === undefined) {
      if (isUnrecorded(evidence, transactionId)) return []
      return [`${transactionId} of ${outTradeNo}, ${totalFee} fen, is not recorded`]
    }
    const wrong = failures([
      recorded.length === 1 || 'twice',
      numberOf(payment) === outTradeNo || `on ${numberOf(payment)}`,
      payment['total_fee'] === totalFee || `with ${payment['total_fee']} fen`,
      payment['cash_fee'] === capture.cashFee || `with ${payment['cash_fee']} fen in cash`,
      payment['openid'] === openid || 'for another payer',
      payment['paid_at'] === Math.floor(capture.paidAt / 1_000) || 'at another time',
    ])
    return wrong.map(
      (what) => `${transactionId} of ${outTradeNo}, ${totalFee} fen, is recorded ${what}`,
    )
  })

/** Every recorded payment was taken by WeChat. */
const recordedWasCaptured: Check = (evidence) =>
  rows(evidence, 'payments')
    .filter(
      (row) => !evidence.captures.some((each) => each.transactionId === row['transaction_id']),
    )
    .map((row) => `${row['transaction_id']} of ${numberOf(row)} was never captured`)

/**
 * An order is `paid` if and only if it has a recorded payment that does not go back, whose amount equals that of its
 * attempt. A payment that goes back is recorded beside an order in any state.
 */
const paidOrderHasItsPayment: Check = (evidence) =>
  rows(evidence, 'orders').flatMap((order) => {
    const { ordercode, state, transaction_id: transactionId } = order
    const own = rows(evidence, 'payments').filter((row) => row['ordercode'] === ordercode)
    if (state !== 'paid') {
      return own
        .filter((row) => row['returned'] !== 1)
        .map((row) => `${ordercode} is ${state}, but has payment ${row['transaction_id']}`)
    }
    const payment = own.find((row) => row['transaction_id'] === transactionId)
    if (payment === undefined)
      return [`${ordercode} is paid by ${transactionId}, which is not a payment of this order`]
    const attempt = rows(evidence, 'attempts').find((row) => numberOf(row) === numberOf(payment))
    return failures([
      payment['returned'] === 0 || 'its payment goes back',
      attempt?.['state'] === 'paid' || `its attempt is ${attempt?.['state']}`,
      attempt?.['total_fee'] === payment['total_fee'] || 'the amounts differ',
      order['paid_at'] === payment['paid_at'] || 'the times differ',
    ]).map((what) => `${ordercode} is paid, but ${what}`)
  })

/** Each revision of an order has one event, without gaps, and replaying the events gives the order's state. */
const everyChangeHasItsEvent: Check = (evidence) =>
  rows(evidence, 'orders').flatMap((order) => {
    const { ordercode, revision, state } = order
    const events = rows(evidence, 'events')
      .filter((row) => row['ordercode'] === ordercode)
      .sort((a, b) => Number(a['revision']) - Number(b['revision']))
    const numbers = events.map((row) => Number(row['revision']))
    const isNext = (number: number, at: number): boolean =>
      number === (numbers[at - 1] ?? 0) + 1 || isRecoveryRevision(evidence, number)
    if (!numbers.every(isNext) || numbers.at(-1) !== revision) {
      return [`${ordercode} is at revision ${revision} and has events ${numbers.join()}`]
    }
    // A payment that goes back does not make its order paid.
    const types = events.map((row) =>
      String(row['data']).includes('"returned":"yes"') ? 'payment_returned' : String(row['type']),
    )
    const replayed = replay(types)
    return [
      ...(replayed === state
        ? []
        : [`${ordercode} is ${state}, but its events say ${replayed}: ${types.join()}`]),
      ...countsOf(evidence, String(ordercode), types),
    ]
  })

/** The first change of an order after a recovery lifts its revision to ten for each second until the recovery began. */
const isRecoveryRevision = (evidence: Evidence, revision: number): boolean =>
  rows(evidence, 'recoveries').some((row) => Number(row['requested_at']) * 10 === revision)

const MADE_PAID = ['payment_booked', 'payment_accepted', 'payment_restored']

function replay(types: readonly string[]): string {
  return types.reduce((state, type) => {
    if (MADE_PAID.includes(type)) return 'paid'
    if (state === 'paid') return state
    if (type === 'order_closed') return 'closed'
    return type === 'attempt_opened' ? 'paying' : state
  }, 'created')
}

function countsOf(evidence: Evidence, ordercode: string, types: readonly string[]): string[] {
  const of = (table: string) =>
    rows(evidence, table).filter((row) => row['ordercode'] === ordercode)
  const count = (...wanted: string[]) => types.filter((type) => wanted.includes(type)).length
  const payments = of('payments').length
  const attempts = of('attempts').length
  const recorded = count(
    'payment_booked',
    'payment_returned',
    'second_payment_recorded',
    'payment_restored',
  )
  return [
    ...(recorded === payments
      ? []
      : [`${ordercode} has ${payments} payments and ${recorded} events about payments`]),
    ...(count('payment_booked', 'payment_accepted') <= 1
      ? []
      : [`${ordercode} became paid more than once`]),
    // A payment that is accepted after a restore brings its attempt along.
    ...(count('attempt_opened', 'payment_restored') === attempts
      ? []
      : [`${ordercode} has ${attempts} attempts and another number of attempt_opened events`]),
  ]
}

/**
 * Whether the order waits for a person: WeChat has a payment under the number of its attempt that is not the attempt's, because
 * the number was used before a restore.
 */
const isHeldByReview = (evidence: Evidence, ordercode: unknown): boolean =>
  unrecorded(evidence).some(({ outTradeNo }) => codeOf(outTradeNo) === ordercode)

/**
 * Whether a restore lost that WeChat has this order: the attempt, or that a later unifiedorder of it succeeded. It is not closed
 * at WeChat, because it may be another system's. It can be paid until its `time_expire`.
 */
const isLostAtWeChat = ({ restores }: Evidence, outTradeNo: string, createdAt: number): boolean =>
  restores.hasLostNumber(outTradeNo) || restores.hasLost(createdAt)

/** No order or attempt is open long after its expiry, neither here nor at WeChat; and every registered order exists. */
const nothingIsLeftOpen: Check = (evidence) => [
  ...rows(evidence, 'orders')
    .filter(({ state }) => state !== 'paid' && state !== 'closed')
    .filter(({ ordercode }) => !isHeldByReview(evidence, ordercode))
    .map(({ ordercode, state }) => `${ordercode} is ${state} long after its expiry`),
  ...rows(evidence, 'attempts')
    .filter(({ state }) => state === 'open' || state === 'closing')
    .filter(({ ordercode }) => !isHeldByReview(evidence, ordercode))
    .map((row) => `${numberOf(row)} is ${row['state']} long after its order has ended`),
  ...evidence.wechatOrders
    .filter(({ tradeState }) => isOpenAtWeChat(tradeState))
    .filter(({ outTradeNo, createdAt }) => !isLostAtWeChat(evidence, outTradeNo, createdAt))
    .map(({ outTradeNo, tradeState }) => `${outTradeNo} is still ${tradeState} at WeChat`),
  ...evidence.registered
    .filter((code) => !rows(evidence, 'orders').some(({ ordercode }) => ordercode === code))
    .map((ordercode) => `${ordercode} was confirmed to the shop, but does not exist`),
]

/** Every order at WeChat has an attempt in our tables, with the same amount and payer: attempts are stored before they are sent. */
const attemptsMatchWeChat: Check = (evidence) =>
  evidence.wechatOrders.flatMap(({ outTradeNo, totalFee, openid }) => {
    const attempt = rows(evidence, 'attempts').find((row) => numberOf(row) === outTradeNo)
    if (evidence.restores.hasLostNumber(outTradeNo)) return []
    if (attempt === undefined) return [`${outTradeNo} exists at WeChat, but not here`]
    return failures([
      attempt['total_fee'] === totalFee ||
        `${totalFee} fen at WeChat, ${attempt['total_fee']} here`,
      attempt['openid'] === openid || 'another payer at WeChat',
    ]).map((what) => `${outTradeNo}: ${what}`)
  })

/**
 * The sum of all payments in our records equals the sum in WeChat's ledger. This check does not match rows, so it would also
 * notice an error in the matching of the other checks.
 */
const sumsAgree: Check = (evidence) => {
  const captured = evidence.captures.reduce((sum, { totalFee }) => sum + totalFee, 0)
  const recorded = rows(evidence, 'payments').reduce(
    (sum, row) => sum + Number(row['total_fee']),
    0,
  )
  const lost = unrecorded(evidence).reduce((sum, { totalFee }) => sum + totalFee, 0)
  return captured === recorded + lost ? [] : [`${captured} fen captured, ${recorded} fen recorded`]
}

const foreignKeysHold: Check = ({ brokenReferences }) =>
  brokenReferences === 0 ? [] : [`${brokenReferences} rows break a foreign key`]

/** All checks about orders and payments, by name. */
export const ORDER_CHECKS = {
  capturedIsRecorded,
  recordedWasCaptured,
  paidOrderHasItsPayment,
  everyChangeHasItsEvent,
  nothingIsLeftOpen,
  attemptsMatchWeChat,
  sumsAgree,
  foreignKeysHold,
} satisfies Record<string, Check>
