/** HTTP as these tools speak it: JSON, a status that is expected, and a sentence when it is another. */
import { CliError } from '../cli/command.ts'

const DEADLINE_MS = 30_000

export type Call = {
  method: 'GET' | 'POST' | 'PUT'
  url: string
  body?: unknown
  token?: string
  /** Default 200. */
  status?: number
}

/** Told of every exchange; `reply` is the text as it came. */
export type OnExchange = (call: Call, status: number, reply: string) => void

/** @returns the JSON, of a shape that both servers of this repository document for that status. */
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
        ? `${origin} has not answered within ${DEADLINE_MS / 1_000} seconds.`
        : `Nothing answers at ${origin}. Start everything in another terminal with: npm start`,
    )
  }
}

/** The Worker speaks problem+json, the simulator's control interface `{ error, hint }`. */
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
    // Not JSON: shown as it is.
  }
  return reply.slice(0, 300)
}
