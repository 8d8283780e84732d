/** Rules of the money world: who may change what, and what each caller learns. */
import type { SqlRow } from '../../simulation/d1/sqlite.ts'
import type { Input } from '../inputs/input.ts'
import type { FuzzWorld } from '../run/world.ts'
import { judgeBills } from './bill-rules.ts'
import { type Caller, callerOf, jsonOf, partsOf } from './callers.ts'
import { judgeAnswer, type Observed } from './judge.ts'
import { mayBeRecorded } from './oracle.ts'
import { judgeNotice, judgeReply } from './refund-replies.ts'
import { judgeRefunds } from './refund-rules.ts'
import type { Table } from './table-snapshot.ts'
import { signedAnswers } from './wechat-words.ts'

const LISTS = ['orders', 'reviews', 'deliveries', 'runs', 'bills', 'recover']

/** Compares what an input of the money world caused with the rules. @returns a sentence for each broken rule. */
export function judgeMoney(world: FuzzWorld, input: Input, observed: Observed): string[] {
  const caller = callerOf(input)
  return [
    ...judgeAnswer(world, input, observed),
    ...judgeAccess(world, input, observed, caller),
    ...judgeTables(input, observed, caller),
    ...judgeActors(input, observed, caller),
    ...judgePayments(world, input, observed, caller),
    ...judgeReviews(input, observed, caller),
    ...judgeRefunds(world, input, observed, caller),
    ...judgeReply(world, input, observed, caller),
    ...judgeNotice(world, input, observed),
    ...judgeBills(world, observed),
  ]
}

const isNotice = (input: Input): boolean => partsOf(input)[0] === 'notify'

/** Without a token nothing is told, with a viewer's nothing is done. */
function judgeAccess(
  world: FuzzWorld,
  input: Input,
  { status, text, changes }: Observed,
  { role }: Caller,
): string[] {
  const [list = '', , third] = partsOf(input)
  const wrong: string[] = []
  const mayAct = role === 'operator' && !['GET', 'HEAD'].includes(input.method)
  if (!mayAct && !isNotice(input)) {
    if (changes.length > 0) wrong.push(`a ${role} changed a table`)
    if (world.exchanges.length > 0) wrong.push(`a ${role} made the Worker call WeChat`)
  }
  if (!LISTS.includes(list)) return wrong
  if (role === 'stranger') {
    if (![401, 404, 405].includes(status)) wrong.push('the merchant API answered without the token')
    if (/refunded1|whole-001|4200000|r-done|\d{4}-\d\d-\d\dT/.test(text)) {
      wrong.push('an answer without the token tells of records')
    }
  }
  const isForViewers = ['GET', 'HEAD'].includes(input.method) && third !== 'raw'
  if (role === 'viewer' && !isForViewers && ![403, 404, 405].includes(status)) {
    wrong.push('a viewer did what a viewer must not')
  }
  return wrong
}

const ORDER: readonly Table[] = ['orders', 'events', 'refunds', 'reviews', 'deliveries']

/** The tables that an input may change. */
function allowedTables(input: Input, { role }: Caller): readonly Table[] {
  const [list, , part] = partsOf(input)
  if (isNotice(input)) return ORDER
  if (role !== 'operator') return []
  switch (list) {
    case 'orders':
      return part === 'refunds' ? [...ORDER, 'payments'] : [...ORDER, 'attempts', 'payments']
    case 'reviews':
      return [...ORDER, 'attempts', 'payments', 'other_merchants']
    case 'bills':
      return [...ORDER, 'attempts', 'payments', 'bills', 'bill_differences']
    case 'recover':
      return ['recoveries', 'bills', 'attempts']
    case 'deliveries':
      return ['deliveries']
    default:
      return []
  }
}

function judgeTables(input: Input, { status, changes }: Observed, caller: Caller): string[] {
  const allowed = allowedTables(input, caller)
  const tables = [...new Set(changes.map(({ table }) => table))]
  const wrong = tables
    .filter((table) => !allowed.includes(table))
    .map((table) => `a change of table ${table}, which this input must not make`)
  const isInvalid = [400, 401, 403, 404, 405, 413].includes(status) && !isNotice(input)
  if (isInvalid && changes.length > 0) wrong.push('a refused request changed a table')
  const [list, ordercode] = partsOf(input)
  const others = changes.filter((each) => each.ordercode !== '' && each.ordercode !== ordercode)
  if (list === 'orders' && others.length > 0) wrong.push('a change of another order')
  return wrong
}

/** Every event names who caused it. */
function judgeActors(input: Input, { changes }: Observed, { name }: Caller): string[] {
  const expected = isNotice(input) ? 'wechat' : name
  const isWrong = changes.some(
    ({ table, before, after }) =>
      table === 'events' && before === undefined && after?.['actor'] !== expected,
  )
  return isWrong ? [`an event was not recorded as by ${expected}`] : []
}

const FROZEN = ['ordercode', 'number', 'openid', 'trade_type', 'fee_type', 'total_fee', 'paid_at']

/** A payment is recorded, and counts as confirmed, only by WeChat's signed answer about it. */
function judgePayments(
  world: FuzzWorld,
  input: Input,
  { changes }: Observed,
  { role }: Caller,
): string[] {
  const answers = signedAnswers(world, 'orderquery').filter(
    (f) => f.get('result_code') === 'SUCCESS',
  )
  const isDecided =
    role === 'operator' &&
    partsOf(input)[2] === 'resolve' &&
    jsonOf(input)?.['action'] !== undefined
  const isAbout = (fields: ReadonlyMap<string, string>, payment: SqlRow): boolean =>
    fields.get('transaction_id') === payment['transaction_id'] &&
    fields.get('total_fee') === String(payment['total_fee']) &&
    fields.get('openid') === payment['openid'] &&
    ['SUCCESS', 'REFUND'].includes(fields.get('trade_state') ?? '')
  return changes.flatMap(({ table, before, after }) => {
    if (table === 'orders' && before?.['state'] === 'paid' && after?.['state'] !== 'paid') {
      return ['an order left paid']
    }
    if (table !== 'payments') return []
    if (after === undefined) return ['a payment was deleted']
    const said = answers.filter((fields) => isAbout(fields, after))
    if (before === undefined) {
      const fits = said.some((fields) => mayBeRecorded(world, fields, 'attempts'))
      return fits || (isDecided && said.length > 0)
        ? []
        : ['a payment was recorded that WeChat did not confirm']
    }
    const wrong = FROZEN.filter((name) => before[name] !== after[name])
    const isConfirmed = before['confirmed_at'] !== after['confirmed_at']
    return [
      ...wrong.map((name) => `${name} of a payment was changed`),
      ...(isConfirmed && said.length === 0 ? ['a payment counts as confirmed, but is not'] : []),
    ]
  })
}

/** A review is resolved only by a caller who may, with the words of the request; and never opens again. */
function judgeReviews(input: Input, { changes }: Observed, { name, role }: Caller): string[] {
  const [list, id, part] = partsOf(input)
  const json = jsonOf(input)
  return changes
    .filter(({ table }) => table === 'reviews')
    .flatMap(({ before, after }) => {
      if (after === undefined) return ['a review was deleted']
      if (before === undefined)
        return after['resolved_at'] === null ? [] : ['a review began resolved']
      if (before['resolved_at'] === after['resolved_at']) return []
      // A fact that is over ends its review: a refund that waited goes on, a difference of a bill is gone.
      const isOver = before['ended_at'] === null && after['ended_at'] !== null
      const maybeOver = ['refund_waiting', 'bill_difference'].includes(String(after['kind']))
      if (isOver && maybeOver && after['action'] === null) return []
      const isAsked =
        role === 'operator' &&
        list === 'reviews' &&
        part === 'resolve' &&
        before['resolved_at'] === null &&
        id === after['id'] &&
        after['note'] === json?.['note'] &&
        after['action'] === (json?.['action'] ?? null) &&
        after['actor'] === name
      return isAsked ? [] : ['a review was resolved without a cause']
    })
}
