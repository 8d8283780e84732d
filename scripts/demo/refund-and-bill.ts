/** Two more chapters of `npm run demo`: a partial refund, and WeChat's bill of the day with a payment missing. */
import { bold, say, yuan } from '../cli/terminal.ts'
import type { DemoContext, PaidOrder } from './context.ts'

const REFUND_FEN = 900
/** Longer than the simulated WeChat takes for a refund to a balance. */
const REFUND_TAKES_S = 240
const BEIJING_MS = 8 * 3_600_000
const DAY_MS = 86_400_000
/** 10:10 in Beijing: WeChat's bills are ready. */
const BILL_TIME_MS = (10 * 60 + 10) * 60_000

/** A part of the payment is refunded over mutual TLS; a second refund of more than what is left is refused. */
export async function partialRefund(demo: DemoContext, order: PaidOrder): Promise<void> {
  const { stack, step, note, phone, shop, silentShop, check, until } = demo
  const { simulator } = stack.wechat
  const { ordercode, fen } = order

  say(bold('\nThe first order again: a part of it comes back'))

  step(`The shop returns ${yuan(REFUND_FEN)} of ${yuan(fen)}`)
  const number = 'demo-refund-1'
  const asked = await shop.refund(ordercode, number, { refund_fee: REFUND_FEN }, 201)
  note('over mutual TLS: the Worker shows the merchant certificate, or WeChat would not listen')
  check('WeChat took it on; accepted is not refunded', asked.state, 'processing')
  const again = await shop.refund(ordercode, number, { refund_fee: REFUND_FEN }, 200)
  check('the same request again is the same refund', again.refund_id, asked.refund_id)
  check("WeChat's ledger has one refund", simulator.books.refunds(ordercode).length, 1)

  step('A few minutes pass; WeChat tells that the money arrived')
  await phone.advance(REFUND_TAKES_S)
  await until(
    'the refund notice is delivered',
    () => simulator.notices.ofRefunds.all()[0]?.state === 'delivered',
  )
  const after = await shop.order(ordercode)
  check(
    `the refund succeeded: ${yuan(REFUND_FEN)} of ${yuan(fen)} are back`,
    [after.refunds.map(({ state }) => state), after.refunded_fee],
    [['succeeded'], REFUND_FEN],
  )
  check('still paid: refunds are counted beside it', after.state, 'paid')

  step('One fen more than what is left')
  const tooMuch = fen - REFUND_FEN + 1
  const refused = await shop.refund(ordercode, 'demo-refund-2', { refund_fee: tooMuch }, 409)
  check('refused, and nothing is reserved', refused.code, 'refund_exceeds_payment')
  check('nothing was sent to WeChat', simulator.books.refunds(ordercode).length, 1)
  note((await silentShop.events(ordercode)).map(({ type }) => type).join(' → '))
}

/** The next morning. @param missing The payment that WeChat's bill leaves out. */
export async function billWithMissingPayment(demo: DemoContext, missing: PaidOrder): Promise<void> {
  const { stack, step, note, phone, shop, check } = demo
  const { simulator, clock } = stack.wechat

  say(bold('\nThe next morning: WeChat’s bill beside the books'))

  step('10:10 in Beijing. In the bill, the payment of the teapot is missing')
  const paidAt = Date.parse((await shop.order(missing.ordercode)).paid_at ?? '')
  const midnight = Math.floor((paidAt + BEIJING_MS) / DAY_MS) * DAY_MS - BEIJING_MS
  const day = new Date(midnight + BEIJING_MS).toISOString().slice(0, 10)
  simulator.bills.change(day.replaceAll('-', ''), {
    kind: 'drop_row',
    number: missing.transactionId,
  })
  const bill = midnight + DAY_MS + BILL_TIME_MS
  await phone.advance(Math.max(0, Math.ceil((bill - clock.now()) / 1_000)))
  await stack.cron()
  const report = await shop.bill(day)
  check(`the bill of ${day} was compared`, report.state, 'reconciled')
  check(
    'the books have a payment that the bill does not',
    report.differences.map(({ kind, subject }) => [kind, subject]),
    [['payment_not_in_bill', missing.transactionId]],
  )
  note(`the bill: ${report.bill.payments} payments, ${yuan(report.bill.total_fee)}`)
  note(`the books: ${report.books?.payments} payments, ${yuan(report.books?.total_fee ?? 0)}`)

  const reviewsOfBill = async () =>
    (await shop.reviews()).reviews.filter(({ kind }) => kind === 'bill_difference')
  const reviews = await reviewsOfBill()
  check(
    'a review asks a person to look',
    reviews.map(({ ordercode }) => ordercode),
    [missing.ordercode],
  )

  step('The same day again')
  const repeated = await shop.reconcile(day)
  check('says the same', repeated.differences, report.differences)
  check('and asks nobody a second time', await reviewsOfBill(), reviews)
}
