/**
 * Closes expired orders together. WeChat is asked about each order by itself, and what it answers is decided as always.
 * But the closings wait until all orders were asked, and are then written at once, because a run of the cron has few
 * SQL statements.
 */
import type { Change } from '../../core/order/change.ts'
import type { OrderEvent, OrderView } from '../../core/order/order.ts'
import type { UnixSeconds } from '../../core/time.ts'
import { webhookId } from '../../core/webhook.ts'
import type { Deps } from '../../ports/deps.ts'
import type { Closing, OrderStore } from '../../ports/order-store.ts'

type Written = readonly string[] | 'stale'
type Waiting = Closing &
  Readonly<{ settle: (written: Written) => void; fail: (error: unknown) => void }>

export class ClosingsTogether<D extends Pick<Deps, 'orders'>> {
  /** What the work on the orders needs. Their closings wait for {@link write}. */
  readonly deps: D
  readonly #store: OrderStore
  readonly #waiting: Waiting[] = []
  readonly #onDecided = new Map<string, () => void>()
  #isWritten = false

  constructor(deps: D) {
    this.#store = deps.orders
    this.deps = {
      ...deps,
      orders: { ...deps.orders, commit: (...args) => this.#commit(...args) },
    }
  }

  /** Resolves when the closing of an order waits: nothing more is asked about the order before {@link write}. */
  decided(ordercode: string): Promise<void> {
    return new Promise((resolve) => void this.#onDecided.set(ordercode, resolve))
  }

  /** Writes all closings that wait. Where an order has changed meanwhile, its own work decides again, and writes alone. */
  async write(): Promise<void> {
    this.#isWritten = true
    if (this.#waiting.length === 0) return
    try {
      const closed = await this.#store.commitClosings(this.#waiting)
      for (const { before, change, settle } of this.#waiting) {
        const { ordercode } = before.order
        settle(closed.has(ordercode) ? change.webhooks.map(webhookId) : 'stale')
      }
    } catch (error) {
      for (const { fail } of this.#waiting) fail(error)
    }
  }

  #commit(
    before: OrderView,
    event: OrderEvent,
    change: Change,
    now: UnixSeconds,
  ): Promise<Written> {
    if (event.type !== 'order_closed' || this.#isWritten) {
      return this.#store.commit(before, event, change, now)
    }
    return new Promise((settle, fail) => {
      this.#waiting.push({ before, event, change, at: now, settle, fail })
      this.#onDecided.get(before.order.ordercode)?.()
    })
  }
}
