/** Rules about the answers to requests for refunds, and to refund notices. */
import type { Input } from '../inputs/input.ts'
import type { FuzzWorld } from '../run/world.ts'
import { type Caller, partsOf } from './callers.ts'
import type { Observed } from './judge.ts'
import { stateOf } from './refund-rules.ts'
import { decryptedNotice, refundWords } from './wechat-words.ts'

/** The answer about a refund says what is stored, and what is reserved is never answered by a 5xx. */
export function judgeReply(
  world: FuzzWorld,
  input: Input,
  { status, text, changes }: Observed,
  { role }: Caller,
): string[] {
  const [list, , part, number, ...more] = partsOf(input)
  const isRefund = list === 'orders' && part === 'refunds' && more.length === 0
  if (!isRefund || role === 'stranger') return []
  const stored = world.tables.rowsNow('refunds').find((row) => row['out_refund_no'] === number)
  if (input.method === 'PUT' && status >= 500) return ['a request for a refund got a 5xx']
  const isReserved = changes.some((each) => each.table === 'refunds' && each.before === undefined)
  if (input.method === 'PUT' && status >= 400 && isReserved) {
    return ['a refund was reserved, but its request was refused']
  }
  if (status >= 300 || input.method === 'HEAD') return []
  const json = JSON.parse(text) as Record<string, unknown>
  const isTrue =
    stored !== undefined &&
    json['state'] === stateOf(stored) &&
    json['refund_fee'] === stored['refund_fee'] &&
    json['transaction_id'] === stored['transaction_id'] &&
    json['ordercode'] === stored['ordercode']
  return [
    ...(isTrue ? [] : ['an answer about a refund is not what is stored']),
    ...(input.method === 'DELETE' && json['state'] !== 'cancelled'
      ? ['a refund counts as called off, but is not']
      : []),
    ...(input.method === 'PUT' && (status === 201) !== isReserved
      ? ['201 means a new refund, and 200 a known one']
      : []),
  ]
}

/** A refund notice is believed only after WeChat's signed answer, and asks WeChat only if it can be decrypted. */
export function judgeNotice(
  world: FuzzWorld,
  input: Input,
  { status, changes }: Observed,
): string[] {
  if (input.method !== 'POST' || partsOf(input).join('/') !== 'notify/refund') return []
  const notice = decryptedNotice(input.body?.bytes ?? new Uint8Array())
  if (notice === undefined) {
    const isQuiet = world.exchanges.length === 0 && changes.length === 0 && status !== 200
    return isQuiet ? [] : ['a refund notice that cannot be decrypted was acted on']
  }
  if (status !== 200) return []
  const number = notice.get('out_refund_no')
  const isDone = world.tables
    .rowsBefore('refunds')
    .some((row) => row['out_refund_no'] === number && row['state'] === 'succeeded')
  const isFinal = refundWords(world).some(
    (word) => word.number === number && word.status !== 'PROCESSING',
  )
  // What contradicts our records is for a person; another notice would change nothing.
  const isReviewed = world.tables
    .rowsNow('reviews')
    .some(({ kind, subject }) => kind === 'refund_conflict' && subject === number)
  return isDone || isFinal || isReviewed
    ? []
    : ['a refund notice was accepted without a confirmation by WeChat']
}
