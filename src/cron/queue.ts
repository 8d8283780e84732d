/** What the kinds of due work have in common: a run of the cron takes a slice of each in turn. */
import type { Budget } from '../ports/budget.ts'
import type { DueClass } from '../core/due.ts'

/** How much a run did of each kind of work. Part of its report. */
export type Figures = Readonly<{
  /** Attempts and orders with an attempt that were claimed. */
  due: number
  /** The number of attempts and orders whose payment is recorded now. */
  booked: number
  closed: number
  waiting: number
  /** WeChat gave no clear answer about them. */
  unanswered: number
  /** Items whose work threw an exception, which is logged. */
  failed: number
  /** Claimed attempts and orders that the budget or the time of the run did not allow. The next run begins with them. */
  left: number
  /** Orders that expired without any attempt, and were closed as a set. */
  expired: number
  refunds: number
  /** The number of webhooks that were tried. */
  told: number
}>

/** The outcome of one slice. */
export type Slice = Readonly<{
  /** Whether more may be due, so that another slice is worthwhile. */
  more: boolean
  /** Whether the other side seems to be away: of several calls none was answered. */
  away: boolean
  did: Partial<Figures>
}>

/** One kind of due work. */
export type Queue = Readonly<{
  class: DueClass
  /** On whom the work depends. */
  peer: 'wechat' | 'shop' | 'none'
  /** `usual`: a rare item needs more than is assumed (`RARE_EXCESS` in `costs.ts`), so the run keeps a reserve for it. */
  costs: 'exact' | 'usual'
  /** Works on as many of the items that are due the longest as one slice and the budget allow. */
  slice: (budget: Budget) => Promise<Slice>
}>

/** The slice of a queue of which nothing is due. */
export const NOTHING_DUE: Slice = { more: false, away: false, did: {} }
/** The slice of a queue for which the budget has no room. */
export const NO_ROOM: Slice = NOTHING_DUE

/** No item of a slice begins later than this, in seconds, so that a slow other side does not hold up the other queues. */
export const SLICE_S = 20
/** So many calls in a slice must stay without an answer before the other side counts as away. */
const UNANSWERED_MIN = 6

/** Whether the other side seems to be away. */
export const isAway = (unanswered: number, answered: number): boolean =>
  answered === 0 && unanswered >= UNANSWERED_MIN
