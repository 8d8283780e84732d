import type { Timers } from '../../src/lib/deadline.ts'

/** Timers that fire only when the test calls `pass`. */
export class HeldTimers implements Timers {
  /** The requested duration of each wait, in milliseconds. */
  readonly waits: number[] = []
  readonly #held = new Set<() => void>()

  after(ms: number, wake: () => void): () => void {
    this.waits.push(ms)
    this.#held.add(wake)
    return () => void this.#held.delete(wake)
  }

  /** How many timers are waiting. */
  get held(): number {
    return this.#held.size
  }

  /** Fires all timers that are waiting. */
  pass(): void {
    const wakes = [...this.#held]
    this.#held.clear()
    for (const wake of wakes) wake()
  }
}
