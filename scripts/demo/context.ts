/** What every chapter of `npm run demo` uses: the running stack, the payer, the shop, the transcript and the checks. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect, isDeepStrictEqual } from 'node:util'
import { green, seconds } from '../cli/terminal.ts'
import { type PayerClient, payerClient } from '../client/payer-client.ts'
import { type ShopClient, shopClient } from '../client/shop-client.ts'
import { type Transcript, transcript } from '../client/transcript.ts'
import type { Stack } from '../local/local-stack.ts'

const WAIT_MS = 15_000
const POLL_MS = 50

/** A check of the demo failed, or the Worker ended. The message is printed, and the demo exits with 1. */
export class DemoFailed extends Error {}

/** One order of the demo, with its price in fen. */
export type DemoOrder = { ordercode: string; fen: number }
/** An order that the payer has paid, with the transaction_id of the payment. */
export type PaidOrder = DemoOrder & { transactionId: string }

/** What each chapter receives. Chapters share the stack and the number of checks, and no other state. */
export type DemoContext = Pick<Transcript, 'step' | 'note'> & {
  stack: Stack
  phone: PayerClient
  shop: ShopClient
  /** A second client of the shop, whose calls are not printed: for waiting and for checks. */
  silentShop: ShopClient
  /** Compares `seen` with `expected` deeply, and prints `what` if they are equal. @throws DemoFailed if not. */
  check: (what: string, seen: unknown, expected: unknown) => void
  /** The number of checks that have passed so far. */
  checkCount: () => number
  /** Polls `isSo` until it is true. `what` completes "waiting for …". @throws DemoFailed after 15 seconds. */
  until: (what: string, isSo: () => boolean) => Promise<void>
  /** Reads the order's state, revision, payments and event types. Equal snapshots mean that nothing happened between. */
  snapshot: (ordercode: string) => Promise<OrderSnapshot>
  /** Reads the state and the captured fen of an attempt in WeChat's ledger; undefined if WeChat does not know it. */
  ledger: (outTradeNo: string) => { state: string; captured: number } | undefined
  /** Lists WeChat's notices about the order's payments: delivered, lost or scheduled. */
  notices: (ordercode: string) => ReturnType<PaymentNotices['all']>
}

type PaymentNotices = Stack['wechat']['simulator']['notices']['ofPayments']

type OrderSnapshot = {
  state: string
  revision: number
  payments: readonly number[]
  types: readonly string[]
}

/** Creates the context of the demo. @param verbose Prints full request and answer bodies. */
export function demoContext(stack: Stack, verbose: boolean): DemoContext {
  const { simulator } = stack.wechat
  const { step, note, onExchange } = transcript(verbose)
  const silentShop = shopClient(stack.workerOrigin)
  let checks = 0
  return {
    stack,
    step,
    note,
    phone: payerClient({ worker: stack.workerOrigin, wechat: stack.wechat.origin }, onExchange),
    shop: shopClient(stack.workerOrigin, onExchange),
    silentShop,
    check(what, seen, expected) {
      if (!isDeepStrictEqual(seen, expected)) {
        const [want, got] = [expected, seen].map((value) => inspect(value, { depth: 6 }))
        throw new DemoFailed(`Check failed: ${what}\n  expected: ${want}\n  actual:   ${got}`)
      }
      checks++
      note(`${green('✓')} ${what}`)
    },
    checkCount: () => checks,
    until,
    async snapshot(ordercode) {
      const { state, revision, payments } = await silentShop.order(ordercode)
      const types = (await silentShop.events(ordercode)).map(({ type }) => type)
      return { state, revision, payments: payments.map((each) => each.total_fee), types }
    },
    ledger(outTradeNo) {
      const order = simulator.books.order(outTradeNo)
      return order && { state: order.tradeState, captured: order.capture?.totalFee ?? 0 }
    },
    notices: (ordercode) =>
      simulator.notices.ofPayments.all().filter((notice) => notice.outTradeNo === ordercode),
  }
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS
  while (!isSo()) {
    if (Date.now() > deadline)
      throw new DemoFailed(`Timed out after ${seconds(WAIT_MS)} waiting for ${what}.`)
    await sleep(POLL_MS)
  }
}
