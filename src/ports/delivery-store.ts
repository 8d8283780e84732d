import type { UnixSeconds } from '../core/time.ts'
import type { WebhookType } from '../core/webhook.ts'
import type { Page } from './store.ts'

/** Webhooks and their tries, as stored. @throws StoreUnavailable from any method. */
export interface DeliveryStore {
  find(id: string): Promise<StoredDelivery | undefined>
  /** Newest first. @param state Undefined for every state. */
  list(state: DeliveryState | undefined, page: Page): Promise<readonly StoredDelivery[]>
  /** Leases due deliveries to this run, the longest due first, until the lease ends. */
  claimDue(now: UnixSeconds, limit: number): Promise<readonly StoredDelivery[]>
  /** Stores a try. @returns false when another try was stored since `before` was read. */
  saveTry(before: StoredDelivery, after: StoredDelivery): Promise<boolean>
  /** Makes a delivery pending again, with a new retry schedule. @returns undefined when it does not exist. */
  reopen(id: string, now: UnixSeconds): Promise<StoredDelivery | undefined>
  /** Deletes a few webhooks that were delivered, or had no target, and are older than `before`. */
  sweep(before: UnixSeconds, limit: number): Promise<void>
}

/** `given_up`: the retry schedule has ended. `no_target`: written while there was no `WEBHOOK_URL`. */
export type DeliveryState = 'pending' | 'delivered' | 'given_up' | 'no_target'

/** A webhook and its tries. */
export type StoredDelivery = Readonly<{
  /** The `webhook-id`. */
  id: string
  type: WebhookType
  /** What the fact is about: a transaction_id, an ordercode, an out_refund_no, a review's id or a day. */
  subject: string
  ordercode: string | undefined
  /** The order's revision that made the fact true; undefined when no order changed. */
  revision: number | undefined
  state: DeliveryState
  createdAt: UnixSeconds
  /** When it is tried next; undefined for never. */
  dueAt: UnixSeconds | undefined
  /** All tries so far. */
  tries: number
  /** Failed tries since the retry schedule began. */
  step: number
  triedAt: UnixSeconds | undefined
  /** The HTTP status of the last try; undefined when no answer came. */
  lastStatus: number | undefined
  /** As in {@link WebhookSender}. */
  lastError: string | undefined
  deliveredAt: UnixSeconds | undefined
  /** The JSON of the first try, so that every try sends the same bytes. */
  body: string | undefined
}>
