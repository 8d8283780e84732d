/** Who sends an input, and where: read from the documented rules, without code of the Worker. */
import { OPERATOR } from '../run/money-fixture.ts'
import { type Input, ORIGIN } from '../inputs/input.ts'
import { OTHER_TOKENS, TOKEN } from '../run/world.ts'

/** Who sends an input. `stranger` has no valid token. */
export type Caller = Readonly<{ name: string; role: 'operator' | 'viewer' | 'stranger' }>

const STRANGER: Caller = { name: '', role: 'stranger' }

/** Finds the caller of an input by its only Authorization header. */
export function callerOf({ headers }: Input): Caller {
  const given = headers.filter(([name]) => name === 'authorization').map(([, value]) => value)
  const [value = ''] = given
  const [scheme = '', token = '', ...more] = value.trim().split(/ +/)
  if (given.length !== 1 || scheme.toLowerCase() !== 'bearer' || more.length > 0) return STRANGER
  if (token === TOKEN || token === OTHER_TOKENS.old) return { name: 'shop', role: 'operator' }
  if (token === OTHER_TOKENS.operator) return { name: OPERATOR, role: 'operator' }
  return token === OTHER_TOKENS.viewer ? { name: 'bob', role: 'viewer' } : STRANGER
}

/** The parts of an input's path, decoded; a part that cannot be decoded stays as it is. */
export const partsOf = ({ path }: Input): readonly string[] =>
  new URL(path, ORIGIN).pathname
    .replace(/\/$/, '')
    .split('/')
    .slice(1)
    .map((part) => {
      try {
        return decodeURIComponent(part)
      } catch {
        return part
      }
    })

/** The body of an input as a JSON object; undefined when it is none. */
export function jsonOf(input: Input): Json | undefined {
  if (!parsed.has(input)) parsed.set(input, parse(input))
  return parsed.get(input)
}

type Json = Readonly<Record<string, unknown>>
const parsed = new WeakMap<Input, Json | undefined>()

function parse({ body }: Input): Json | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body?.bytes)
    const json: unknown = JSON.parse(text)
    const isObject = typeof json === 'object' && json !== null && !Array.isArray(json)
    return isObject ? (json as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
