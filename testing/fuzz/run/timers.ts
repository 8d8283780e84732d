import type { Timers } from '../../../src/lib/deadline.ts'

/** Pauses end at once; deadlines pass only when somebody stalls. */
const PAUSE_MS_MAX = 1_000

export class FuzzTimers implements Timers {
  readonly #deadlines = new Set<() => void>()

  after(ms: number, wake: () => void): () => void {
    if (ms <= PAUSE_MS_MAX) {
      setImmediate(wake)
      return () => {}
    }
    this.#deadlines.add(wake)
    return () => void this.#deadlines.delete(wake)
  }

  /** Lets every deadline that is waited for pass, once whoever waits has begun to. */
  passAll(): void {
    setImmediate(() => {
      for (const wake of this.#deadlines) wake()
      this.#deadlines.clear()
    })
  }
}
