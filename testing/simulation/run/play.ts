/** Several actors at the same time, until all of them are done. */
import type { World } from './world.ts'

/** @param beside Goes on for as long as the others act. */
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

/** Plays on until it is done, and everything it left running, too. */
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
  if (!isDone) throw new Error('somebody waits for what never comes')
  await done
}
