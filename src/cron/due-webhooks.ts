/** What the shop is to be told: webhooks that this run wrote, and those whose time has come. */
import type { Deps, TickBudget } from '../ports/deps.ts'
import { deliverFirst, deliverWebhook } from '../service/deliver-webhook.ts'
import { orFailed, workOff } from './work-pool.ts'

/** Find it, read its order and reviews, note the try, and when it is given up open a review. */
const TELL_STATEMENTS_MAX = 9
const OWN_STATEMENTS = 1
/** Six at a time, ten seconds each at the most: all are tried before their lease ends. */
const CLAIM_MAX = 60

/**
 * @param written Ids of rows written in this run: nobody tried them yet.
 * @param limits What the tick may have used in all when this part ends.
 * @returns how many were tried. The others keep their time, and the next tick takes them.
 */
export async function tellDue(
  deps: Deps,
  written: readonly string[],
  { calls, statements }: TickBudget,
): Promise<number> {
  const affordable = (running: number): boolean =>
    deps.callsUsed() + running + 1 <= calls &&
    deps.store.statementsUsed() + (running + 1) * TELL_STATEMENTS_MAX + OWN_STATEMENTS <= statements

  if (!deps.config.hasWebhookTarget) return 0
  let told = 0
  await workOff(written, affordable, async (id) => {
    told++
    await orFailed(deps, () => deliverFirst(deps, id))
  })
  // No more are leased than can be tried: a leased row waits for the lease to end.
  const room = Math.floor(
    (statements - OWN_STATEMENTS - deps.store.statementsUsed()) / TELL_STATEMENTS_MAX,
  )
  const limit = Math.min(room, calls - deps.callsUsed(), CLAIM_MAX)
  if (limit <= 0) return told
  const due = await deps.store.claimDeliveries(deps.now(), limit)
  await workOff(
    due,
    () => true,
    async (delivery) => {
      told++
      await orFailed(deps, () => deliverWebhook(deps, delivery))
    },
  )
  return told
}
