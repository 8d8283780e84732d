/** The source of timers. Injected, so that a test controls the clock. */
export interface Timers {
  /** Calls `wake` once after `ms` milliseconds. @returns a function that cancels the call. */
  after(ms: number, wake: () => void): () => void
}

/** How many milliseconds an invocation may still take; Infinity for an invocation without a deadline. */
export type TimeLeft = () => number

/** The outcome of work with a deadline: its value, or `done: false` when the deadline passed first. */
export type DeadlineOutcome<T> = Readonly<{ done: true; value: T } | { done: false }>

/**
 * Waits for `work`, but no longer than `ms` milliseconds; `Infinity` waits without a deadline. When the deadline passes, `signal` aborts and the
 * outcome of the work is unknown: it may still take effect. Rejects if the work rejects before the deadline.
 */
export async function withDeadline<T>(
  timers: Timers,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<DeadlineOutcome<T>> {
  const controller = new AbortController()
  if (ms === Infinity) return { done: true, value: await work(controller.signal) }
  let cancel = () => {}
  const tooLate = new Promise<DeadlineOutcome<T>>((resolve) => {
    cancel = timers.after(ms, () => {
      resolve({ done: false })
      controller.abort()
    })
  })
  const working = work(controller.signal).then((value) => ({ done: true, value }) as const)
  // After the deadline nothing awaits the work. Without this handler, a later rejection would be unhandled.
  working.catch(() => {})
  try {
    return await Promise.race([working, tooLate])
  } finally {
    cancel()
  }
}

/** Resolves after `ms` milliseconds of the given timers. */
export const sleep = (timers: Timers, ms: number): Promise<void> =>
  new Promise((resolve) => void timers.after(ms, resolve))
