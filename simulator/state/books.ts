import type { History, HistoryEntry } from './history.ts'
import type { Capture, SimulatedOrder } from './ledger.ts'
import type { SimulatedRefund } from './refund.ts'
import type { World } from './world.ts'

/** WeChat's own records, for tests to compare with the shop's. Reads only; all amounts in fen. */
export class Books {
  readonly #world: Pick<World, 'clock' | 'ledger' | 'refunds'>
  readonly #history: History

  constructor(world: Pick<World, 'clock' | 'ledger' | 'refunds'>, history: History) {
    this.#world = world
    this.#history = history
  }

  /** A snapshot: later changes make a new one. */
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

  /** The sum of all payments. */
  capturedFen(): number {
    return this.#world.ledger.capturedFen()
  }

  /** A snapshot, settled as far as the clock says. */
  refund(outRefundNo: string): SimulatedRefund | undefined {
    return this.#world.refunds.find(outRefundNo)
  }

  /** The refunds of one order, or all; oldest first. */
  refunds(outTradeNo?: string): SimulatedRefund[] {
    const { refunds } = this.#world
    return outTradeNo === undefined ? refunds.all() : refunds.ofOrder(outTradeNo)
  }

  /** The sum of all refunds that are SUCCESS: money that payers have back. */
  refundedFen(): number {
    return this.#world.refunds.sumOf('SUCCESS')
  }

  /** The sum of all refunds that are PROCESSING or CHANGE: taken from the merchant, and not with the payer yet. */
  refundingFen(): number {
    return this.#world.refunds.sumOf('PROCESSING', 'CHANGE')
  }

  /** What the merchant can still refund. An accepted refund takes what the merchant pays for it, a closed one gives it back. */
  balanceFen(): number {
    return this.#world.refunds.balanceFen
  }

  /** Everything that happened, oldest first. Beyond 10,000 entries the oldest are dropped. */
  history(): HistoryEntry[] {
    return this.#history.entries()
  }
}
