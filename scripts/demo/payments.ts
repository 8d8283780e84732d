/** The first three chapters of `npm run demo`: a payment, a payment without notices, and forged notices. */
import { bold, say, yuan } from '../cli/terminal.ts'
import type { NoticeReply } from '../client/payer-client.ts'
import { type DemoContext, DemoFailed, type DemoOrder, type PaidOrder } from './context.ts'

/** How far the demo moves the clock. The first query is due one minute after unifiedorder; one second is a margin. */
const FIRST_QUERY_S = 61
const COPIES = 5

/** Chapter 1: WeChat delivers the notice of a payment, and then delivers it five more times. */
export async function paymentWithNotice(demo: DemoContext): Promise<PaidOrder> {
  const { step, check, until, phone, snapshot, notices, stack } = demo
  const order = { ordercode: 'demo-coffee', fen: 2_900 }
  say(bold('\nFirst order: the notice arrives'))

  step('The shop registers an order')
  await register(demo, order, '咖啡豆 250g')

  step('The payer logs in; the mini program calls /pay')
  await openCashier(demo, order)

  step('The payer pays; WeChat sends its notice')
  const transactionId = await payAtCashier(demo, order)
  await until(
    'the notice to be delivered',
    () => notices(order.ordercode)[0]?.state === 'delivered',
  )
  check(
    'WeChat had to send the notice only once',
    notices(order.ordercode).map(({ attempts }) => attempts.length),
    [1],
  )
  await checkRecorded(demo, { ...order, transactionId }, 'notice')

  step(`WeChat sends the same notice ${COPIES} more times, concurrently`)
  const before = await snapshot(order.ordercode)
  const copies = await phone.resendNotice(order.ordercode, { copies: COPIES })
  check(
    'every copy is answered SUCCESS',
    copies.replies.map(verdict),
    Array(COPIES).fill('200 SUCCESS'),
  )
  check('nothing changed: same revision, same events', await snapshot(order.ordercode), before)
  check("WeChat's ledger is unchanged", stack.wechat.simulator.books.capturedFen(), order.fen)
  return { ...order, transactionId }
}

/** Chapter 2: every notice of a payment is lost, and the cron finds the payment by a query. */
export async function paymentWithLostNotices(demo: DemoContext): Promise<PaidOrder> {
  const { step, note, check, until, phone, snapshot, notices, stack } = demo
  const order = { ordercode: 'demo-teapot', fen: 15_800 }
  say(bold('\nSecond order: every notice is lost'))

  step('The payer pays; WeChat’s notices do not arrive')
  await register(demo, order, '茶壶')
  await openCashier(demo, order)
  await phone.loseNotices(order.ordercode)
  const transactionId = await payAtCashier(demo, order)
  await until(
    'the first notice to be lost',
    () => notices(order.ordercode)[0]?.attempts.length === 1,
  )
  check("the order's state is still paying", (await snapshot(order.ordercode)).state, 'paying')

  step('One minute later, the cron runs')
  await phone.advance(FIRST_QUERY_S)
  await stack.cron()
  note(
    'triggered by GET /cdn-cgi/handler/scheduled; in production Cloudflare does this every minute',
  )
  await checkRecorded(demo, { ...order, transactionId }, 'query')
  check(
    'no notice was delivered',
    notices(order.ordercode).flatMap(({ attempts }) =>
      attempts.filter((each) => each.outcome !== 'lost'),
    ),
    [],
  )
  return { ...order, transactionId }
}

/** Chapter 3: a forger sends two notices for an unpaid order. Both get the same refusal and change nothing. */
export async function forgedNotices(demo: DemoContext): Promise<DemoOrder> {
  const { step, check, phone, snapshot, ledger } = demo
  const order = { ordercode: 'demo-camera', fen: 650_000 }
  say(bold('\nThird order: forged notices'))

  step('The payer opens the cashier but does not pay')
  await register(demo, order, '相机')
  await openCashier(demo, order)
  const unpaid = await snapshot(order.ordercode)

  step('A notice with a valid signature, but for 0.01 yuan')
  const cheap = await phone.resendNotice(order.ordercode, {
    fields: { total_fee: '1', cash_fee: '1' },
  })
  check('answered FAIL', cheap.replies.map(verdict), ['400 FAIL'])
  check('nothing changed: same revision, same events', await snapshot(order.ordercode), unpaid)

  step('A notice with the right amount, but signed with a guessed key')
  const forged = await phone.resendNotice(order.ordercode, {
    key: 'a-key-that-a-forger-has-guessed!',
  })
  check('answered FAIL, with the same body', forged.replies, cheap.replies)
  check('nothing changed: same revision, same events', await snapshot(order.ordercode), unpaid)
  check("WeChat's ledger: nothing taken", ledger(order.ordercode), { state: 'NOTPAY', captured: 0 })
  return order
}

async function register(demo: DemoContext, order: DemoOrder, body: string): Promise<void> {
  const { shop, check, ledger } = demo
  const { state } = await shop.register(order.ordercode, { total_fee: order.fen, body })
  check(`registered: ${yuan(order.fen)} for ${body}, state created`, state, 'created')
  check('WeChat does not know the order yet', ledger(order.ordercode), undefined)
}

/** Takes the payer from the login over `/pay` and wx.requestPayment to the open cashier. */
async function openCashier(demo: DemoContext, { ordercode, fen }: DemoOrder): Promise<void> {
  const { phone, note, check, snapshot } = demo
  const { code, openid } = await phone.login()
  const params = await phone.requestPay(code, ordercode)
  note(`${params.package}, paySign ${params.paySign.slice(0, 8)}…`)
  const answer = await phone.openCashier(openid, params)
  check(
    `paySign is valid; the cashier shows ${yuan(fen)}`,
    answer.ok ? [answer.cashier.out_trade_no, answer.cashier.total_fee] : answer.why,
    [ordercode, fen],
  )
  check("the order's state is paying", (await snapshot(ordercode)).state, 'paying')
}

/** Pays the order and checks WeChat's ledger. @returns the transaction_id of the payment. */
async function payAtCashier(demo: DemoContext, { ordercode, fen }: DemoOrder): Promise<string> {
  const { phone, note, check, ledger } = demo
  const payment = await phone.pay(ordercode)
  if (!payment.ok) throw new DemoFailed(`The cashier refused: ${payment.why}`)
  note(`transaction ${payment.transaction_id}`)
  check(`WeChat's ledger: ${yuan(fen)} taken`, ledger(ordercode), {
    state: 'SUCCESS',
    captured: fen,
  })
  return payment.transaction_id
}

/** Checks that the Worker recorded the payment once. @param source How the Worker must have learned of the payment. */
async function checkRecorded(
  { shop, silentShop, check }: DemoContext,
  { ordercode, fen, transactionId }: PaidOrder,
  source: 'notice' | 'query',
): Promise<void> {
  const order = await shop.order(ordercode)
  check(
    `recorded once: ${yuan(fen)}, with WeChat's transaction_id`,
    [order.state, order.transaction_id, order.payments.map((each) => each.total_fee)],
    ['paid', transactionId, [fen]],
  )
  const events = await silentShop.events(ordercode)
  check(
    `one payment_booked event, source: ${source}`,
    events.filter(({ type }) => type === 'payment_booked').map((each) => each.source),
    [source],
  )
}

/** Formats the Worker's answer to a notice as WeChat reads it: `200 SUCCESS` or `400 FAIL`. */
function verdict({ status, body }: NoticeReply): string {
  const [, code] = /<return_code><!\[CDATA\[(\w+)\]\]><\/return_code>/.exec(body ?? '') ?? []
  return `${status ?? 'no answer'} ${code ?? body ?? ''}`
}
