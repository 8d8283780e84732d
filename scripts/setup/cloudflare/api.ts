/** Cloudflare's API, for looking only. What changes anything is done by wrangler. */
import * as v from 'valibot'
import { Stop, text } from '../words.ts'

const DEFAULT_BASE = 'https://api.cloudflare.com/client/v4'
const DEADLINE_MS = 30_000
const PAGE_SIZE = 50
const PAGES_MAX = 100

const Envelope = v.object({
  success: v.boolean(),
  errors: v.optional(v.array(v.object({ code: v.number(), message: v.string() })), []),
  result: v.optional(v.unknown()),
})

/** Cloudflare's "no". `codes` are those of its error messages. */
export class Refused extends Error {
  readonly status: number
  readonly codes: readonly number[]
  constructor(status: number, codes: readonly number[], message: string) {
    super(message)
    this.status = status
    this.codes = codes
  }
  /** Whether the answer means that there is no such thing. */
  get isAbsent(): boolean {
    return this.status === 404
  }
  /** Whether the token may not look there. */
  get isForbidden(): boolean {
    return this.status === 401 || this.status === 403
  }
}

/** Looks at an account. Every look is made once, until `forget` is called after a change. */
export type Cloudflare = Readonly<{
  /** @throws Refused when Cloudflare says no; Stop when it does not answer, or not in its documented form. */
  get: <S extends v.GenericSchema>(path: string, schema: S) => Promise<v.InferOutput<S>>
  /** All pages of a list. */
  list: <S extends v.GenericSchema>(path: string, schema: S) => Promise<v.InferOutput<S>[]>
  /** A question that Cloudflare takes as POST, and that changes nothing. */
  ask: <S extends v.GenericSchema>(
    path: string,
    body: unknown,
    schema: S,
  ) => Promise<v.InferOutput<S>>
  forget: () => void
}>

/** Where wrangler sends its calls, too. */
export const baseOf = (env: NodeJS.ProcessEnv): string =>
  (env['CLOUDFLARE_API_BASE_URL'] ?? env['CF_API_BASE_URL'] ?? DEFAULT_BASE).replace(/\/$/, '')

/** @param headers Those that prove who asks. */
export function cloudflare(
  base: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Cloudflare {
  const looks = new Map<string, Promise<unknown>>()

  async function call(path: string, body: string | null): Promise<unknown> {
    const init = {
      headers: { ...headers, 'content-type': 'application/json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
    }
    const answer = await fetch(
      `${base}${path}`,
      body === null ? init : { ...init, method: 'POST', body },
    ).catch((error: unknown) => {
      if (signal.aborted) throw signal.reason
      throw new Stop(
        text(
          `Cloudflare did not answer (${base}): ${reasonOf(error)}. Check the network, and try again.`,
          `Cloudflare 没有应答 (${base}):${reasonOf(error)}。请检查网络后重试。`,
        ),
        2,
      )
    })
    const read = v.safeParse(Envelope, await answer.json().catch(() => undefined))
    if (!read.success) throw notUnderstood(path, answer.status)
    const { success, errors, result } = read.output
    if (success) return result
    const why = errors.map(({ code, message }) => `${message} [code: ${code}]`).join('; ')
    throw new Refused(
      answer.status,
      errors.map(({ code }) => code),
      why,
    )
  }

  /** A look with a body is a POST. The same look within one pass is made once. */
  function look(path: string, body: string | null): Promise<unknown> {
    const key = `${path} ${body}`
    const known = looks.get(key)
    if (known !== undefined) return known
    const made = call(path, body)
    made.catch(() => {}) // the caller sees the error
    looks.set(key, made)
    return made
  }

  async function parsed<S extends v.GenericSchema>(
    path: string,
    body: string | null,
    schema: S,
  ): Promise<v.InferOutput<S>> {
    const read = v.safeParse(schema, await look(path, body))
    if (!read.success) throw notUnderstood(path, 200)
    return read.output
  }

  return {
    get: (path, schema) => parsed(path, null, schema),
    ask: (path, body, schema) => parsed(path, JSON.stringify(body), schema),
    async list(path, schema) {
      const all: v.InferOutput<typeof schema>[] = []
      for (let page = 1; page <= PAGES_MAX; page++) {
        const separator = path.includes('?') ? '&' : '?'
        const found = await parsed(
          `${path}${separator}page=${page}&per_page=${PAGE_SIZE}`,
          null,
          v.array(schema),
        )
        all.push(...found)
        if (found.length < PAGE_SIZE) break
      }
      return all
    },
    forget: () => looks.clear(),
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error ? cause.message : error.message
}

const notUnderstood = (path: string, status: number): Stop =>
  new Stop(
    text(
      `Cloudflare answered ${status} to ${path}, in a form that this version does not know.`,
      `Cloudflare 对 ${path} 的应答（${status}）格式无法识别。`,
    ),
    2,
  )
