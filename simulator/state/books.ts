import type { History, HistoryEntry } from './history.ts'
import type { Capture, SimulatedOrder } from './ledger.ts'
import { type RefundAccount, type SimulatedRefund, UNSETTLED_FUNDS } from './refund.ts'
import type { World } from './world.ts'

/** WeChat's own records, for tests to compare with the shop's records. Read-only; all amounts are in fen. */
export class Books {
  readonly #world: Pick<World, 'clock' | 'ledger' | 'refunds'>
  readonly #history: History

  constructor(world: Pick<World, 'clock' | 'ledger' | 'refunds'>, history: History) {
    this.#world = world
    this.#history = history
  }

  /** A snapshot of an order: a later change of the order makes a new object. */
  order(outTradeNo: string): SimulatedOrder | undefined {
    return this.#world.ledger.find(outTradeNo, this.#world.clock.now())
  }

  /** Every order, oldest first. */
  orders(): SimulatedOrder[] {
    return this.#world.ledger.orders(this.#world.clock.now())
  }

  /** Every payment, oldest first. */
  captures(): readonly Capture[] {
    return this.#world.ledger.captures()
  }

  /** The sum of all payments in fen, refunded ones included. */
  capturedFen(): number {
    return this.#world.ledger.capturedFen()
  }

  /** A snapshot of a refund, as of now on the simulator's clock: if its processing time has passed, it is settled. */
  refund(outRefundNo: string): SimulatedRefund | undefined {
    return this.#world.refunds.find(outRefundNo)
  }

  /** The refunds of one order, or of all orders if `outTradeNo` is omitted; oldest first. */
  refunds(outTradeNo?: string): SimulatedRefund[] {
    const { refunds } = this.#world
    return outTradeNo === undefined ? refunds.all() : refunds.ofOrder(outTradeNo)
  }

  /** The sum of all refunds that are SUCCESS: the payers have this money. */
  refundedFen(): number {
    return this.#world.refunds.sumOf('SUCCESS')
  }

  /**
   * The sum of all refunds that are PROCESSING or CHANGE: the merchant has paid this money, but the payers do not have it yet.
   */
  refundingFen(): number {
    return this.#world.refunds.sumOf('PROCESSING', 'CHANGE')
  }

  /**
   * What the merchant can pay refunds from, in fen: the unsettled funds, or with `account` the available balance. An accepted
   * refund is deducted from its account, without NO_CASH coupons; a closed one is added again.
   */
  balanceFen(account: RefundAccount = UNSETTLED_FUNDS): number {
    return this.#world.refunds.balances[account]
  }

  /** Every event, oldest first. Beyond 10,000 entries the oldest ones are dropped. */
  history(): HistoryEntry[] {
    return this.#history.entries()
  }
}
