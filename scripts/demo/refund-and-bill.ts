/** Two more chapters of `npm run demo`: a partial refund, and a bill of WeChat in which a payment is missing. */
import { bold, say, yuan } from '../cli/terminal.ts'
import type { DemoContext, PaidOrder } from './context.ts'

const REFUND_FEN = 900
/**
 * How far the demo moves the clock after it requested a refund, in seconds: longer than the simulated WeChat takes to
 * complete the refund.
 */
const REFUND_TAKES_S = 240
const BEIJING_MS = 8 * 3_600_000
const DAY_MS = 86_400_000
/** The time of day in Beijing from which the Worker downloads WeChat's bill of the day before: 10:10. */
const BILL_TIME_MS = (10 * 60 + 10) * 60_000

/** Chapter 4: the shop refunds a part of a payment, over mutual TLS. A second refund exceeds the rest and is refused. */
export async function partialRefund(demo: DemoContext, order: PaidOrder): Promise<void> {
  const { stack, step, note, phone, shop, silentShop, check, until } = demo
  const { simulator } = stack.wechat
  const { ordercode, fen } = order

  say(bold('\nFirst order: a partial refund'))

  step(`The shop refunds ${yuan(REFUND_FEN)} of ${yuan(fen)}`)
  const number = 'demo-refund-1'
  const requested = await shop.refund(ordercode, number, { refund_fee: REFUND_FEN }, 201)
  note('over mutual TLS: the Worker presents the merchant certificate, which WeChat requires')
  check(
    "WeChat accepted the refund; the refund's state is processing",
    requested.state,
    'processing',
  )
  const again = await shop.refund(ordercode, number, { refund_fee: REFUND_FEN }, 200)
  check('repeating the request returns the same refund', again.refund_id, requested.refund_id)
  check("WeChat's ledger has one refund", simulator.books.refunds(ordercode).length, 1)

  step('A few minutes later, WeChat sends a notice that the refund has arrived')
  await phone.advance(REFUND_TAKES_S)
  await until(
    'the refund notice to be delivered',
    () => simulator.notices.ofRefunds.all()[0]?.state === 'delivered',
  )
  const after = await shop.order(ordercode)
  check(
    `the refund succeeded: ${yuan(REFUND_FEN)} of ${yuan(fen)} returned`,
    [after.refunds.map(({ state }) => state), after.refunded_fee],
    [['succeeded'], REFUND_FEN],
  )
  check('the order is still paid: refunds do not change its state', after.state, 'paid')

  step('The shop asks for one fen more than what is left')
  const tooMuch = fen - REFUND_FEN + 1
  const refused = await shop.refund(ordercode, 'demo-refund-2', { refund_fee: tooMuch }, 409)
  check('refused with refund_exceeds_payment', refused.code, 'refund_exceeds_payment')
  check('nothing was sent to WeChat', simulator.books.refunds(ordercode).length, 1)
  note((await silentShop.events(ordercode)).map(({ type }) => type).join(' → '))
}

/** The number of runs of the cron after which the bill must be reconciled. */
const BILL_RUNS_MAX = 5

/** Chapter 5: the Worker reconciles WeChat's bill on the next morning. @param missing The payment that the bill lacks. */
export async function billWithMissingPayment(demo: DemoContext, missing: PaidOrder): Promise<void> {
  const { stack, step, note, phone, shop, check } = demo
  const { simulator, clock } = stack.wechat

  say(bold('\nThe next morning: reconciling WeChat’s bill'))

  step('10:10 in Beijing; the payment of the teapot is missing from the bill')
  const paidAt = Date.parse((await shop.order(missing.ordercode)).paid_at ?? '')
  const midnight = Math.floor((paidAt + BEIJING_MS) / DAY_MS) * DAY_MS - BEIJING_MS
  const day = new Date(midnight + BEIJING_MS).toISOString().slice(0, 10)
  simulator.bills.change(day.replaceAll('-', ''), {
    kind: 'drop_row',
    number: missing.transactionId,
  })
  const bill = midnight + DAY_MS + BILL_TIME_MS
  await phone.advance(Math.max(0, Math.ceil((bill - clock.now()) / 1_000)))
  // With the smallest budget, comparing the bill and resolving its differences take several runs.
  await stack.cron()
  let report = await shop.bill(day)
  for (let run = 1; run < BILL_RUNS_MAX && report.state !== 'reconciled'; run++) {
    await phone.advance(60)
    await stack.cron()
    report = await shop.bill(day)
  }
  check(`the bill of ${day} is reconciled`, report.state, 'reconciled')
  check(
    'one difference: a recorded payment is not in the bill',
    report.differences.map(({ kind, subject }) => [kind, subject]),
    [['payment_not_in_bill', missing.transactionId]],
  )
  note(`WeChat's bill: ${paymentsText(report.bill)}`)
  note(`our records: ${report.books === null ? 'none' : paymentsText(report.books)}`)

  const reviewsOfBill = async () =>
    (await shop.reviews()).reviews.filter(({ kind }) => kind === 'bill_difference')
  const reviews = await reviewsOfBill()
  check(
    'one review is open, for a person to look at',
    reviews.map(({ ordercode }) => ordercode),
    [missing.ordercode],
  )

  step('The same day is reconciled again')
  const repeated = await shop.reconcile(day)
  check('the differences are the same', repeated.differences, report.differences)
  check('no second review is opened', await reviewsOfBill(), reviews)
}

/** Formats a number of payments and their sum, such as `2 payments, 187.00 yuan`. */
const paymentsText = (sums: { payments: number; total_fee: number }): string =>
  `${sums.payments} ${sums.payments === 1 ? 'payment' : 'payments'}, ${yuan(sums.total_fee)}`
