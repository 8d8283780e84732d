import type { OutTradeNo } from '../core/ids.ts'
import type { Attempt } from '../core/order/attempt.ts'
import type { Change } from '../core/order/change.ts'
import type { OrderEvent, OrderState, OrderView, Returned, Terms } from '../core/order/order.ts'
import type { Payment, Source } from '../core/order/payment.ts'
import type { Review, ReviewAction, StoredReview } from '../core/review.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { Webhook, WebhookType } from '../core/webhook.ts'
import type { BillStore } from './bill-store.ts'
import type { RefundStore } from './refund-store.ts'

/**
 * Orders as stored. Every write is guarded and may be repeated: what was applied already does nothing
 * the second time. Any method throws {@link StoreUnavailable}.
 */
export interface Store extends RefundStore {
  load(ordercode: string): Promise<OrderView | undefined>
  loadMany(ordercodes: readonly string[]): Promise<readonly OrderView[]>
  events(ordercode: string): Promise<readonly StoredEvent[]>
  /** Inserts the order unless there is one. @returns what is there then. */
  register(
    ordercode: string,
    terms: Terms,
    now: UnixSeconds,
  ): Promise<Readonly<{ created: boolean; view: OrderView }>>
  /**
   * Writes the outcome of a transition and its event, if nobody changed the order since `before` was
   * read. `stale` means read again and decide again.
   */
  commit(
    before: OrderView,
    event: OrderEvent,
    change: Change,
    now: UnixSeconds,
  ): Promise<'stored' | 'stale'>
  /**
   * Books a payment in one round trip, when it fits its attempt and the order is being paid, and reads
   * the order back. `booked` is false in every other case, and the view explains it.
   */
  book(
    payment: Payment,
    source: Source,
    returned: Returned,
    now: UnixSeconds,
  ): Promise<Readonly<{ booked: boolean; view: OrderView | undefined }>>
  /** Stores WeChat's answer to unifiedorder. @returns false when the attempt is not open any more. */
  savePrepay(attempt: Attempt, prepayId: string, now: UnixSeconds): Promise<boolean>
  /** Notes that WeChat answered unifiedorder, with a refusal. */
  saveRefusal(attempt: Attempt, now: UnixSeconds): Promise<void>
  /**
   * Remembers the login code of a payer who came again. @returns false when the attempt is not open any
   * more: the login may have taken long enough for others to close it, or to pay.
   */
  rememberCode(outTradeNo: OutTradeNo, codeHash: string, now: UnixSeconds): Promise<boolean>

  /**
   * Notes that WeChat is asked about the attempt now. @returns false when it was asked within the last
   * `pauseS` seconds: of many who come at once, one asks.
   */
  mayAsk(outTradeNo: OutTradeNo, pauseS: number, now: UnixSeconds): Promise<boolean>

  listOrders(filter: OrderFilter, page: Page): Promise<readonly OrderView[]>

  openReview(review: Review, webhook: Webhook | undefined, now: UnixSeconds): Promise<boolean>
  findReview(id: string): Promise<StoredReview | undefined>
  reviewsOf(ordercodes: readonly string[]): Promise<readonly StoredReview[]>
  resolveReview(
    id: string,
    resolution: Readonly<{ note: string; action: ReviewAction | undefined }>,
    now: UnixSeconds,
  ): Promise<boolean>
  listReviews(open: boolean | undefined, page: Page): Promise<readonly StoredReview[]>

  findDelivery(id: string): Promise<StoredDelivery | undefined>
  claimDeliveries(now: UnixSeconds, limit: number): Promise<readonly StoredDelivery[]>
  /** @returns false when another try was noted since `before` was read. */
  saveTry(before: StoredDelivery, after: StoredDelivery): Promise<boolean>
  reopenDelivery(id: string, now: UnixSeconds): Promise<StoredDelivery | undefined>
  listDeliveries(state: DeliveryState | undefined, page: Page): Promise<readonly StoredDelivery[]>

  /** Takes due rows for this run, the longest due first: nobody else gets them until the lease ends. */
  claim(now: UnixSeconds, limits: ClaimLimits): Promise<Claimed>
  /** Says when claimed rows are due again; rows that somebody else moved since are left alone. */
  reschedule(claimed: Claimed, next: readonly NextDue[]): Promise<void>

  bills: BillStore

  startRun(now: UnixSeconds): Promise<number>
  finishRun(id: number, now: UnixSeconds, report: string): Promise<void>
  lastRunAt(): Promise<UnixSeconds | undefined>
  listRuns(beforeId: number, limit: number): Promise<readonly StoredRun[]>
  /** Forgets a few runs and delivered webhooks that are older than `before`. */
  sweep(before: UnixSeconds, limit: number): Promise<void>
  /** SQL statements sent so far, for the budget of a tick. */
  statementsUsed(): number
}
/** The database did not answer, or could not. What was written may or may not be there. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

export type StoredEvent = Readonly<{
  revision: number
  type: string
  at: UnixSeconds
  data: Readonly<Record<string, unknown>>
}>
export type ClaimLimits = Readonly<{ orders: number; attempts: number }>
export type DueItem = Readonly<{
  ordercode: string
  /** Of the attempt; undefined for the order itself. */
  number: number | undefined
  /** Since when. */
  dueAt: UnixSeconds
}>
export type Claimed = Readonly<{
  leaseUntil: UnixSeconds
  items: readonly DueItem[]
}>
/** `undefined`: not again. */
export type NextDue = Readonly<{
  ordercode: string
  /** Of the attempt; undefined for the order itself. */
  number: number | undefined
  dueAt: UnixSeconds | undefined
}>
/** A page of a list, newest first: what comes after (`at`, `key`) in that order. */
export type Page = Readonly<{ before: Readonly<{ at: number; key: string }>; limit: number }>
export type OrderFilter = Readonly<{
  state: OrderState | undefined
  createdFrom: UnixSeconds | undefined
  createdTo: UnixSeconds | undefined
  transactionId: string | undefined
}>
export type StoredRun = Readonly<{
  id: number
  startedAt: UnixSeconds
  finishedAt: UnixSeconds | undefined
  report: Readonly<Record<string, unknown>>
}>
export type DeliveryState = 'pending' | 'delivered' | 'given_up' | 'no_target'
export type StoredDelivery = Readonly<{
  id: string
  type: WebhookType
  subject: string
  ordercode: string | undefined
  revision: number | undefined
  state: DeliveryState
  createdAt: UnixSeconds
  dueAt: UnixSeconds | undefined
  tries: number
  step: number
  triedAt: UnixSeconds | undefined
  lastStatus: number | undefined
  lastError: string | undefined
  deliveredAt: UnixSeconds | undefined
  body: string | undefined
}>
