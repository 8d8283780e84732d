/**
 * What the console shows. Every method reads a bounded number of rows, however many orders there are.
 */
import type { Bill } from '../core/bill/bill.ts'
import type { ReportedDifference } from '../core/bill/difference.ts'
import type { BeijingDay } from '../core/day.ts'
import type { Fen } from '../core/money.ts'
import type { OrderState } from '../core/order/order.ts'
import type { RefundSource, RefundState } from '../core/order/refund.ts'
import type { StoredReview } from '../core/review.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { ListedDelivery } from './delivery-store.ts'
import type { StoredEvent } from './order-store.ts'
import type { StoredRun } from './run-store.ts'
import type { Found, Page } from './store.ts'

/** Reads lists and sums for people. @throws StoreUnavailable from any method. */
export interface ListStore {
  /** What waits and what happened lately, in one round trip. @param from The first of the days. */
  overview(from: BeijingDay, yesterday: BeijingDay): Promise<Overview>
  /** How many reviews are open; the count stops at {@link COUNT_MAX}. */
  openReviews(): Promise<number>
  /** One page of orders. */
  orders(filter: OrderListFilter, page: Page): Promise<Found<OrderLine>>
  /** The ordercodes of the order, the payment and the refund that have this number, and the orders that begin with it. */
  search(text: string): Promise<SearchResult>
  /** The last events of an order, newest first. */
  latestEvents(ordercode: string, limit: number): Promise<readonly StoredEvent[]>
  /** The webhooks with these ids. */
  deliveriesOf(ids: readonly string[]): Promise<readonly ListedDelivery[]>
  /** One page of refunds: those that are moving by when they are due next, or all by when they were requested, newest first. */
  refunds(which: 'moving' | 'all', page: Page): Promise<Found<RefundLine>>
  /** The last 31 days that have a bill, newest first. */
  bills(): Promise<readonly BillLine[]>
  /** The first differences of a day. */
  differences(day: BeijingDay, limit: number): Promise<readonly ReportedDifference[]>
}

/** Where a count stops: one more than is shown as a number. */
export const COUNT_MAX = 51

/** The sums of one Beijing day; in fen. */
export type DaySums = Readonly<{
  day: BeijingDay
  payments: number
  paidFee: Fen
  refunds: number
  refundedFee: Fen
}>

/** What the overview shows. Counts stop at {@link COUNT_MAX}. */
export type Overview = Readonly<{
  /** The days that have sums, oldest first. */
  days: readonly DaySums[]
  unpaid: number
  /** When the first unpaid order expires; undefined when there is none. */
  nextExpiry: UnixSeconds | undefined
  webhooksWaiting: number
  webhooksGivenUp: number
  refundsMoving: number
  openReviews: number
  /** The five newest open reviews. */
  reviews: readonly StoredReview[]
  /** The last 60 runs of the cron, newest first. */
  runs: readonly StoredRun[]
  /** The bill of yesterday; undefined when it has no row yet. */
  bill: BillLine | undefined
  /** The orders of the eight latest payments. */
  latest: readonly OrderLine[]
}>

/** An order in a list. */
export type OrderLine = Readonly<{
  ordercode: string
  state: OrderState
  body: string
  totalFee: Fen
  createdAt: UnixSeconds
  expiresAt: UnixSeconds
  paidAt: UnixSeconds | undefined
  /** When the order is due; the list of unpaid orders is sorted by it. */
  dueAt: UnixSeconds | undefined
  transactionId: string | undefined
  refundedFee: Fen
  refundingFee: Fen
  /** Whether an open review is about it. */
  needsPerson: boolean
}>

/**
 * Which orders: `unpaid` ones by when they are due, the others by when they were registered, newest first. `from` is
 * inclusive and `to` exclusive; they limit the time by which the list is sorted.
 */
export type OrderListFilter = Readonly<{
  tab: 'all' | 'unpaid' | 'paid' | 'closed'
  from: UnixSeconds | undefined
  to: UnixSeconds | undefined
}>

/** What a search found. `exact` is the ordercode of the one order that the number names. */
export type SearchResult = Readonly<{
  exact: string | undefined
  beginning: readonly OrderLine[]
}>

/** A refund in a list. */
export type RefundLine = Readonly<{
  outRefundNo: string
  ordercode: string
  state: RefundState
  refundFee: Fen
  source: RefundSource
  actor: string | undefined
  requestedAt: UnixSeconds
  acceptedAt: UnixSeconds | undefined
  endedAt: UnixSeconds | undefined
  dueAt: UnixSeconds | undefined
  errCode: string | undefined
  errCodeDes: string | undefined
}>

/** A day's bill in a list. `differences` stops at ten, and counts those that still exist. */
export type BillLine = Readonly<{ bill: Bill; differences: number }>
