/** Runs the actors of a seed concurrently in virtual time. */
import type { World } from './world.ts'

/**
 * Runs all actors until each has finished.
 *
 * @param beside Another actor, which runs as long as the others and stops when `isOver` returns true: the cron.
 */
export async function play(
  world: World,
  actors: readonly Promise<void>[],
  beside?: (world: World, isOver: () => boolean) => Promise<void>,
): Promise<void> {
  let isOver = false
  const acted = Promise.all(actors).finally(() => (isOver = true))
  void beside?.(world, () => isOver)
  await untilDone(
    acted,
    world.scheduler.run(() => isOver),
  )
}

/** Runs the scheduler until `work` and everything that `work` started have finished. */
export const finish = (world: World, work: Promise<void>): Promise<void> =>
  untilDone(
    work,
    world.scheduler.run(() => false),
  )

async function untilDone(work: Promise<unknown>, played: Promise<void>): Promise<void> {
  let isDone = false
  const done = work.finally(() => (isDone = true))
  done.catch(() => {})
  await Promise.race([played, done.then(() => played)])
  for (let turns = 0; turns < 10 && !isDone; turns++) await new Promise(setImmediate)
  if (!isDone) throw new Error('deadlock: an actor waits, but nothing is scheduled any more')
  await done
}
