/** Webhooks and their tries. The shop lists webhooks, and can have one sent again. */
import { err, ok, type Result } from '../../lib/result.ts'
import type { DeliveryState, ListedDelivery, StoredDelivery } from '../../ports/delivery-store.ts'
import type { Deps } from '../../ports/deps.ts'
import type { Found, Page } from '../../ports/store.ts'
import { deliverWebhook } from './deliver-webhook.ts'

type DeliveriesDeps = Pick<
  Deps,
  | 'bills'
  | 'config'
  | 'deliverSoon'
  | 'deliveries'
  | 'log'
  | 'now'
  | 'orders'
  | 'reviews'
  | 'webhooks'
>

/** One page of webhooks, newest first. @param state Undefined for every state. */
export const listDeliveries = (
  { deliveries }: Pick<Deps, 'deliveries'>,
  state: DeliveryState | undefined,
  page: Page,
): Promise<Found<ListedDelivery>> => deliveries.list(state, page)

/** Why a webhook was not sent again. Each reason is an error code of the HTTP interface. */
export type ResendError = Readonly<{ reason: 'delivery_not_found' | 'no_target' | 'misconfigured' }>

/**
 * Sends a webhook now, in any state. If this try fails, the retry schedule starts again from the beginning.
 */
export async function resendDelivery(
  deps: DeliveriesDeps,
  id: string,
): Promise<Result<StoredDelivery, ResendError>> {
  const found = await deps.deliveries.find(id)
  if (found === undefined) return err({ reason: 'delivery_not_found' })
  const { webhookTarget } = deps.config
  if (webhookTarget === 'unset') return err({ reason: 'no_target' })
  if (webhookTarget === 'malformed') return err({ reason: 'misconfigured' })
  const reopened = await deps.deliveries.reopen(id, deps.now())
  if (reopened === undefined) return err({ reason: 'delivery_not_found' })
  await deliverWebhook(deps, reopened)
  return ok((await deps.deliveries.find(id)) ?? reopened)
}
