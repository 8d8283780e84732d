/** Badges: a shape, a word and a colour. */
import type { BillState } from '../../core/bill/bill.ts'
import type { AttemptState } from '../../core/order/attempt.ts'
import type { RefundState } from '../../core/order/refund.ts'
import type { StoredReview } from '../../core/review.ts'
import type { DeliveryState } from '../../ports/delivery-store.ts'
import type { BillLine, OrderLine } from '../../ports/list-store.ts'
import type { Words } from '../words/words.ts'
import { type IconName, ICONS } from './icons.ts'
import { markup, type Markup } from './markup.ts'

export type Tone = 'ok' | 'wait' | 'warn' | 'bad' | ''
type Look = readonly [tone: Tone, icon: IconName]

export const badge = ([tone, icon]: Look, word: string): Markup =>
  markup`<span class="badge ${tone}">${ICONS[icon]}${word}</span>`

const ORDER: Readonly<Record<keyof Words['states']['order'], Look>> = {
  created: ['', 'ring'],
  paying: ['wait', 'half'],
  paid: ['ok', 'ok'],
  closed: ['', 'barred'],
  refunding: ['wait', 'dots'],
  part: ['warn', 'refunds'],
  full: ['warn', 'refunds'],
  needsPerson: ['bad', 'warning'],
}

/** The badges of an order: its state, or what became of its money; and whether a person must look at it. */
export function orderBadges(
  words: Words,
  order: Pick<OrderLine, 'state' | 'totalFee' | 'refundedFee' | 'refundingFee' | 'needsPerson'>,
): readonly Markup[] {
  const { state, totalFee, refundedFee, refundingFee, needsPerson } = order
  const money =
    refundingFee > 0
      ? 'refunding'
      : refundedFee >= totalFee
        ? 'full'
        : refundedFee > 0
          ? 'part'
          : undefined
  const shown = state === 'paid' && money !== undefined ? money : state
  const all = needsPerson ? ([shown, 'needsPerson'] as const) : ([shown] as const)
  return all.map((each) => markup`${badge(ORDER[each], words.states.order[each])} `)
}

const REFUND: Readonly<Record<RefundState, Look>> = {
  requested: ['wait', 'half'],
  processing: ['wait', 'dots'],
  succeeded: ['ok', 'ok'],
  refused: ['bad', 'crossed'],
  abnormal: ['bad', 'warning'],
  closed: ['', 'barred'],
  cancelled: ['', 'barred'],
}
export const refundBadge = (words: Words, state: RefundState): Markup =>
  badge(REFUND[state], words.states.refund[state])

const DELIVERY: Readonly<Record<DeliveryState, Look>> = {
  pending: ['wait', 'half'],
  delivered: ['ok', 'ok'],
  given_up: ['bad', 'crossed'],
  no_target: ['', 'ring'],
}
export const deliveryBadge = (words: Words, state: DeliveryState): Markup =>
  badge(DELIVERY[state], words.states.delivery[state])

const ATTEMPT: Readonly<Record<AttemptState, Look>> = {
  open: ['wait', 'half'],
  closing: ['wait', 'dots'],
  closed: ['', 'barred'],
  paid: ['ok', 'ok'],
}
export const attemptBadge = (words: Words, state: AttemptState): Markup =>
  badge(ATTEMPT[state], words.states.attempt[state])

/** What became of a bill: a reconciled one is balanced, or differs. */
export function billOutcome(
  { bill, differences }: BillLine,
  isAppidShared: boolean,
): keyof Words['states']['bill'] {
  const { state, counts } = bill
  if (state !== 'reconciled') return state satisfies Exclude<BillState, 'reconciled'>
  return differences > 0 || (!isAppidShared && counts.unknownOrders > 0) ? 'differs' : 'balanced'
}

const BILL: Readonly<Record<keyof Words['states']['bill'], Look>> = {
  waiting: ['wait', 'half'],
  comparing: ['wait', 'dots'],
  settling: ['wait', 'dots'],
  balanced: ['ok', 'ok'],
  differs: ['bad', 'warning'],
  unavailable: ['', 'barred'],
}
export const billBadge = (words: Words, outcome: keyof Words['states']['bill']): Markup =>
  badge(BILL[outcome], words.states.bill[outcome])

/** An open review asks for a person; a resolved one is over. */
export const reviewBadge = (
  words: Words,
  { kind, resolvedAt }: Pick<StoredReview, 'kind' | 'resolvedAt'>,
): Markup =>
  resolvedAt === undefined
    ? badge(['bad', 'warning'], words.states.review[kind])
    : badge(['', 'ok'], words.states.done)
