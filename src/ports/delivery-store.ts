import type { UnixSeconds } from '../core/time.ts'
import type { WebhookType } from '../core/webhook.ts'
import type { Page } from './store.ts'

/** Webhooks and their tries, as stored. @throws StoreUnavailable from any method. */
export interface DeliveryStore {
  find(id: string): Promise<StoredDelivery | undefined>
  /** @param state Undefined for every state. */
  list(state: DeliveryState | undefined, page: Page): Promise<readonly StoredDelivery[]>
  /** Leases due deliveries to this run, the longest due first, until the lease ends. */
  claimDue(now: UnixSeconds, limit: number): Promise<readonly StoredDelivery[]>
  /** @returns false when another try was stored since `before` was read. */
  saveTry(before: StoredDelivery, after: StoredDelivery): Promise<boolean>
  /** Makes a delivery pending again, with a new retry schedule. */
  reopen(id: string, now: UnixSeconds): Promise<StoredDelivery | undefined>
  /** Deletes a few webhooks that were delivered, or had no target, and are older than `before`. */
  sweep(before: UnixSeconds, limit: number): Promise<void>
}

export type DeliveryState = 'pending' | 'delivered' | 'given_up' | 'no_target'

export type StoredDelivery = Readonly<{
  id: string
  type: WebhookType
  /** What the webhook is about, as in {@link WebhookType}'s `subject`. */
  subject: string
  ordercode: string | undefined
  revision: number | undefined
  state: DeliveryState
  createdAt: UnixSeconds
  dueAt: UnixSeconds | undefined
  /** All tries so far. */
  tries: number
  /** Failed tries since the retry schedule began. */
  step: number
  triedAt: UnixSeconds | undefined
  lastStatus: number | undefined
  lastError: string | undefined
  deliveredAt: UnixSeconds | undefined
  /** The JSON of the first try, so that every try sends the same bytes. */
  body: string | undefined
}>
