import type { World } from '../state/world.ts'
import type { FaultQueue } from './fault-queue.ts'
import type { Fault } from './faults.ts'

/** What goes wrong at the endpoints, as a test orders it. */
export class FaultInjector {
  readonly #queue: FaultQueue
  readonly #record: World['record']

  constructor(queue: FaultQueue, record: World['record']) {
    this.#queue = queue
    this.#record = record
  }

  /** Queues a fault. Each request uses up the first queued fault that fits its endpoint. */
  inject(fault: Fault): void {
    this.#queue.add(fault)
    const outcome = `${fault.kind} × ${fault.times ?? 1}`
    this.#record({ type: 'fault_injected', endpoint: fault.endpoint, outcome })
  }

  /** Drops every fault that did not happen yet. */
  clear(): void {
    this.#queue.clear()
    this.#record({ type: 'faults_cleared' })
  }

  /** The faults that did not happen yet; `times` is how often each is still due. */
  waiting(): Fault[] {
    return this.#queue.waiting()
  }
}
