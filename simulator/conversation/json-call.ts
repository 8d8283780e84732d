import type { Conversation } from './conversation.ts'
import { type Party, withoutSecrets } from './message.ts'

/** How a call with JSON appears in the conversation. */
export type JsonCall = {
  from: Party
  to: Party
  what: string
  /** Whether the answer has a line of its own. Default: its status stands beside the call. */
  hasReply?: boolean
}

/** Sends a request with JSON or a query, and writes down the call and its answer. Rejects as `send` does. */
export async function recordJsonCall(
  request: Request,
  send: (request: Request) => Promise<Response>,
  conversation: Conversation,
  { from, to, what, hasReply = false }: JsonCall,
): Promise<Response> {
  const query = [...new URL(request.url).searchParams]
  const fields = query.length > 0 ? query : jsonFields(await request.clone().text())
  const n = conversation.add({ kind: 'request', from, to, what, fields: withoutSecrets(fields) })
  const beganAt = performance.now()
  try {
    const response = await send(request)
    const { status } = response
    const ms = Math.round(performance.now() - beganAt)
    if (hasReply) {
      const answered = withoutSecrets(jsonFields(await response.clone().text()))
      const reply = { kind: 'reply', from: to, to: from, what, answers: n } as const
      conversation.add({ ...reply, status, ms, fields: answered })
    } else conversation.amend(n, { status, ms })
    return response
  } catch (error) {
    conversation.amend(n, { lost: true })
    throw error
  }
}

/** The members of a JSON object as text, those of `data` included, which is where a webhook has its subject. */
export function jsonFields(text: string): [string, string][] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? flatten(Object.entries(value)) : []
  } catch {
    return []
  }
}

function flatten(entries: [string, unknown][]): [string, string][] {
  return entries.flatMap(([name, value]): [string, string][] => {
    if (name === 'data' && typeof value === 'object' && value !== null) {
      return flatten(Object.entries(value))
    }
    if (Array.isArray(value) && value.length === 0) return []
    return [[name, typeof value === 'string' ? value : JSON.stringify(value)]]
  })
}
