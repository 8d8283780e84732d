import type { Review } from '../core/review.ts'
import type { UnixSeconds } from '../core/time.ts'
import type { WebhookClass, WebhookType } from '../core/webhook.ts'
import type { Found, Page } from './store.ts'

/** Webhooks and their tries, as stored. @throws StoreUnavailable from any method. */
export interface DeliveryStore {
  find(id: string): Promise<StoredDelivery | undefined>
  /** One page of webhooks, newest first. @param state Undefined for every state. */
  list(state: DeliveryState | undefined, page: Page): Promise<Found<ListedDelivery>>
  /**
   * Takes up new webhooks: those that are still pending become due for runs, and the payments of the others are added to
   * the sums of their days. One statement, which writes nothing when there are none.
   *
   * @param until Up to which time of creation. @param limit About how many at most.
   */
  takeUp(until: UnixSeconds, limit: number): Promise<void>
  /** Leases due webhooks that are taken up, of one class, to this run, the longest due first. */
  claimDue(
    webhooks: WebhookClass,
    now: UnixSeconds,
    limit: number,
  ): Promise<readonly StoredDelivery[]>
  /**
   * Stores a try of a webhook; a failed one only if no other try was stored since `before` was read. Opens the
   * review of a webhook that the try gives up, in the same batch.
   *
   * @returns the id of the review that was opened; undefined for none.
   */
  saveTry(
    before: StoredDelivery,
    after: StoredDelivery,
    review: Review | undefined,
    now: UnixSeconds,
  ): Promise<string | undefined>
  /**
   * Stores tries of webhooks, as {@link saveTry} does, in one batch of at most three statements however many they are.
   * None of them gives its webhook up.
   *
   * @param left Claimed webhooks that were not sent: they are due at their `dueAt` again.
   */
  saveTries(tries: readonly Try[], left: readonly StoredDelivery[]): Promise<void>
  /** Makes a webhook pending again, with a new retry schedule. @returns undefined when it does not exist. */
  reopen(id: string, now: UnixSeconds): Promise<StoredDelivery | undefined>
}

/** One try of a webhook: as it was claimed, and as it is afterwards. */
export type Try = Readonly<{ before: StoredDelivery; after: StoredDelivery }>

/**
 * `given_up`: the retry schedule has ended. `no_target`:
 * the webhook was written while there was no `WEBHOOK_URL`.
 */
export type DeliveryState = 'pending' | 'delivered' | 'given_up' | 'no_target'

/** A webhook in a list, which does not read what was sent. */
export type ListedDelivery = Omit<StoredDelivery, 'body'>

/** A webhook as stored, and the outcome of its tries. */
export type StoredDelivery = Readonly<{
  /** The webhook's id, which the shop receives in the header `webhook-id`. */
  id: string
  type: WebhookType
  /** The id of what the webhook reports on: a transaction_id, an ordercode, an out_refund_no, a review's id or a day. */
  subject: string
  ordercode: string | undefined
  /**
   * The order's revision after the change that this webhook reports; undefined when the webhook is not about
   * a change of an order.
   */
  revision: number | undefined
  state: DeliveryState
  createdAt: UnixSeconds
  /** When the cron tries the webhook next; undefined for never. */
  dueAt: UnixSeconds | undefined
  /** How often the Worker has tried to deliver this webhook. */
  tries: number
  /** The number of failed tries since the retry schedule began. */
  step: number
  triedAt: UnixSeconds | undefined
  /** The HTTP status of the last try; undefined when no answer came. */
  lastStatus: number | undefined
  /** Why the last try failed, as stated by {@link WebhookSender}. */
  lastError: string | undefined
  deliveredAt: UnixSeconds | undefined
  /** The last {@link HISTORY_MAX} tries, oldest first. Once the webhook is delivered, without the receiver's answers. */
  history: readonly PastTry[]
  /**
   * The JSON that the first try sent. It is stored until the webhook is delivered, so that every try sends the same bytes.
   */
  body: string | undefined
}>

/** How many tries of a webhook are kept: more than the retry schedule has. */
export const HISTORY_MAX = 12

/** One try of a webhook that is over. */
export type PastTry = Readonly<{
  at: UnixSeconds
  /** How long it took, in milliseconds; undefined when it is not known, as for a first try that delivered the webhook. */
  ms: number | undefined
  /** The HTTP status; undefined when no answer came. */
  status: number | undefined
  /** Why the try failed, as stated by {@link WebhookSender}. */
  error: string | undefined
  /** The beginning of the receiver's answer, or the words of the failed connection. */
  answer: string | undefined
}>

/** Sends webhooks to the shop. */
export interface WebhookSender {
  /**
   * Sends a webhook once, and never rejects. The webhook is delivered if the shop answers 2xx. Otherwise
   * `error` says why it is not: `status`, `timeout`, `no_answer` or `no_target`. `ms` is how long it took. `words` are the receiver's own
   * words, or those of the failed connection.
   *
   * @param message `id` is the `webhook-id`, `body` is JSON.
   */
  send(message: Readonly<{ id: string; body: string }>): Promise<
    Readonly<{
      delivered: boolean
      status: number | undefined
      error: string | undefined
      ms: number
      words?: string
    }>
  >
}
