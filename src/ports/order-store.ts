import type { Actor } from '../core/actor.ts'
import type { OutTradeNo, TransactionId } from '../core/ids.ts'
import type { Attempt } from '../core/order/attempt.ts'
import type { Change } from '../core/order/change.ts'
import type { OrderEvent, OrderState, OrderView, Terms } from '../core/order/order.ts'
import type { Payment, Source } from '../core/order/payment.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { Found, Page } from './store.ts'

/**
 * Orders with their attempts and payments, as stored. Every write has a guard and may be repeated: the second
 * time it changes nothing.
 *
 * Every method names the orders that it touches, so that orders may one day be in several databases.
 *
 * @throws StoreUnavailable from any method.
 */
export interface OrderStore {
  /** Loads an order. @returns undefined when the order does not exist. */
  load(ordercode: string): Promise<OrderView | undefined>
  /** Loads several orders. Orders that do not exist are left out. */
  loadMany(ordercodes: readonly string[]): Promise<readonly OrderView[]>
  /** Up to `limit` events of one order, its history, oldest first: those after the revision `after`. */
  events(ordercode: string, after: number, limit: number): Promise<readonly StoredEvent[]>
  /** One page of orders, at most 100, newest first. */
  list(filter: OrderFilter, page: Page): Promise<Found<ListedOrder>>
  /** Inserts the order unless it exists. @returns the stored order, and whether this call created it. */
  register(
    ordercode: string,
    terms: Terms,
    now: UnixSeconds,
  ): Promise<Readonly<{ created: boolean; view: OrderView }>>
  /**
   * Writes the outcome of a transition and its event, unless the order changed since `before` was read.
   *
   * @returns the ids of the webhooks that were written; `stale` when the order has changed: the caller reads it
   *   and decides again.
   */
  commit(
    before: OrderView,
    event: OrderEvent,
    change: Change,
    now: UnixSeconds,
  ): Promise<readonly string[] | 'stale'>
  /**
   * Writes what {@link commit} writes for each of the orders, in one batch however many they are. An order that has changed
   * since it was read is left out. @returns the ordercodes of those that are closed now.
   */
  commitClosings(closings: readonly Closing[]): Promise<ReadonlySet<string>>
  /**
   * Records a payment in one round trip, if it fits its attempt and the order is `paying`, and reads the
   * order back. In every other case nothing is written and `recorded` is false; `view` shows the caller why.
   *
   * @param refunded Whether WeChat has refunds of the payment, which the cron must import.
   */
  recordPayment(
    payment: Payment,
    source: Source,
    refunded: boolean,
    now: UnixSeconds,
  ): Promise<Readonly<{ recorded: boolean; view: OrderView | undefined }>>
  /** Finds the ordercode of the order that has this payment. @returns undefined when none has it. */
  ordercodeOfPayment(transactionId: TransactionId): Promise<string | undefined>
  /** Stores that WeChat's answer to a query confirmed the payment. */
  saveConfirmation(ordercode: string, transactionId: TransactionId, now: UnixSeconds): Promise<void>
  /** Stores the prepay_id from WeChat's answer. @returns false when the attempt is no longer open. */
  savePrepay(attempt: Attempt, prepayId: string, now: UnixSeconds): Promise<boolean>
  /**
   * Stores that WeChat answered unifiedorder with a refusal,
   * so that no unifiedorder of the attempt is in flight.
   */
  saveRefusal(attempt: Attempt, now: UnixSeconds): Promise<void>
  /**
   * Stores the hash of the login code with which a payer called `/pay` again.
   *
   * @returns false when the attempt is no longer open: during the login, a concurrent request may have closed
   *   it, or the payer may have paid.
   */
  rememberCode(outTradeNo: OutTradeNo, codeHash: string, now: UnixSeconds): Promise<boolean>
  /** Leases attempts that are due for a query to this run, the longest due first. */
  claimDueAttempts(now: UnixSeconds, limit: number): Promise<ClaimedOrders>
  /** Leases orders that expired and have an attempt to this run, the longest due first. */
  claimExpired(now: UnixSeconds, limit: number): Promise<ClaimedOrders>
  /**
   * Closes orders that expired without any attempt, the longest due first, all in one batch, with their events and
   * webhooks. @returns their ordercodes.
   */
  expireUntouched(now: UnixSeconds, limit: number): Promise<readonly string[]>
  /** Sets when claimed rows are due again, except rows that changed since they were claimed. */
  reschedule(claimed: ClaimedOrders, next: readonly NextOrderDue[]): Promise<void>
  /** The merchant numbers whose work is set aside, because `WX_MCH_ID` was or is another number. */
  otherMerchants(): Promise<readonly OtherMerchant[]>
  /**
   * Makes the due orders, attempts and refunds of a merchant number due at `until`, also those that will be due
   * soon. Orders of a number that was given up stay due.
   *
   * @returns how many orders, attempts and refunds were set aside.
   */
  setAside(mchId: string, until: UnixSeconds, now: UnixSeconds): Promise<number>
  /** Makes all that was set aside of a merchant number due, and resolves the review about it with `note`. */
  resume(mchId: string, note: string, now: UnixSeconds): Promise<void>
  /** Stores that the operator gives a merchant number up, and makes its orders due at their expiry. */
  giveUp(mchId: string, now: UnixSeconds): Promise<void>
}

/** The closing of an order, as `transition` has decided it, and when. */
export type Closing = Readonly<{
  before: OrderView
  event: Extract<OrderEvent, { type: 'order_closed' }>
  change: Change
  at: UnixSeconds
}>

/** An order in a list, and whether there are reviews that concern it. */
export type ListedOrder = Readonly<{ view: OrderView; hasReviews: boolean }>

/** A merchant number whose work is set aside. */
export type OtherMerchant = Readonly<{
  mchId: string
  since: UnixSeconds
  /** When the operator gave the number up; undefined while its work waits. */
  givenUpAt: UnixSeconds | undefined
}>

/** One event of an order's history. `data` has the further fields that the shop sees. */
export type StoredEvent = Readonly<{
  revision: number
  type: string
  at: UnixSeconds
  /** Who caused the event. */
  actor: Actor
  data: Readonly<Record<string, unknown>>
}>

/**
 * The filter of a list of orders. A field that is undefined admits any value. `createdFrom` is inclusive,
 * `createdTo` is exclusive.
 */
export type OrderFilter = Readonly<{
  state: OrderState | undefined
  createdFrom: UnixSeconds | undefined
  createdTo: UnixSeconds | undefined
  transactionId: string | undefined
}>

/** What the cron must look at now: an order that expires, or one of its attempts. */
export type DueRow = Readonly<{
  ordercode: string
  /** The number of the due attempt; undefined when the order itself is due. */
  number: number | undefined
  /** When the order or attempt became due, in Unix seconds. */
  dueAt: UnixSeconds
}>

/** Due orders and attempts that are leased to one run of the cron, the longest due first. */
export type ClaimedOrders = Readonly<{
  leaseUntil: UnixSeconds
  items: readonly DueRow[]
}>

/** When the cron looks at a claimed order or attempt again; `undefined` for never. */
export type NextOrderDue = Readonly<{
  ordercode: string
  /** The number of the attempt; undefined for the order itself. */
  number: number | undefined
  dueAt: UnixSeconds | undefined
  /** Whether WeChat answered, so that a recovery need not wait for the attempt. */
  isAnswered: boolean
}>
