import type { World } from '../state/world.ts'
import type { FaultQueue } from './fault-queue.ts'
import type { Fault } from './faults.ts'

/** Injects faults: what goes wrong at the endpoints, as a test orders it. */
export class FaultInjector {
  readonly #queue: FaultQueue
  readonly #record: World['record']

  constructor(queue: FaultQueue, record: World['record']) {
    this.#queue = queue
    this.#record = record
  }

  /**
   * Queues a fault. A request gets the first queued fault that can happen at its endpoint, and uses up one of the fault's
   * `times`.
   */
  inject(fault: Fault): void {
    this.#queue.add(fault)
    const outcome = `${fault.kind} × ${fault.times ?? 1}`
    this.#record({ type: 'fault_injected', endpoint: fault.endpoint, outcome })
  }

  /**
   * Makes WeChat act now on every request that the fault `arrives_late` holds on its way, oldest first. Their clients have given
   * up, so the answers are lost. Returns how many requests arrived.
   */
  deliverLate(): Promise<number> {
    return this.#queue.deliverLate()
  }

  /** Drops every injected fault that has not happened yet, and every request that is held on its way. */
  clear(): void {
    this.#queue.clear()
    this.#record({ type: 'faults_cleared' })
  }

  /** The faults that have not happened yet. `times` says how often each will still happen. */
  waiting(): Fault[] {
    return this.#queue.waiting()
  }
}
