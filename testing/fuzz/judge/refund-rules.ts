/** Rules about refunds: nothing changes without WeChat's signed word or a caller who may, and no sum exceeds its payment. */
import type { SqlRow } from '../../simulation/d1/sqlite.ts'
import type { Input } from '../inputs/input.ts'
import type { FuzzWorld } from '../run/world.ts'
import { type Caller, jsonOf, partsOf } from './callers.ts'
import type { Observed } from './judge.ts'
import type { Change } from './table-snapshot.ts'
import {
  isAbout,
  isAbsent,
  merchantAnswers,
  refundWords,
  sentFields,
  signedAnswers,
} from './wechat-words.ts'

/** Columns that are written once, when the refund is requested. */
const FROZEN = [
  'ordercode', 'transaction_id', 'refund_fee', 'total_fee', 'reason', 'notify_url', 'source', 'requested_at', 'actor',
  'refund_account',
] as const // prettier-ignore

/** How long a message may be on its way to WeChat, in seconds. */
const UNDER_WAY_S = 60

/** The state that the shop sees: a refund that was called off is stored as closed. */
export const stateOf = ({ state, cancelled_at: cancelledAt }: SqlRow): string =>
  state === 'closed' && cancelledAt !== null ? 'cancelled' : String(state)

const isReserved = (refund: SqlRow): boolean =>
  refund['state'] !== 'refused' && refund['state'] !== 'closed'

/** Whether WeChat has the refund, so that its money moved or may move. */
const isAtWeChat = (refund: SqlRow): boolean =>
  isReserved(refund) && refund['state'] !== 'requested'

const feesOf = (refunds: readonly SqlRow[]): number =>
  refunds.reduce((sum, refund) => sum + Number(refund['refund_fee']), 0)

/** Judges what an input did to refunds. */
export function judgeRefunds(
  world: FuzzWorld,
  input: Input,
  observed: Observed,
  caller: Caller,
): string[] {
  const changes = observed.changes.filter(({ table }) => table === 'refunds')
  return [
    ...changes.flatMap((change) => judgeChange(world, input, change, caller)),
    ...judgeSums(world, changes),
    ...judgeSends(world, input, caller),
  ]
}

function judgeChange(world: FuzzWorld, input: Input, change: Change, caller: Caller): string[] {
  const { before, after } = change
  if (after === undefined) return ['a refund was deleted']
  const number = String(after['out_refund_no'])
  if (before === undefined) {
    const cause = isCaused(world, input, after, caller)
    const state = stateOf(after)
    const told = state === 'requested' || isTold(world, input, undefined, after, caller)
    return [
      ...(cause ? [] : [`refund ${number} appeared without a cause`]),
      ...(told ? [] : [`new refund ${number} is ${state} without WeChat's word`]),
    ]
  }
  const wrong = FROZEN.filter((name) => before[name] !== after[name]).map(
    (name) => `${name} of refund ${number} was changed`,
  )
  const from = stateOf(before)
  const to = stateOf(after)
  if (from === to) return wrong
  if (from === 'succeeded') wrong.push(`refund ${number} left succeeded`)
  if (to === 'requested') wrong.push(`refund ${number} became requested again`)
  if (!isTold(world, input, before, after, caller)) {
    wrong.push(`refund ${number} went from ${from} to ${to} without a cause`)
  }
  return wrong
}

/** Whether the input may make this refund appear. */
function isCaused(world: FuzzWorld, input: Input, refund: SqlRow, { role }: Caller): boolean {
  const [list, id, part, number] = partsOf(input)
  const json = jsonOf(input)
  switch (refund['source']) {
    case 'shop':
      return (
        role === 'operator' &&
        input.method === 'PUT' &&
        list === 'orders' &&
        part === 'refunds' &&
        id === refund['ordercode'] &&
        number === refund['out_refund_no'] &&
        !String(number).startsWith('auto*') &&
        json?.['refund_fee'] === refund['refund_fee'] &&
        (json?.['reason'] || null) === refund['reason'] &&
        (json?.['refund_account'] ?? 'unsettled') === (refund['refund_account'] ?? 'unsettled') &&
        [undefined, refund['transaction_id']].includes(json?.['transaction_id'] as string)
      )
    case 'operator':
      return (
        role === 'operator' &&
        input.method === 'POST' &&
        list === 'reviews' &&
        part === 'resolve' &&
        json?.['action'] === 'refund' &&
        refund['out_refund_no'] === `auto*${String(refund['transaction_id'])}`
      )
    case 'merchant_platform':
      return refundWords(world).some((word) => isAbout(word, refund))
    default: {
      // A second payment, which goes back by itself.
      const known = world.tables.rowsBefore('payments')
      return !known.some((payment) => payment['transaction_id'] === refund['transaction_id'])
    }
  }
}

const STATUS: Readonly<Record<string, string>> = {
  processing: 'PROCESSING',
  succeeded: 'SUCCESS',
  abnormal: 'CHANGE',
  closed: 'REFUNDCLOSE',
}

/** Whether WeChat, or a caller who may, said what the refund's new state says. */
function isTold(
  world: FuzzWorld,
  input: Input,
  before: SqlRow | undefined,
  after: SqlRow,
  caller: Caller,
): boolean {
  const state = stateOf(after)
  const words = refundWords(world)
  const status = STATUS[state]
  if (status !== undefined) {
    const isReported = words.some((word) => isAbout(word, after) && word.status === status)
    return isReported || (state === 'processing' && isAccepted(world, after))
  }
  const unanswered = Number(before?.['unanswered_at'] ?? 0)
  const mayArrive = unanswered > 0 && world.seconds() < unanswered + UNDER_WAY_S
  const [list, , part] = partsOf(input)
  if (state === 'cancelled') {
    const isAsked = caller.role === 'operator' && input.method === 'DELETE' && part === 'refunds'
    return isAsked && !mayArrive && (before?.['started_at'] === null || isAbsent(world))
  }
  if (state !== 'refused') return false
  const other = words.some(
    (word) => word.number === after['out_refund_no'] && !isAbout(word, after),
  )
  if (other) return true
  const isGivenUp = caller.role === 'operator' && list === 'reviews' && part === 'resolve'
  const isRefused = signedAnswers(world, 'refund').some((f) => f.get('result_code') !== 'SUCCESS')
  const isForeign = merchantAnswers(world, 'orderquery').some(
    (fields) => fields.get('transaction_id') === after['transaction_id'],
  )
  return isAbsent(world) && !mayArrive && (isGivenUp || isRefused || isForeign)
}

const isAccepted = (world: FuzzWorld, refund: SqlRow): boolean =>
  signedAnswers(world, 'refund').some(
    (fields) =>
      fields.get('result_code') === 'SUCCESS' &&
      fields.get('out_refund_no') === refund['out_refund_no'] &&
      fields.get('transaction_id') === refund['transaction_id'] &&
      fields.get('refund_fee') === String(refund['refund_fee']) &&
      (fields.get('refund_id') ?? '') !== '',
  )

/** What we reserve fits the payment; what WeChat has beyond that has a review. */
function judgeSums(world: FuzzWorld, changes: readonly Change[]): string[] {
  if (changes.length === 0) return []
  const refunds = world.tables.rowsNow('refunds')
  const reviews = world.tables.rowsNow('reviews')
  return world.tables.rowsNow('payments').flatMap((payment) => {
    const { transaction_id: transactionId, total_fee: total } = payment
    const own = refunds.filter((refund) => refund['transaction_id'] === transactionId)
    const isNew = (number: unknown, isFound: boolean): boolean =>
      changes.some(
        ({ before, after }) =>
          before === undefined &&
          after?.['out_refund_no'] === number &&
          (after?.['source'] === 'merchant_platform') === isFound,
      )
    // What is found at WeChat after the amount was reserved may exceed the payment.
    const known = own.filter(
      (refund) => isReserved(refund) && !isNew(refund['out_refund_no'], true),
    )
    const isOver =
      feesOf(known) > Number(total) && own.some((refund) => isNew(refund['out_refund_no'], false))
    const isReviewed = reviews.some(
      ({ kind, subject }) =>
        kind === 'refund_conflict' && own.some((refund) => refund['out_refund_no'] === subject),
    )
    return [
      ...(isOver ? [`refunds of ${transactionId} were reserved beyond its amount`] : []),
      ...(feesOf(own.filter(isAtWeChat)) > Number(total) && !isReviewed
        ? [`WeChat has more refunds of ${transactionId} than its amount, without a review`]
        : []),
    ]
  })
}

/** Money leaves only for a caller who may, for a stored refund, with the stored amounts. */
function judgeSends(world: FuzzWorld, input: Input, { role }: Caller): string[] {
  const sends = world.exchanges.filter(({ endpoint }) => endpoint === 'refund')
  if (sends.length === 0) return []
  const [list, , part, number] = partsOf(input)
  const isPut = input.method === 'PUT' && part === 'refunds'
  const isResolve =
    list === 'reviews' && part === 'resolve' && jsonOf(input)?.['action'] === 'refund'
  const refunds = world.tables.rowsNow('refunds')
  return sends.flatMap((send) => {
    const fields = sentFields(send)
    const sent = fields.get('out_refund_no')
    const refund = refunds.find((each) => each['out_refund_no'] === sent)
    const isAsked = role === 'operator' && (isResolve || (isPut && number === sent))
    const isStored =
      refund !== undefined &&
      fields.get('refund_fee') === String(refund['refund_fee']) &&
      fields.get('total_fee') === String(refund['total_fee']) &&
      fields.get('transaction_id') === refund['transaction_id']
    return [
      ...(isAsked ? [] : [`refund ${sent} was sent, which this input must not cause`]),
      ...(isStored ? [] : [`refund ${sent} was sent, but is not stored like that`]),
      ...(refund !== undefined && stateOf(refund) === 'cancelled'
        ? [`refund ${sent} was sent, but is called off`]
        : []),
    ]
  })
}
