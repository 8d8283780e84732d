/** Plays one seed: actors and faults, the first bill, the drain, and then all checks. */
import { runBank, runPlatform, runTreasurer } from '../actors/bank.ts'
import { runForger } from '../actors/forgers.ts'
import { runKeyHolder } from '../actors/key-holder.ts'
import { runCron, runOperator, runWeChatClosures } from '../actors/operator.ts'
import { runPayer } from '../actors/payer.ts'
import { runCanceller, runPauser } from '../actors/refund-officers.ts'
import { runReconfigurer } from '../actors/reconfigurer.ts'
import { isRestored, runRestorer } from '../actors/restorer.ts'
import { runRefundClerk } from '../actors/refund-clerk.ts'
import { runShop } from '../actors/shop.ts'
import { check } from '../checkers/checker.ts'
import { collect } from '../checkers/evidence.ts'
import { injectBillFaults } from '../faults/bill-trouble.ts'
import { scheduleRefundNotices } from '../faults/notice-delivery.ts'
import { playBillDay } from './bill-day.ts'
import { drain } from './drain.ts'
import { play } from './play.ts'
import { makeWorld, type Recipe, type World } from './world.ts'

const ORDERS_MAX = 5
/** The share of the seeds in which faults continue until the first day's bill has been processed. */
const BILL_DAY_RATE = 0.35

/** The result of simulating one seed. */
export type Outcome = Readonly<{
  seed: number
  /** One sentence for each violation; empty when every check passed. */
  violations: readonly string[]
  /** How often each fault and situation happened. */
  counts: ReadonlyMap<string, number>
  /** How many steps the scheduler has made. */
  steps: number
  orders: number
  /** The number of payments that WeChat took. */
  captures: number
  trace: readonly string[]
  /** SHA-256 of the trace: equal digests are equal runs. */
  digest: string
}>

/**
 * Plays a seed. `installInstant()` must have been called before.
 *
 * @param tamper Changes the world before the checks run, to test that the checks notice it.
 */
export async function runSeed(
  recipe: Recipe,
  tamper: (world: World) => void = () => {},
): Promise<Outcome> {
  const world = makeWorld(recipe)
  const orders = await playActors(world)
  const ending = world.chance('dawn')
  if (ending.happens(BILL_DAY_RATE)) await playBillDay(world)
  else if (ending.happens(0.3)) injectBillFaults(world)
  const drained = await drain(world)
  countEvents(world)
  tamper(world)
  const violations = [
    ...(drained ? [] : ['work is still due after the last round of the drain']),
    ...world.witness.violations,
    ...world.workers.alarms,
    ...check(collect(world)),
  ]
  for (const violation of violations) world.trace.add('checker', violation)
  world.sqlite.close()
  return {
    seed: recipe.seed,
    violations,
    counts: world.faults.counts,
    steps: world.scheduler.steps,
    orders,
    captures: world.wechat.books.captures().length,
    trace: world.trace.lines,
    digest: world.trace.digest(),
  }
}

/** Runs all actors of the recipe concurrently, with faults. @returns how many orders the seed has. */
async function playActors(world: World): Promise<number> {
  const { recipe, wechat, chance } = world
  const isIncluded = (name: string): boolean => recipe.withoutActors?.includes(name) !== true
  const cast = chance('cast')
  const actors: Promise<void>[] = []
  if (isIncluded('forger')) actors.push(runForger(world))
  if (isIncluded('key holder')) actors.push(runKeyHolder(world))
  if (isIncluded('operator')) actors.push(runOperator(world))
  if (isIncluded('closures')) actors.push(runWeChatClosures(world))
  if (isIncluded('bank')) actors.push(runBank(world))
  if (isIncluded('treasurer')) actors.push(runTreasurer(world))
  if (isIncluded('canceller')) actors.push(runCanceller(world))
  if (isIncluded('reconfigurer')) actors.push(runReconfigurer(world))
  if (isIncluded('restorer')) actors.push(runRestorer(world))
  // The operator who restores the database pauses and resumes refunds, too.
  const isPausing = isIncluded('pauser') && !(isIncluded('restorer') && isRestored(world))
  if (isPausing) actors.push(runPauser(world))
  if (isIncluded('platform')) actors.push(runPlatform(world))
  const post = chance('post of refunds')
  world.mail.onRefund = (outRefundNo) => scheduleRefundNotices(world, outRefundNo, post)

  const count = cast.between(1, ORDERS_MAX)
  for (let number = 1; number <= count; number++) {
    const openids = Array.from({ length: cast.pick([1, 1, 2, 3]) }, () => wechat.payer.newOpenid())
    if (!isIncluded(`order ${number}`)) continue
    const ordercode = `o${number}-${String(recipe.seed).padStart(5, '0')}`
    world.cast.set(ordercode, openids)
    actors.push(runShop(world, ordercode, openids))
    if (isIncluded(`refund clerk ${number}`)) actors.push(runRefundClerk(world, ordercode))
    openids.forEach((openid, at) => {
      if (isIncluded(`payer ${number}.${at + 1}`)) {
        actors.push(runPayer(world, ordercode, openid, at + 1))
      }
    })
  }
  await play(world, actors, isIncluded('cron') ? runCron : undefined)
  return count
}

/** Names of all actors that a recipe can leave out. */
export const ACTORS: readonly string[] = [
  ...Array.from({ length: ORDERS_MAX }, (_, at) => `order ${at + 1}`),
  ...Array.from({ length: ORDERS_MAX }, (_, at) => [1, 2, 3].map((n) => `payer ${at + 1}.${n}`)),
  ...Array.from({ length: ORDERS_MAX }, (_, at) => `refund clerk ${at + 1}`),
  'bank',
  'treasurer',
  'platform',
  'canceller',
  'pauser',
  'restorer',
  'reconfigurer',
  'forger',
  'key holder',
  'operator',
  'closures',
  'cron',
].flat()

/** Counts events and differences of the tables, to show which situations the seed has covered. */
function countEvents({ sqlite, faults }: World): void {
  for (const { type, n } of sqlite.read(
    'SELECT type, count(*) AS n FROM order_events GROUP BY type',
  )) {
    for (let left = Number(n); left > 0; left--) faults.count(`event:${String(type)}`)
  }
  const found = sqlite.read(
    'SELECT kind, outcome, count(*) AS n FROM bill_differences GROUP BY kind, outcome',
  )
  for (const { kind, outcome, n } of found) {
    for (let left = Number(n); left > 0; left--) {
      faults.count(`difference:${String(kind)} → ${String(outcome)}`)
    }
  }
  const byBill = sqlite.read(
    "SELECT count(*) AS n FROM order_events WHERE type = 'payment_booked' AND data ->> 'source' = 'bill'",
  )[0]
  for (let left = Number(byBill?.['n']); left > 0; left--)
    faults.count('event:payment_booked_by_bill')
  const further = sqlite.read('SELECT count(*) AS n FROM attempts WHERE number > 1')[0]
  for (let left = Number(further?.['n']); left > 0; left--) faults.count('situation:next_attempt')
}
