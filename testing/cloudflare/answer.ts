/** Requests and answers of the stand-in, in the form of Cloudflare's API. */
import type { StandInAccount } from './account.ts'

export type Call = Readonly<{
  method: string
  /** Without the account, `/d1/database`. */
  path: string
  query: URLSearchParams
  type: string
  body: Buffer
  /** The body as JSON; undefined if it is none. */
  json: unknown
}>

export type Answer = Readonly<{ status: number; result: unknown; errors: readonly Failure[] }>
export type Failure = Readonly<{ code: number; message: string }>

/** A route: method, pattern of the path, and what it answers to the groups of the pattern. */
export type Route = readonly [
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: RegExp,
  answer: (account: StandInAccount, call: Call, ...groups: string[]) => Answer | Promise<Answer>,
]

export const ok = (result: unknown): Answer => ({ status: 200, result, errors: [] })

/** @param code The one by which wrangler recognizes the failure. */
export const no = (status: number, code: number, message: string): Answer => ({
  status,
  result: null,
  errors: [{ code, message }],
})

/** One page. A page behind the last one is empty: wrangler reads some lists until it meets one. */
export function page(all: readonly unknown[], { query }: Call): Answer {
  const size = Number(query.get('per_page') ?? 20)
  const from = (Number(query.get('page') ?? 1) - 1) * size
  return ok(all.slice(from, from + size))
}

/** Fields of a JSON body. */
export const fields = ({ json }: Call): Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}

/** A field of a JSON body as text; '' if it is none. */
export const field = (call: Call, name: string): string => {
  const value = fields(call)[name]
  return typeof value === 'string' ? value : ''
}
