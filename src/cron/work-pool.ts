import type { Deps } from '../ports/deps.ts'

/** A Worker waits for six answers at a time; more would only queue. */
const AT_ONCE = 6

/**
 * Works items off, a few at a time, as long as the next one can be paid for.
 *
 * @param affordable Told how many are under way and may yet cost their most.
 * @returns the items that were not begun.
 */
export async function workOff<T>(
  items: readonly T[],
  affordable: (running: number) => boolean,
  work: (item: T) => Promise<void>,
): Promise<readonly T[]> {
  const waiting = [...items]
  let running = 0
  async function worker(): Promise<void> {
    while (affordable(running)) {
      const item = waiting.shift()
      if (item === undefined) return
      running++
      await work(item)
      running--
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return waiting
}

/** One bad row must not keep the others waiting: it is logged, and comes back when its lease ends. */
export async function orFailed<T>(
  deps: Pick<Deps, 'log'>,
  work: () => Promise<T>,
): Promise<T | 'failed'> {
  try {
    return await work()
  } catch (error) {
    const reason = error instanceof Error ? error.name : 'unknown'
    const stack =
      error instanceof Error ? error.stack?.split('\n').slice(1, 6).join('\n') : undefined
    deps.log({ event: 'tick_item_failed', reason, stack })
    return 'failed'
  }
}
