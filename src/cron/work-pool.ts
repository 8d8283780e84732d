import { detailsOf } from '../lib/words.ts'
import type { Deps } from '../ports/deps.ts'

/**
 * The maximum number of items under way. A Worker can wait for six responses at the same time; a seventh call
 * would only queue.
 */
const CONCURRENCY_MAX = 6

/**
 * Works on items, at most six at the same time, until all are done or the next one is not allowed.
 *
 * @param allowed Whether one more item may begin. Receives the number of running items, each of which may
 *   still use its largest cost.
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

/**
 * Runs the work of one item. An exception is logged and not thrown, so that one bad row does not stop the
 * others. The row is due again when its lease ends.
 */
export async function catchAndLog<T>(
  { log }: Pick<Deps, 'log'>,
  work: () => Promise<T>,
): Promise<T | 'failed'> {
  try {
    return await work()
  } catch (error) {
    log({ event: 'tick_item_failed', ...detailsOf(error) })
    return 'failed'
  }
}
