/**
 * A stand-in for the parts of Cloudflare's API that wrangler and `npm run setup` call, over HTTP on this machine. wrangler
 * itself is real: `CLOUDFLARE_API_BASE_URL` points it here. It shows what wrangler does, not what Cloudflare answers.
 *
 * An unknown route is answered with an error at once, because wrangler waits minutes for an answer.
 */
import { createServer, type IncomingMessage } from 'node:http'
import { ACCOUNT_ID, emptyAccount, type StandInAccount } from './account.ts'
import { type Answer, type Call, no, ok, page, type Route } from './answer.ts'
import { DOMAINS } from './domains.ts'
import { STORAGE } from './storage.ts'
import { WORKERS } from './workers.ts'

const PREFIX = '/client/v4'
export const API_TOKEN = 'stand-in-api-token'

const IDENTITY: readonly Route[] = [
  ['GET', /^\/user\/tokens\/verify$/, () => ok({ id: 't', status: 'active' })],
  ['GET', /^\/user$/, () => ok({ id: 'u', email: 'op@example.com' })],
  ['GET', /^\/accounts$/, ({ accounts }, call) => page(accounts, call)],
  [
    'GET',
    /^\/memberships$/,
    ({ accounts }, call) =>
      page(
        accounts.map((account) => ({ id: account.id, account })),
        call,
      ),
  ],
]
const ROUTES = [...IDENTITY, ...STORAGE, ...WORKERS, ...DOMAINS]

/** One call as it came in. `isChange` is false for what only reads. */
export type Recorded = Readonly<{ line: string; body: string; status: number; isChange: boolean }>

export type StandIn = Readonly<{
  /** The environment of a wrangler that calls this stand-in, and nothing else. */
  env: Readonly<Record<string, string>>
  account: StandInAccount
  calls: Recorded[]
  /** Calls whose line (`POST /d1/database`) matches are answered with this failure; the last one that matches counts. */
  failures: (readonly [line: RegExp, answer: Answer])[]
  close: () => Promise<void>
}>

/** Starts a stand-in with an empty account. */
export async function startStandIn(): Promise<StandIn> {
  const account = emptyAccount()
  const calls: Recorded[] = []
  const failures: (readonly [RegExp, Answer])[] = []

  const server = createServer((request, response) => {
    void read(request).then(async (call) => {
      const line = `${call.method} ${call.path}`
      const answer =
        request.headers.authorization === `Bearer ${API_TOKEN}`
          ? (failures.findLast(([pattern]) => pattern.test(line))?.[1] ??
            (await answerTo(account, call)))
          : no(403, 9109, 'Invalid access token')
      const { status, result, errors } = answer
      calls.push({ line, body: call.body.toString(), status, isChange: isChange(call) })
      response.writeHead(status, { 'content-type': 'application/json' })
      const info = { page: 1, per_page: 100, count: 0, total_count: 0, total_pages: 1 }
      response.end(
        JSON.stringify({
          success: errors.length === 0,
          errors,
          messages: [],
          result,
          ...(Array.isArray(result) ? { result_info: info } : {}),
        }),
      )
    })
  })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  return {
    env: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}${PREFIX}`,
      CLOUDFLARE_API_TOKEN: API_TOKEN,
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_SEND_ERROR_REPORTS: 'false',
    },
    account,
    calls,
    failures,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function read(request: IncomingMessage): Promise<Call> {
  const url = new URL(request.url ?? '/', 'http://stand-in')
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  return {
    method: request.method ?? 'GET',
    path: url.pathname.replace(PREFIX, '').replace(/^\/accounts\/[^/]+(?=\/)/, ''),
    query: url.searchParams,
    type: request.headers['content-type'] ?? '',
    body,
    json: parsed(body),
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return undefined
  }
}

async function answerTo(account: StandInAccount, call: Call): Promise<Answer> {
  for (const [method, pattern, answer] of ROUTES) {
    const groups = method === call.method ? pattern.exec(call.path) : null
    if (groups !== null) return await answer(account, call, ...groups.slice(1))
  }
  return no(501, 1, `The stand-in does not know ${call.method} ${call.path}`)
}

/** Some questions are asked with POST. */
function isChange({ method, path, json }: Call): boolean {
  if (method === 'GET' || path.endsWith('/domains/changeset')) return false
  const { sql = '' } = (json ?? {}) as { sql?: unknown }
  return !(path.endsWith('/query') && /^\s*SELECT\b/i.test(String(sql)))
}

export { ACCOUNT_ID }
