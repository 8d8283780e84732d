/** What operations take: parameters and bodies. */
import { OUT_REFUND_NO } from '../src/core/order/refund.ts'
import { ordercodeSchema } from '../src/routes/http/input.ts'
import { LIMIT_MAX } from '../src/routes/http/pagination.ts'
import type { Described } from './described.ts'
import { type Json, type JsonSchema, ref, toSchema } from './json-schema.ts'

/** What parameters mean, where the name and the type do not say it. */
export const PARAMETER_NOTES = {
  date: 'A day in Beijing',
  ifMatch: 'Only if the order still has this revision, in quotes',
} as const

/** Parameters that several operations have, by name. */
export const PARAMETERS: Readonly<Record<string, Json>> = {
  ordercode: inPath('ordercode', toSchema(ordercodeSchema)),
  out_refund_no: inPath('out_refund_no', { type: 'string', pattern: OUT_REFUND_NO.source }),
  date: inPath('date', { type: 'string', format: 'date' }, PARAMETER_NOTES.date),
  id: inPath('id', { type: 'string' }),
  cursor: inQuery('cursor', { type: 'string' }, 'next_cursor of the page before'),
  limit: inQuery('limit', { type: 'integer', minimum: 1, maximum: LIMIT_MAX }),
  ifMatch: {
    name: 'If-Match',
    in: 'header',
    description: PARAMETER_NOTES.ifMatch,
    schema: { type: 'string' },
  },
}

function inPath(name: string, schema: JsonSchema, description?: string): Json {
  const words = description === undefined ? {} : { description }
  return { name, in: 'path', required: true, ...words, schema }
}

function inQuery(name: string, schema: JsonSchema, description?: string): Json {
  const words = description === undefined ? {} : { description }
  return { name, in: 'query', ...words, schema }
}

/** The parameters of an operation: references to {@link PARAMETERS}, and those of its own query. */
export function parametersOf({ route, operation }: Described): readonly Json[] {
  const names = [
    ...[...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => name),
    ...(operation.pages === undefined ? [] : ['cursor', 'limit']),
    ...(operation.ifMatch === true ? ['ifMatch'] : []),
  ]
  return [...names.map((name) => ref('parameters', name)), ...queryOf(route)]
}

function queryOf({ query }: Described['route']): readonly Json[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = toSchema(query, 'whole')
  return Object.entries(properties).map(([name, property]) => ({
    ...inQuery(name, property as JsonSchema),
    ...(required.includes(name) ? { required: true } : {}),
  }))
}

/** The body that an operation takes; empty for none. */
export function requestBodyOf({ access, body }: Described['route']): Json {
  if (access === 'wechat') return { requestBody: { required: true, content: { 'text/xml': {} } } }
  if (body === undefined) return {}
  const content = { 'application/json': { schema: toSchema(body) } }
  return { requestBody: { required: true, content } }
}
