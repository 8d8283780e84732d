/** HTTP calls of the commands: JSON in and out, one expected status, and a readable error for any other. */
import { CliError } from '../cli/command.ts'

const DEADLINE_MS = 30_000

/** One request, and the status that it must be answered with. */
export type Call = {
  method: 'GET' | 'POST' | 'PUT'
  url: string
  /** Sent as JSON. */
  body?: unknown
  /** Sent as a bearer token. */
  token?: string
  /** The expected status; default 200. */
  status?: number
}

/** Called after every exchange; `reply` is the unparsed body. */
export type OnExchange = (call: Call, status: number, reply: string) => void

/**
 * Sends one request.
 *
 * @returns the parsed body. `T` is the shape that the Worker, or the simulator's control interface, documents for that status.
 * @throws CliError when the status is not the expected one, when nothing listens at the address, or after 30 seconds.
 */
export async function call<T>(given: Call, onExchange: OnExchange = () => {}): Promise<T> {
  const { method, url, body, token, status = 200 } = given
  const response = await fetchOrFail(url, {
    method,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(DEADLINE_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const reply = await response.text()
  onExchange(given, response.status, reply)
  if (response.status === status) return JSON.parse(reply)
  throw new CliError(
    `${method} ${url}\n  answered ${response.status} instead of ${status}: ${explain(reply)}`,
  )
}

async function fetchOrFail(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    const { origin } = new URL(url)
    const isTimeout = error instanceof Error && error.name === 'TimeoutError'
    throw new CliError(
      isTimeout
        ? `${origin} did not answer within ${DEADLINE_MS / 1_000} seconds.`
        : `Nothing answers at ${origin}. Start everything in another terminal with: npm start`,
    )
  }
}

/** The Worker answers errors as problem+json, the simulator's control interface as `{ error, hint }`. */
function explain(reply: string): string {
  try {
    const value: unknown = JSON.parse(reply)
    if (typeof value === 'object' && value !== null) {
      if ('code' in value && 'detail' in value)
        return `${String(value.code)}. ${String(value.detail)}`
      if ('error' in value && 'hint' in value)
        return `${String(value.error)}; ${String(value.hint)}`
    }
  } catch {
    // Not JSON: show the text.
  }
  return reply.slice(0, 300)
}
