import type { Health } from '../core/health.ts'
import type { Source } from '../core/order/payment.ts'
import type { RefundState } from '../core/order/refund.ts'
import type { ReviewKind } from '../core/review.ts'
import type { UnixSeconds } from '../core/time.ts'

/** What `/metrics` shows beside the health. Every number is of rows that an index leads to, and is bounded. */
export type Figures = Readonly<{
  /** How long the last finished run took, in seconds; undefined when no run has finished. */
  lastRunS: number | undefined
  openReviews: ReadonlyMap<ReviewKind, number>
  webhooksPending: number
  webhooksGivenUp: number
  openRefunds: ReadonlyMap<RefundState, number>
  /** The payments and the sum in fen of the Beijing day of `now`. */
  today: Readonly<{ payments: number; paidFee: number; refunds: number; refundedFee: number }>
  /** How the newest payments of the last hour were found, up to {@link NEWEST_MAX}. */
  newest: ReadonlyMap<Source, number>
  /** The last day whose bill is reconciled, as the Unix seconds of its beginning in UTC. */
  lastBill: UnixSeconds | undefined
  openDifferences: number
}>

/** The health of the installation, and its figures. */
export type Metrics = Readonly<{ health: Health; figures: Figures }>

/** How many of the newest payments are looked at. */
export const NEWEST_MAX = 200
/** Up to how many rows are counted. A number that reaches it is at least so many. */
export const COUNTED_MAX = 200

/** Reads the figures, in one round trip. @throws StoreUnavailable */
export interface MetricsStore {
  read(now: UnixSeconds): Promise<Figures>
}
