/**
 * `npm run demo`: the story of some payments on a stack of its own, checked step by step on both sides: what the Worker tells the
 * shop, and what the simulated WeChat has in its ledger. The two share no code.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect, isDeepStrictEqual } from 'node:util'
import { readOptions, run } from './cli/command.ts'
import { Interrupted, onInterrupt } from './cli/interrupt.ts'
import { bold, dim, green, live, red, say, seconds, table, yuan } from './cli/terminal.ts'
import { type NoticeReply, payerClient } from './client/payer-client.ts'
import { shopClient } from './client/shop-client.ts'
import { transcript } from './client/transcript.ts'
import { tellOfBill, tellOfRefund } from './demo-refunds.ts'
import { type Stack, startStack } from './local/local-stack.ts'
import { describeWorkerLine } from './local/worker-log.ts'

const WAIT_MS = 15_000
const POLL_MS = 50
/** The first rung of the ladder: WeChat is asked a minute after unifiedorder. */
const FIRST_QUERY_S = 61
const COPIES = 5

const HELP = `Tells the story of some payments, with a Worker and a simulated WeChat of its own, and checks every step on both sides.
No account, no network, nothing left behind. Exit code 0 only if everything was as it should be.

  npm run demo -- [options]

  --verbose   every request and reply, and what the Worker and WeChat say meanwhile
  --help      this text
`

/** Something was not as it should be. */
class Surprise extends Error {}

async function main(): Promise<number> {
  const { values } = readOptions({
    verbose: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }

  const interrupted = onInterrupt()
  const beganAt = Date.now()
  const persistDir = mkdtempSync(join(tmpdir(), 'wxpay-edge-demo-'))
  say(dim('Starting a Worker with an empty database, and a simulated WeChat …'))
  try {
    return await withStack(persistDir, values.verbose, interrupted, async (stack) => {
      say(dim(`Worker ${stack.workerOrigin}, WeChat ${stack.wechat.origin}`))
      const checks = await tell(stack, values.verbose)
      say()
      say(green(`All ${checks} checks hold.`) + dim(` ${seconds(Date.now() - beganAt)}`))
    })
  } finally {
    rmSync(persistDir, { recursive: true, force: true })
  }
}

async function withStack(
  persistDir: string,
  verbose: boolean,
  interrupted: AbortSignal,
  use: (stack: Stack) => Promise<void>,
): Promise<number> {
  let stack: Stack | undefined
  try {
    stack = await startStack({
      persistDir,
      signal: interrupted,
      onWorkerLine: (line) => {
        const what = verbose ? describeWorkerLine(line, true) : undefined
        if (what !== undefined) live('Worker', what)
      },
      onWechatLine: (line) => {
        if (verbose) live('WeChat', line)
      },
    })
    const death = await Promise.race([use(stack), stack.died, rejectOn(interrupted)])
    if (death === undefined) return 0
    throw new Surprise(death)
  } catch (error) {
    if (error instanceof Interrupted) return 130
    if (!(error instanceof Surprise)) throw error
    say()
    say(red(error.message))
    if (stack !== undefined) say(`\nThe Worker's last lines:\n${dim(stack.tail())}`)
    return 1
  } finally {
    await stack?.stop()
  }
}

/** @returns how many checks there were. */
async function tell(stack: Stack, verbose: boolean): Promise<number> {
  const { simulator } = stack.wechat
  const { step, note, onWire } = transcript(verbose)
  const phone = payerClient({ worker: stack.workerOrigin, wechat: stack.wechat.origin }, onWire)
  const shop = shopClient(stack.workerOrigin, onWire)
  /** Looks without a line in the transcript: for waiting, and for the other side of a check. */
  const quietly = shopClient(stack.workerOrigin)
  let checks = 0

  function check(what: string, seen: unknown, expected: unknown): void {
    if (!isDeepStrictEqual(seen, expected)) {
      const [want, got] = [expected, seen].map((value) => inspect(value, { depth: 6 }))
      throw new Surprise(`Not as it should be: ${what}\n  expected: ${want}\n  seen:     ${got}`)
    }
    checks++
    note(`${green('✓')} ${what}`)
  }

  /** The order's state, its revision, and its history: if these are the same, nothing happened. */
  const snapshot = async (ordercode: string) => {
    const { state, revision, payments } = await quietly.order(ordercode)
    const types = (await quietly.events(ordercode)).map(({ type }) => type)
    return { state, revision, payments: payments.map((each) => each.total_fee), types }
  }
  /** What WeChat's books say about it. */
  const ledger = (outTradeNo: string) => {
    const order = simulator.books.order(outTradeNo)
    return order && { state: order.tradeState, captured: order.capture?.totalFee ?? 0 }
  }

  async function register(ordercode: string, totalFee: number, body: string): Promise<void> {
    const { state } = await shop.register(ordercode, { total_fee: totalFee, body })
    check(`registered: ${yuan(totalFee)} for ${body}, state created`, state, 'created')
    check('WeChat has not heard of it', ledger(ordercode), undefined)
  }

  async function openCashier(ordercode: string, totalFee: number): Promise<void> {
    const { code, openid } = await phone.login()
    const sheet = await phone.requestPay(code, ordercode)
    note(`${sheet.package}, paySign ${sheet.paySign.slice(0, 8)}…`)
    const answer = await phone.openCashier(openid, sheet)
    check(
      `the phone takes paySign, and the cashier shows ${yuan(totalFee)}`,
      answer.ok ? [answer.cashier.out_trade_no, answer.cashier.total_fee] : answer.why,
      [ordercode, totalFee],
    )
    check('the order is being paid', (await snapshot(ordercode)).state, 'paying')
  }

  async function payAtCashier(ordercode: string, totalFee: number): Promise<string> {
    const payment = await phone.pay(ordercode)
    if (!payment.ok) throw new Surprise(`The cashier refused: ${payment.why}`)
    note(`transaction ${payment.transaction_id}`)
    check(`WeChat's ledger: ${yuan(totalFee)} taken`, ledger(ordercode), {
      state: 'SUCCESS',
      captured: totalFee,
    })
    return payment.transaction_id
  }

  async function checkBooked(
    ordercode: string,
    totalFee: number,
    transactionId: string,
    source: string,
  ) {
    const order = await shop.order(ordercode)
    check(
      `booked once, ${yuan(totalFee)}, under WeChat's transaction number`,
      [order.state, order.transaction_id, order.payments.map((each) => each.total_fee)],
      ['paid', transactionId, [totalFee]],
    )
    const booked = (await quietly.events(ordercode)).filter(({ type }) => type === 'payment_booked')
    check(
      `one payment_booked in its history, from WeChat's ${source}`,
      booked.map((each) => each.source),
      [source],
    )
  }

  const notices = (ordercode: string) =>
    simulator.notices.ofPayments.all().filter((notice) => notice.outTradeNo === ordercode)

  say(bold('\nFirst order: everything goes well'))
  const first = { ordercode: 'demo-coffee', fen: 2_900 }

  step('The shop registers an order')
  await register(first.ordercode, first.fen, '咖啡豆 250g')

  step('The payer logs in, and the mini program asks the Worker')
  await openCashier(first.ordercode, first.fen)

  step('The payer pays; WeChat sends its notice')
  const paid = await payAtCashier(first.ordercode, first.fen)
  await until('the notice is delivered', () => notices(first.ordercode)[0]?.state === 'delivered')
  check(
    'one notice was enough',
    notices(first.ordercode).map(({ attempts }) => attempts.length),
    [1],
  )
  await checkBooked(first.ordercode, first.fen, paid, 'notice')

  step(`The same notice again, ${COPIES} copies at once`)
  const before = await snapshot(first.ordercode)
  const copies = await phone.resendNotice(first.ordercode, { copies: COPIES })
  check('each is answered SUCCESS', copies.replies.map(verdict), Array(COPIES).fill('200 SUCCESS'))
  check('nothing changed: same revision, same history', await snapshot(first.ordercode), before)
  check("WeChat's ledger is the same", simulator.books.capturedFen(), first.fen)

  say(bold('\nSecond order: WeChat’s notices never arrive'))
  const second = { ordercode: 'demo-teapot', fen: 15_800 }

  step('The payer pays, and every notice gets lost')
  await register(second.ordercode, second.fen, '茶壶')
  await openCashier(second.ordercode, second.fen)
  await phone.loseNotices(second.ordercode)
  const lost = await payAtCashier(second.ordercode, second.fen)
  await until('the first notice is lost', () => notices(second.ordercode)[0]?.attempts.length === 1)
  check('here the order still looks unpaid', (await snapshot(second.ordercode)).state, 'paying')

  step('A minute passes, and the cron comes')
  await phone.advance(FIRST_QUERY_S)
  await stack.cron()
  note('GET /cdn-cgi/handler/scheduled, as the platform does every minute')
  await checkBooked(second.ordercode, second.fen, lost, 'query')
  check(
    'no notice ever got through',
    notices(second.ordercode).flatMap(({ attempts }) =>
      attempts.filter((each) => each.outcome !== 'lost'),
    ),
    [],
  )

  say(bold('\nThird order: somebody lies'))
  const third = { ordercode: 'demo-camera', fen: 650_000 }

  step('The payer opens the cashier, and does not pay')
  await register(third.ordercode, third.fen, '相机')
  await openCashier(third.ordercode, third.fen)
  const unpaid = await snapshot(third.ordercode)

  step('A notice with WeChat’s own signature, and the amount 0.01 yuan')
  const cheap = await phone.resendNotice(third.ordercode, {
    fields: { total_fee: '1', cash_fee: '1' },
  })
  check('answered FAIL', cheap.replies.map(verdict), ['400 FAIL'])
  check('nothing changed: same revision, same history', await snapshot(third.ordercode), unpaid)

  step('A notice with the right amount, signed with a guessed key')
  const forged = await phone.resendNotice(third.ordercode, {
    key: 'a-key-that-somebody-has-guessed!',
  })
  check('answered FAIL, in the same words', forged.replies, cheap.replies)
  check('nothing changed: same revision, same history', await snapshot(third.ordercode), unpaid)
  check("WeChat's ledger: nothing taken", ledger(third.ordercode), { state: 'NOTPAY', captured: 0 })

  const teller = { stack, phone, shop, quietly, step, note, check, until }
  await tellOfRefund(teller, { ...first, transactionId: paid })
  await tellOfBill(teller, { ...second, transactionId: lost })

  say(bold('\nIn the end the books agree'))
  say()
  const rows = await Promise.all(
    [first, second, third].map(async ({ ordercode }) => {
      const { state, payments, refunded_fee } = await quietly.order(ordercode)
      const booked = payments.reduce((sum, each) => sum + each.total_fee, 0)
      const captured = ledger(ordercode)?.captured ?? 0
      return { ordercode, state, captured, booked, refunded: refunded_fee }
    }),
  )
  const captured = simulator.books.capturedFen()
  const booked = rows.reduce((sum, row) => sum + row.booked, 0)
  const refunded = rows.reduce((sum, row) => sum + row.refunded, 0)
  const lines = table(
    ['order', 'state', 'fen taken by WeChat', 'fen booked here', 'returned'],
    [
      ...rows.map((row) => [
        row.ordercode,
        row.state,
        ...[row.captured, row.booked, row.refunded].map(String),
      ]),
      ['in all', '', ...[captured, booked, refunded].map(String)],
    ],
  )
  for (const line of lines) note(line)
  say()
  check(
    'order by order',
    rows.map((row) => row.booked),
    rows.map((row) => row.captured),
  )
  check('and in all', booked, captured)
  check("what went back, too, by WeChat's ledger", refunded, simulator.books.refundedFen())
  return checks
}

/** `200 SUCCESS` or `400 FAIL`, as WeChat reads it. */
function verdict({ status, body }: NoticeReply): string {
  const [, code] = /<return_code><!\[CDATA\[(\w+)\]\]><\/return_code>/.exec(body ?? '') ?? []
  return `${status ?? 'no answer'} ${code ?? body ?? ''}`
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS
  while (!isSo()) {
    if (Date.now() > deadline)
      throw new Surprise(`Waited ${seconds(WAIT_MS)} in vain until ${what}.`)
    await sleep(POLL_MS)
  }
}

function rejectOn(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

await run(main)
