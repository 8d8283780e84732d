import type { Timers } from '../../../src/lib/deadline.ts'

/** Waits up to this long are pauses before a retry; longer ones are deadlines. */
const PAUSE_MS_MAX = 1_000

/** Timers without real time: pauses end immediately, deadlines only pass when a call to WeChat stalls. */
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

  /** Lets all deadlines pass, after the code that stalls has begun to wait. */
  passAll(): void {
    setImmediate(() => {
      for (const wake of this.#deadlines) wake()
      this.#deadlines.clear()
    })
  }
}
