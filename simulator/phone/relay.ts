import { type JsonObject, needOneOf, needText } from '../control/json.ts'
import type { Conversation } from '../conversation/conversation.ts'
import { recordJsonCall } from '../conversation/json-call.ts'

/** The servers that the mini program may call. Like the real client, the phone reaches no other address. */
export type Servers = {
  worker: string
  shop: string
  /** The shop's server. It runs in this process and has no port. */
  askShop: (request: Request) => Promise<Response>
}

const TIMEOUT_MS = 30_000

/**
 * wx.request of the mini program. The page is of another origin than the Worker, which has no CORS because no browser needs
 * it, so the simulator sends the request. Answers `{ statusCode, header, data }`, or `{ errMsg }` when no server answered.
 */
export async function relay(
  body: JsonObject,
  servers: Servers,
  conversation: Conversation,
): Promise<object> {
  const url = needText(body, 'url')
  const method = needOneOf(body, 'method', ['GET', 'POST'])
  const to = url.startsWith(`${servers.worker}/`)
    ? 'worker'
    : url.startsWith(`${servers.shop}/`)
      ? 'shop'
      : undefined
  if (to === undefined) return { errMsg: 'request:fail url not in domain list' }

  const request = makeRequest(method, url, body['data'] ?? {})
  const send = to === 'shop' ? servers.askShop : (each: Request) => fetch(each)
  const path = new URL(url).pathname.split('/').at(-1) ?? ''
  const what = to === 'shop' ? 'place_order' : path
  try {
    const call = { from: 'phone', to, what, hasReply: true } as const
    const response = await recordJsonCall(request, send, conversation, call)
    return {
      statusCode: response.status,
      header: Object.fromEntries(response.headers),
      data: parse(await response.text()),
      errMsg: 'request:ok',
    }
  } catch {
    return { errMsg: 'request:fail' }
  }
}

function makeRequest(method: 'GET' | 'POST', url: string, data: object): Request {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  if (method === 'POST') {
    const headers = { 'content-type': 'application/json' }
    return new Request(url, { method: 'POST', headers, body: JSON.stringify(data), signal })
  }
  const target = new URL(url)
  for (const [name, value] of Object.entries(data)) target.searchParams.set(name, String(value))
  return new Request(target, { signal })
}

/** wx.request parses JSON, and gives every other body as text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
