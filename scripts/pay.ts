/** `npm run pay`: plays the payer's phone against the Worker and the simulated WeChat that `npm start` runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { CliError, readOptions, readOrigin, run } from './cli/command.ts'
import { bold, dim, green, say, seconds, yuan } from './cli/terminal.ts'
import { payerClient } from './client/payer-client.ts'
import { SAMPLE_TERMS, sampleOrdercode, type ShopClient, shopClient } from './client/shop-client.ts'
import { transcript } from './client/transcript.ts'

const WORKER = 'http://127.0.0.1:8787'
const WECHAT = 'http://127.0.0.1:8790'

/** The phone always belongs to the same user, because the Worker says only to an order's payer that the order is paid. */
const PAYER = 'oDemoPayerOfNpmRunPay0000000'
const NOTICE_MS = 15_000
/**
 * How long a payment without a notice may take to be recorded. The first query is due one minute after unifiedorder,
 * and the cron runs every minute: two minutes at most, and a margin.
 */
const QUERY_MS = 150_000
const POLL_MS = 100
const POLL_MS_MAX = 2_000

const HELP = `Plays the payer's phone against the Worker and the simulated WeChat that "npm start" runs: log in, call /pay,
verify paySign, pay.

Usage: npm run pay -- [ordercode] [options]

  ordercode            the order to pay; without it, a new sample order is registered first
  --cancel             open the cashier and leave it without paying
  --lose-notice        pay, but lose WeChat's notices: the Worker's cron finds the payment
  --worker <address>   address of the Worker, default ${WORKER}
  --wechat <address>   address of the simulated WeChat, default ${WECHAT}
  --verbose            print every request and reply in full
  --help               print this text
`

async function main(): Promise<number> {
  const { values, positionals } = readOptions(
    {
      cancel: { type: 'boolean', default: false },
      'lose-notice': { type: 'boolean', default: false },
      worker: { type: 'string', default: WORKER },
      wechat: { type: 'string', default: WECHAT },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
    1,
  )
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  const origins = {
    worker: readOrigin('--worker', values.worker),
    wechat: readOrigin('--wechat', values.wechat),
  }
  const { step, note, onExchange } = transcript(values.verbose)
  const phone = payerClient(origins, onExchange)
  const shop = shopClient(origins.worker, onExchange)

  const [given] = positionals
  const ordercode = given ?? sampleOrdercode()
  if (given === undefined) {
    step('The shop registers an order')
    const order = await shop.register(ordercode, SAMPLE_TERMS)
    note(`${bold(ordercode)}: ${yuan(order.total_fee)}, ${order.body}`)
  }

  step('wx.login on the phone')
  const { code, openid } = await phone.login(PAYER)
  note(`login code for the user ${openid}`)

  step('The mini program calls /pay')
  const sheet = await phone.requestPay(code, ordercode).catch((error: unknown) => {
    if (!(error instanceof CliError) || !error.message.includes('order_not_found')) throw error
    throw new CliError(
      `${error.message}\n  npm start prints the number of its sample order. Without a number, npm run pay registers an order and pays it.`,
    )
  })
  note(`${sheet.package}, ${sheet.signType}, paySign ${sheet.paySign.slice(0, 8)}…`)

  step('wx.requestPayment on the phone')
  const answer = await phone.openCashier(openid, sheet)
  if (!answer.ok) throw new CliError(`The phone refused the payment: ${answer.why}`)
  const { out_trade_no: outTradeNo, total_fee: totalFee, body } = answer.cashier
  note(`paySign is valid; the cashier shows ${bold(yuan(totalFee))} for ${body}`)

  if (values.cancel) {
    step('The payer leaves the cashier without paying')
    note((await phone.cancel(outTradeNo)).err_msg)
    note(`the order's state is ${bold((await shop.order(ordercode)).state)}`)
    return 0
  }

  step('The payer pays')
  if (values['lose-notice']) await phone.loseNotices(outTradeNo)
  const payment = await phone.pay(outTradeNo)
  if (!payment.ok) throw new CliError(`The cashier refused the payment: ${payment.why}`)
  note(`WeChat took ${yuan(totalFee)}: transaction ${payment.transaction_id}`)

  step(values['lose-notice'] ? 'WeChat’s notices are lost' : 'WeChat’s notice reaches the Worker')
  if (values['lose-notice']) {
    note('the cron queries WeChat one to two minutes after /pay; waiting …')
  }
  const limitMs = values['lose-notice'] ? QUERY_MS : NOTICE_MS
  const afterMs = await untilPaid(shopClient(origins.worker), ordercode, limitMs)
  const order = await shop.order(ordercode)
  if (order.transaction_id !== payment.transaction_id) {
    throw new CliError(`The Worker recorded a different transaction: ${order.transaction_id}.`)
  }
  const recorded = (await shop.events(ordercode)).find(({ type }) => type === 'payment_booked')
  note(`recorded after ${seconds(afterMs)}, source: ${recorded?.source ?? 'unknown'}`)
  say()
  say(green(`${ordercode} is paid.`) + dim(` See GET ${origins.worker}/orders/${ordercode}`))
  return 0
}

/** Polls the order until it is paid. @returns the time waited, in ms. @throws CliError after `limitMs`. */
async function untilPaid(shop: ShopClient, ordercode: string, limitMs: number): Promise<number> {
  const beganAt = Date.now()
  for (let waitMs = POLL_MS; Date.now() - beganAt < limitMs; waitMs *= 2) {
    const { state } = await shop.order(ordercode)
    if (state === 'paid') return Date.now() - beganAt
    await sleep(Math.min(waitMs, POLL_MS_MAX))
  }
  throw new CliError(
    `WeChat took the money, but the Worker has not recorded the payment after ${seconds(limitMs)}. See the output of "npm start" for the reason.`,
  )
}

await run(main)
