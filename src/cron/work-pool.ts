import type { Deps } from '../ports/deps.ts'

/** A Worker waits for six responses at the same time; a seventh call would only queue. */
const CONCURRENCY_MAX = 6

/**
 * Works items off, a few at the same time, as long as the next one is allowed.
 *
 * @param allowed Gets the number of items under way, each of which may still cost its most.
 * @returns the items that were not begun.
 */
export async function runPool<T>(
  items: readonly T[],
  allowed: (running: number) => boolean,
  work: (item: T) => Promise<void>,
): Promise<readonly T[]> {
  const waiting = [...items]
  let running = 0
  async function worker(): Promise<void> {
    while (allowed(running)) {
      const item = waiting.shift()
      if (item === undefined) return
      running++
      await work(item)
      running--
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY_MAX }, worker))
  return waiting
}

/** One bad row must not stop the others: its error is logged, and the row is due again when its lease ends. */
export async function catchAndLog<T>(
  { log }: Pick<Deps, 'log'>,
  work: () => Promise<T>,
): Promise<T | 'failed'> {
  try {
    return await work()
  } catch (error) {
    const reason = error instanceof Error ? error.name : 'unknown'
    const stack =
      error instanceof Error ? error.stack?.split('\n').slice(1, 6).join('\n') : undefined
    log({ event: 'tick_item_failed', reason, stack })
    return 'failed'
  }
}
