/** Sends the HTTP calls of the commands. Bodies are JSON; a status other than the expected one is a readable error. */
import { CliError } from '../cli/command.ts'

const DEADLINE_MS = 30_000

/** A request to the Worker or to the simulator, and the status that its answer must have. */
export type Call = {
  method: 'GET' | 'POST' | 'PUT'
  url: string
  /** Sent as JSON. */
  body?: unknown
  /** The merchant token, sent as `Authorization: Bearer`. */
  token?: string
  /** The expected status; default 200. */
  status?: number
}

/** Called after every request and its answer; `reply` is the unparsed body of the answer. */
export type OnExchange = (call: Call, status: number, reply: string) => void

/**
 * Sends one request.
 *
 * @returns the parsed body of the answer. Its type `T` is not checked.
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

/** Extracts the reason from an error answer: problem+json of the Worker, or `{ error, hint }` of the simulator. */
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
    // The answer is not JSON, so its text is shown.
  }
  return reply.slice(0, 300)
}
