/** The forms of variables: schemas that several variables share, and what makes a URL safe. */
import * as v from 'valibot'
import { Secret } from './lib/secret.ts'

/** Marks the schema of a secret, which never stands in `[vars]`. */
export const SECRET = { isSecret: true }
export const text = (pattern: RegExp) => v.pipe(v.string(), v.regex(pattern))
export const secret = (pattern: RegExp) =>
  v.pipe(
    text(pattern),
    v.transform((value) => new Secret(value)),
    v.metadata(SECRET),
  )
export const count = (min: number, max: number) =>
  v.pipe(text(/^\d{1,5}$/), v.transform(Number), v.minValue(min), v.maxValue(max))

export const fen = v.pipe(text(/^\d{1,10}$/), v.transform(Number))

/** The valibot schema of a URL's origin without a path, a query or a user. */
export const origin = v.pipe(
  v.string(),
  v.check((value) => readOrigin(value) !== undefined),
  v.transform((value) => readOrigin(value) ?? ''),
)

type Issues = readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]
export const namesOf = (issues: Issues): readonly string[] => [
  ...new Set(issues.map((issue) => v.getDotPath(issue) ?? '')),
]

/**
 * Whether no stranger can read what is sent to a URL: plain http is allowed only together with a simulated
 * WeChat on this machine.
 */
export const isPrivate = (url: string | undefined, payOrigin: string | undefined): boolean =>
  url === undefined || url.startsWith('https://') || isLocal(payOrigin)

function readOrigin(value: string): string | undefined {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || (value !== url.origin && value !== `${url.origin}/`)) return undefined
  return isSafe(url) ? url.origin : undefined
}

export const isSafe = (url: URL): boolean =>
  url.username === '' &&
  url.password === '' &&
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))

export const isLocal = (origin: string | undefined): boolean =>
  origin !== undefined && URL.canParse(origin) && isLoopback(new URL(origin))

const isLoopback = (url: URL): boolean => ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
