/** Each finds what breaks one part of the promise, and says so in a sentence. */
import type { Evidence } from './evidence.ts'
import { failures, type Check, numberOf, rows } from './rows.ts'

const isOpenAtWeChat = (state: string): boolean =>
  !['SUCCESS', 'REFUND', 'CLOSED', 'REVOKED'].includes(state)

/** Money that WeChat took is booked: the sum, the payer, the time, on the attempt that was paid. */
const capturedIsRecorded: Check = (evidence) =>
  evidence.captures.flatMap((capture) => {
    const { transactionId, outTradeNo, totalFee, openid } = capture
    const booked = rows(evidence, 'payments').filter(
      (row) => row['transaction_id'] === transactionId,
    )
    const [payment] = booked
    if (payment === undefined) {
      return [`${transactionId} of ${outTradeNo}, ${totalFee} fen, is not booked`]
    }
    const wrong = failures([
      booked.length === 1 || 'booked twice',
      numberOf(payment) === outTradeNo || `on ${numberOf(payment)}`,
      payment['total_fee'] === totalFee || `with ${payment['total_fee']} fen`,
      payment['cash_fee'] === capture.cashFee || `with ${payment['cash_fee']} fen in cash`,
      payment['openid'] === openid || 'for another payer',
      payment['paid_at'] === Math.floor(capture.paidAt / 1_000) || 'at another time',
    ])
    return wrong.map(
      (what) => `${transactionId} of ${outTradeNo}, ${totalFee} fen, is booked ${what}`,
    )
  })

const recordedWasCaptured: Check = (evidence) =>
  rows(evidence, 'payments')
    .filter(
      (row) => !evidence.captures.some((each) => each.transactionId === row['transaction_id']),
    )
    .map((row) => `${row['transaction_id']} of ${numberOf(row)} was never captured`)

/** `paid` if and only if a booked payment of this order says so, equal to its attempt's amount. */
const paidOrderHasItsPayment: Check = (evidence) =>
  rows(evidence, 'orders').flatMap((order) => {
    const { ordercode, state, transaction_id: transactionId } = order
    const own = rows(evidence, 'payments').filter((row) => row['ordercode'] === ordercode)
    if (state !== 'paid') {
      return own.map(
        (row) => `${ordercode} is ${state}, and ${row['transaction_id']} is booked on it`,
      )
    }
    const payment = own.find((row) => row['transaction_id'] === transactionId)
    if (payment === undefined)
      return [`${ordercode} is paid by ${transactionId}, which is not its own`]
    const attempt = rows(evidence, 'attempts').find((row) => numberOf(row) === numberOf(payment))
    return failures([
      attempt?.['state'] === 'paid' || `its attempt is ${attempt?.['state']}`,
      attempt?.['total_fee'] === payment['total_fee'] || 'the amounts differ',
      order['paid_at'] === payment['paid_at'] || 'the times differ',
    ]).map((what) => `${ordercode} is paid, but ${what}`)
  })

/** One event for each revision, without a hole, and they tell the same story as the state. */
const everyChangeHasItsEvent: Check = (evidence) =>
  rows(evidence, 'orders').flatMap((order) => {
    const { ordercode, revision, state } = order
    const events = rows(evidence, 'events')
      .filter((row) => row['ordercode'] === ordercode)
      .sort((a, b) => Number(a['revision']) - Number(b['revision']))
    const numbers = events.map((row) => row['revision'])
    const expected = Array.from({ length: Number(revision) }, (_, at) => at + 1)
    if (numbers.join() !== expected.join()) {
      return [`${ordercode} is at revision ${revision} and has events ${numbers.join()}`]
    }
    const types = events.map((row) => String(row['type']))
    const told = replay(types)
    return [
      ...(told === state
        ? []
        : [`${ordercode} is ${state}, its events say ${told}: ${types.join()}`]),
      ...countsOf(evidence, String(ordercode), types),
    ]
  })

function replay(types: readonly string[]): string {
  return types.reduce((state, type) => {
    if (type === 'payment_booked') return 'paid'
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
  const booked = count('payment_booked', 'second_payment_recorded')
  return [
    ...(booked === payments ? [] : [`${ordercode} has ${payments} payments and ${booked} events`]),
    ...(count('payment_booked') <= 1 ? [] : [`${ordercode} became paid more than once`]),
    ...(count('attempt_opened') === attempts ? [] : [`${ordercode} has ${attempts} attempts`]),
  ]
}

/** Nobody can pay for what is closed or paid, and nothing that the shop registered is forgotten. */
const nothingIsLeftOpen: Check = (evidence) => [
  ...rows(evidence, 'orders')
    .filter(({ state }) => state !== 'paid' && state !== 'closed')
    .map(({ ordercode, state }) => `${ordercode} is ${state} long after its expiry`),
  ...rows(evidence, 'attempts')
    .filter(({ state }) => state === 'open' || state === 'closing')
    .map((row) => `${numberOf(row)} is ${row['state']} long after its order is over`),
  ...evidence.wechatOrders
    .filter(({ tradeState }) => isOpenAtWeChat(tradeState))
    .map(({ outTradeNo, tradeState }) => `${outTradeNo} is ${tradeState} at WeChat`),
  ...evidence.registered
    .filter((code) => !rows(evidence, 'orders').some(({ ordercode }) => ordercode === code))
    .map((ordercode) => `${ordercode} was confirmed and is not there`),
]

/** What WeChat has was stored before it was sent, and as it was sent. */
const attemptsMatchWeChat: Check = (evidence) =>
  evidence.wechatOrders.flatMap(({ outTradeNo, totalFee, openid }) => {
    const attempt = rows(evidence, 'attempts').find((row) => numberOf(row) === outTradeNo)
    if (attempt === undefined) return [`${outTradeNo} is at WeChat and not here`]
    return failures([
      attempt['total_fee'] === totalFee ||
        `${totalFee} fen at WeChat, ${attempt['total_fee']} here`,
      attempt['openid'] === openid || 'another payer at WeChat',
    ]).map((what) => `${outTradeNo}: ${what}`)
  })

/** The sums, by a second route: no row is looked at twice. */
const sumsAgree: Check = (evidence) => {
  const captured = evidence.captures.reduce((sum, { totalFee }) => sum + totalFee, 0)
  const booked = rows(evidence, 'payments').reduce((sum, row) => sum + Number(row['total_fee']), 0)
  return captured === booked ? [] : [`${captured} fen captured, ${booked} fen booked`]
}

const foreignKeysHold: Check = ({ brokenReferences }) =>
  brokenReferences === 0 ? [] : [`${brokenReferences} rows refer to nothing`]

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
