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
  words: Words,
  { lastStatus, lastError }: Pick<ListedDelivery, 'lastStatus' | 'lastError'>,
): string {
  return answerOf(words, lastStatus, lastError)
}

/** What came of one try of a webhook. */
export function answerOf(
  { deliveries, frame }: Words,
  status: number | undefined,
  error: string | undefined,
): string {
  if (status !== undefined) return deliveries.http(status)
  return error === 'timeout' || error === 'no_answer' || error === 'no_target'
    ? deliveries[error]
    : frame.empty
}
