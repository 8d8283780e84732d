/** Words for what several pages name: an actor, an attempt, the last answer to a webhook. */
import type { Actor } from '../../core/actor.ts'
import { parseOutTradeNo } from '../../core/ids.ts'
import type { ListedDelivery } from '../../ports/delivery-store.ts'
import type { Words } from '../words/words.ts'

/** Who did something. */
export function actorWord({ states }: Words, actor: Actor): string {
  const { actor: words } = states
  return actor === 'shop' || actor === 'payer' || actor === 'wechat' || actor === 'system'
    ? words[actor]
    : words.person(actor)
}

/** The number of the attempt that an out_trade_no names; 1 for a text that is none. */
export const numberOf = (outTradeNo: unknown): number =>
  parseOutTradeNo(String(outTradeNo))?.number ?? 1

/** What the shop's server last answered to a webhook. */
export function lastAnswer(
  { deliveries, frame }: Words,
  { lastStatus, lastError }: Pick<ListedDelivery, 'lastStatus' | 'lastError'>,
): string {
  if (lastStatus !== undefined) return deliveries.http(lastStatus)
  return lastError === 'timeout' || lastError === 'no_answer' || lastError === 'no_target'
    ? deliveries[lastError]
    : frame.empty
}
