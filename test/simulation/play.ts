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
  await Promise.all([acted, world.scheduler.run(() => isOver)])
}
