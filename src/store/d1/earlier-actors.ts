/**
 * Who acted, for rows that were written before their table had a column `actor`. There were no operators then:
 * every token was the shop's. Where a row does not tell, the actor is `system`.
 */
import type { Actor } from '../../core/actor.ts'
import { actorOfSource, type RefundSource } from '../../core/order/refund.ts'

/** Events that only one actor can cause. */
const OF_EVENT: Readonly<Record<string, Actor>> = {
  order_registered: 'shop',
  order_changed: 'shop',
  attempt_opened: 'payer',
  attempt_resent: 'payer',
}

/** Who caused an earlier event. */
export const earlierActorOfEvent = (type: string): Actor => OF_EVENT[type] ?? 'system'

/** Who requested an earlier refund. */
export const earlierActorOfRefund = (source: RefundSource): Actor => actorOfSource(source) ?? 'shop'

/** How the note of a review begins that was resolved automatically. */
const AUTOMATIC = 'resolved automatically'

/** Who opened or resolved an earlier review. @param note The note of the one who resolved it; undefined while it is open. */
export const earlierActorOfReview = (note: string | undefined): Actor =>
  note === undefined || note.startsWith(AUTOMATIC) ? 'system' : 'shop'
