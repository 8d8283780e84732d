import type { Timers } from '../../../src/lib/deadline.ts'

/** The longest pause before a retry, in milliseconds. A timer that is set for longer is a deadline. */
const PAUSE_MS_MAX = 1_000

/** Timers without real time: a pause ends immediately, a deadline passes only when a call to WeChat stalls. */
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

  /** Lets all deadlines pass, once the Worker's stalled call has begun to wait for its deadline. */
  passAll(): void {
    setImmediate(() => {
      for (const wake of this.#deadlines) wake()
      this.#deadlines.clear()
    })
  }
}
