import type { Timers } from '../../src/lib/deadline.ts'

/** Timers that wait until a test lets them go. */
export class HeldTimers implements Timers {
  /** How long each wait was to be, in milliseconds. */
  readonly waits: number[] = []
  readonly #held = new Set<() => void>()

  after(ms: number, wake: () => void): () => void {
    this.waits.push(ms)
    this.#held.add(wake)
    return () => void this.#held.delete(wake)
  }

  get held(): number {
    return this.#held.size
  }

  /** All that is held passes now. */
  pass(): void {
    const wakes = [...this.#held]
    this.#held.clear()
    for (const wake of wakes) wake()
  }
}
