/** Sends one HTTP request as a stranger does: redirects are not followed, and no header is added that is not named. */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { wordsOf } from '../../src/lib/words.ts'

const BODY_BYTES_MAX = 256 * 1024

/** An answer. The names of headers are in lower case. */
export type Answer = Readonly<{
  status: number
  headers: Readonly<Record<string, string>>
  body: string
}>

/** An answer, or why there was none. */
export type Asked = Answer | Readonly<{ error: string }>

/** Where the Worker is, and how long each look may take. */
export type Place = Readonly<{
  /** The Worker's origin. */
  url: URL
  /** Aborts when the time is up, or the user stops the command. */
  signal: AbortSignal
  /** Certificates that are trusted beside those of Node, for tests. */
  ca?: string
}>

/** Whether an address is this machine. */
export const isLocal = ({ hostname }: URL): boolean =>
  ['localhost', '127.0.0.1', '[::1]'].includes(hostname)

/** Sends a request to a path of the Worker. Never rejects. Without `user-agent` in the headers, none is sent. */
export function ask(
  { url, signal, ca }: Place,
  method: 'GET' | 'POST',
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Promise<Asked> {
  return new Promise((resolve) => {
    const fail = (error: unknown): void => resolve({ error: failureOf(error, signal) })
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const sent = send(
      new URL(path, url).href,
      {
        method,
        signal,
        headers: {
          ...headers,
          ...(body === '' ? {} : { 'content-length': Buffer.byteLength(body) }),
        },
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
          if (text.length > BODY_BYTES_MAX) response.destroy(new Error('the answer is too long'))
        })
        response.once('error', fail)
        response.once('end', () => {
          const entries = Object.entries(response.headers).map(([name, value]) => [
            name,
            String(value),
          ])
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(entries) as Record<string, string>,
            body: text,
          })
        })
      },
    )
    sent.once('error', fail)
    sent.end(body)
  })
}

function failureOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'no answer in time'
  const code = (error as { code?: unknown }).code
  return typeof code === 'string' ? code : wordsOf(error)
}

/** The JSON of an answer; undefined when it is none. */
export function jsonOf({ body }: Answer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
