/** Checks every exchange of the stories against `openapi.json`, and notes which answers were seen. */
import { CHECKS, type Operation, OPERATIONS, WEBHOOKS } from 'virtual:contract'
import type { Observer } from './observer.ts'

/** What did not fit, since it was last taken. */
export const violations: string[] = []
/** What was seen: `getOrder 404 order_not_found`, `getOrder 200`, `webhook order.paid`. */
export const seen = new Set<string>()

/** An answer as the document names it. */
export const answerName = (id: string, status: number | string, code?: string): string =>
  [id, status, ...(code === undefined ? [] : [code])].join(' ')

const ROUTES = OPERATIONS.map((operation) => ({
  operation,
  pattern: new RegExp(
    `^${operation.path.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)').replace('.', '\\.')}/?$`,
  ),
}))

/** What has an effect that happens only once. */
const NO_HEAD = ['/pay', '/doctor']

/** The observer that checks. */
export const checker: Observer = {
  async exchange(request, body, response) {
    const { pathname } = new URL(request.url)
    // Pages for people are not part of the interface.
    if (pathname === '/' || /^\/console(\/|$)/.test(pathname)) return
    const copy = response.clone()
    const at = ROUTES.filter(({ pattern }) => pattern.test(pathname))
    const asked = request.method === 'HEAD' ? 'GET' : request.method
    const found = at.find(({ operation }) => operation.method === asked)
    const isNoHead = request.method === 'HEAD' && NO_HEAD.includes(pathname)
    if (found === undefined || isNoHead) {
      return checkUnknown(request, copy, at.length > 0)
    }
    const { operation, pattern } = found
    const problem = await checkAnswer(operation, request, copy)
    if (problem !== undefined) {
      violations.push(`${request.method} ${pathname} ${response.status}: ${problem}`)
    }
    if (!response.ok) return
    // The Worker took it, so the document must allow it. The other way round: what it does not allow is refused.
    const wrong =
      wrongWith(operation.inPath, decoded(pattern.exec(pathname)?.groups ?? {})) ??
      wrongWith(operation.query, queryOf(request)) ??
      (operation.body === null || body === undefined
        ? undefined
        : wrongWith(operation.body, JSON.parse(body)))
    if (wrong !== undefined) {
      violations.push(`${request.method} ${request.url} was taken, against the document: ${wrong}`)
    }
  },

  async webhook(request) {
    if (request.method !== 'POST') return // the doctor only looks whether the receiver answers
    const body = (await request.clone().json()) as { type?: string }
    const check = WEBHOOKS[body.type ?? '']
    if (check === undefined) {
      // A bot of a chat group has a format of its own.
      if (request.headers.has('webhook-id')) violations.push(`a webhook of the type ${body.type}`)
      return
    }
    seen.add(`webhook ${body.type}`)
    const missing = ['webhook-id', 'webhook-timestamp'].filter((name) => !request.headers.has(name))
    const wrong = wrongWith(check, body) ?? missing[0]
    if (wrong !== undefined) violations.push(`webhook ${body.type}: ${wrong}`)
  },
}

/** A path or a method that the document does not have. */
async function checkUnknown(request: Request, answer: Response, isPath: boolean): Promise<void> {
  const code = isPath ? 'method_not_allowed' : 'not_found'
  const body = request.method === 'HEAD' ? { code } : await answer.json<{ code?: string }>()
  if (body.code !== code || answer.status !== (isPath ? 405 : 404)) {
    violations.push(`${request.method} ${request.url} is not in the document: ${answer.status}`)
  }
}

/** @returns what is wrong; undefined when the document has this answer. */
async function checkAnswer(
  { id, responses }: Operation,
  { method }: Request,
  answer: Response,
): Promise<string | undefined> {
  const response = responses[answer.status]
  if (response === undefined) return 'a status that the document does not have'
  const [type = ''] = (answer.headers.get('content-type') ?? '').split(';')
  const check = response.checks[type]
  if (check === undefined) return `the document does not have ${type}`
  if (method === 'HEAD') return undefined
  if (check === null) {
    seen.add(answerName(id, answer.status))
    return undefined
  }
  const body = await answer.json<{ code?: string }>()
  const isProblem = type === 'application/problem+json'
  seen.add(answerName(id, answer.status, isProblem ? body.code : undefined))
  return wrongWith(check, body)
}

function wrongWith(check: string, value: unknown): string | undefined {
  const validate = CHECKS[check]
  if (validate === undefined) throw new Error(`no validator ${check}`)
  if (validate(value)) return undefined
  const [first] = validate.errors ?? []
  return `${first?.instancePath} ${first?.message} ${JSON.stringify(first?.params)} in ${JSON.stringify(value).slice(0, 300)}`
}

/** The query without empty parameters, which mean the same as none. Digits are read as a number where they are one. */
const queryOf = (request: Request): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    [...new URL(request.url).searchParams]
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, name === 'limit' ? Number(value) : value]),
  )

const decoded = (groups: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
  )

/** All answers and webhooks of the document, named as {@link seen} names them. */
export const declared = (): readonly string[] => [
  ...OPERATIONS.flatMap(({ id, responses }) =>
    Object.entries(responses).flatMap(([status, { checks, codes }]) => [
      ...codes.map((code) => answerName(id, status, code)),
      ...(Object.keys(checks).some((type) => type !== 'application/problem+json')
        ? [answerName(id, status)]
        : []),
    ]),
  ),
  ...Object.keys(WEBHOOKS).map((type) => `webhook ${type}`),
]
