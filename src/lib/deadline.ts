/** Where waiting comes from, so that a test can hold the clock. */
export interface Timers {
  /** Calls `wake` once after `ms` milliseconds. @returns a function that calls it off. */
  after(ms: number, wake: () => void): () => void
}

export type DeadlineOutcome<T> = Readonly<{ done: true; value: T } | { done: false }>

/**
 * Waits for `work`, but no longer than `ms`. What is still going on then is told by `signal` to
 * stop, and its outcome is unknown: it may yet take effect.
 */
export async function withDeadline<T>(
  timers: Timers,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<DeadlineOutcome<T>> {
  const controller = new AbortController()
  let callOff = () => {}
  const tooLate = new Promise<DeadlineOutcome<T>>((resolve) => {
    callOff = timers.after(ms, () => {
      resolve({ done: false })
      controller.abort()
    })
  })
  const working = work(controller.signal).then((value) => ({ done: true, value }) as const)
  // Whoever loses the race may still fail, and nobody will be listening.
  working.catch(() => {})
  try {
    return await Promise.race([working, tooLate])
  } finally {
    callOff()
  }
}

export const sleep = (timers: Timers, ms: number): Promise<void> =>
  new Promise((resolve) => void timers.after(ms, resolve))
