/**
 * Work of another merchant number than `WX_MCH_ID`. Without its key and certificate nothing of it can be asked, closed
 * or sent, so it waits until the number is set back, or until the operator gives it up.
 */
import { isOurs } from '../core/merchant.ts'
import { type Attempt, isLive } from '../core/order/attempt.ts'
import { isOver, liveAttempt, type OrderView } from '../core/order/order.ts'
import { otherMerchantReview } from '../core/order/reviews.ts'
import { DAY_S, later } from '../core/time.ts'
import type { Deps } from '../ports/deps.ts'
import type { DueRow, OtherMerchant } from '../ports/order-store.ts'
import { openReview } from './open-review.ts'

type OtherMerchantsDeps = Pick<
  Deps,
  'config' | 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews'
>

/**
 * How long the work of another merchant number is set aside, in seconds. Then it is looked at again, because a
 * person may have settled some of it.
 */
const ASIDE_S = DAY_S

const RESUMED = 'WX_MCH_ID is this merchant number again'

/** The attempt about which WeChat would be asked for a due order or attempt. */
const attemptOf = (view: OrderView, { number }: DueRow): Attempt | undefined =>
  number === undefined
    ? liveAttempt(view)
    : view.attempts.find((attempt) => attempt.number === number)

/** Whether an order, or an attempt that outlived its order, is due to be closed. */
const isToClose = (view: OrderView | undefined, { number }: DueRow): boolean =>
  number === undefined ||
  (view !== undefined &&
    isOver(view) &&
    view.attempts.some((attempt) => attempt.number === number && isLive(attempt)))

/**
 * Sets aside what belongs to other merchant numbers among due orders and attempts, and all that is due of these
 * numbers with it.
 *
 * @returns the orders and attempts that this run can work on.
 */
export async function withoutOtherMerchants(
  deps: OtherMerchantsDeps,
  items: readonly DueRow[],
  viewOf: (item: DueRow) => OrderView | undefined,
): Promise<readonly DueRow[]> {
  /** The merchant number of an order or attempt that is not ours. */
  const otherOf = (item: DueRow): string | undefined => {
    const view = viewOf(item)
    const attempt = view === undefined ? undefined : attemptOf(view, item)
    return attempt === undefined || isOurs(attempt.terms, deps.config)
      ? undefined
      : attempt.terms.mchId
  }
  if (items.every((item) => otherOf(item) === undefined)) return items
  const known = await deps.orders.otherMerchants()
  // What is open under a number that was given up is closed without WeChat. It needs the statements of this run itself.
  const isClosable = (item: DueRow): boolean =>
    isToClose(viewOf(item), item) &&
    known.some(({ mchId, givenUpAt }) => mchId === otherOf(item) && givenUpAt !== undefined)
  const waiting = items.filter((item) => otherOf(item) !== undefined && !isClosable(item))
  await setAsideAll(
    deps,
    waiting.flatMap((item) => otherOf(item) ?? []),
    known,
  )
  return items.filter((item) => !waiting.includes(item))
}

/** Sets the due work of other merchant numbers aside. The first time, a review opens: one for all work of a number. */
export async function setAside(deps: OtherMerchantsDeps, mchIds: readonly string[]): Promise<void> {
  if (mchIds.length > 0) await setAsideAll(deps, mchIds, await deps.orders.otherMerchants())
}

/** @param known The numbers whose work is set aside already. */
async function setAsideAll(
  deps: OtherMerchantsDeps,
  mchIds: readonly string[],
  known: readonly OtherMerchant[],
): Promise<void> {
  const now = deps.now()
  for (const mchId of new Set(mchIds)) {
    if (!known.some((each) => each.mchId === mchId)) {
      await openReview(deps, otherMerchantReview(mchId, deps.config.mchId))
    }
    const rows = await deps.orders.setAside(mchId, later(now, ASIDE_S), now)
    deps.log({ event: 'work_set_aside', mch_id: mchId, rows })
  }
}

/** Makes the work of our merchant number due that was set aside while `WX_MCH_ID` was another number. */
export async function resumeOwnWork({
  config,
  log,
  now,
  orders,
}: Pick<Deps, 'config' | 'log' | 'now' | 'orders'>): Promise<void> {
  const { mchId } = config
  await orders.resume(mchId, RESUMED, now())
  log({ event: 'work_resumed', mch_id: mchId })
}
