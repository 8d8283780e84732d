/**
 * An input of the fuzz: one request, and the answers that WeChat gives to the Worker meanwhile. An input is plain data, so
 * that it can be mutated and printed.
 */

/** A request body, and how it arrives at the Worker. */
export type Body = Readonly<{
  bytes: Uint8Array<ArrayBuffer>
  /** In how many chunks the body arrives at the Worker. */
  pieces: number
  /** Whether the connection breaks after the last chunk. */
  breaks: boolean
}>

/** The endpoints of WeChat whose answers an input may replace. */
export type EndpointName =
  | 'jscode2session'
  | 'unifiedorder'
  | 'orderquery'
  | 'closeorder'
  | 'refund'
  | 'refundquery'
  | 'downloadbill'

/** An answer that replaces the simulated WeChat's: an HTTP response, no answer, a lost connection, or a broken body. */
export type Answer = Readonly<{
  endpoint: EndpointName
  what: Readonly<{ status: number; bytes: Uint8Array<ArrayBuffer> }> | 'stalls' | 'drops' | 'breaks'
}>

/** One input. */
export type Input = Readonly<{
  /** The name of the generator that made the input. */
  lane: string
  method: string
  /** Path and query, as sent. */
  path: string
  headers: readonly (readonly [string, string])[]
  body: Body | undefined
  /** When the request is sent, in seconds after the beginning of the world. */
  at: number
  answers: readonly Answer[]
}>

/** The Worker's PUBLIC_URL. */
export const ORIGIN = 'https://pay.test'

const encoder = new TextEncoder()
/** Encodes text as UTF-8. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(encoder.encode(text))

/** Makes a request body that arrives in one chunk. */
export const bodyOf = (text: string | Uint8Array<ArrayBuffer>): Body => ({
  bytes: typeof text === 'string' ? utf8(text) : text,
  pieces: 1,
  breaks: false,
})

/**
 * Builds an input without its `lane`, which the caller adds. By default there are no headers, no body and no replaced answers,
 * and the request is sent at the beginning of the world.
 */
export const requestOf = (
  method: string,
  path: string,
  rest: Partial<Input> = {},
): Omit<Input, 'lane'> => ({
  method,
  path,
  headers: [],
  body: undefined,
  at: 0,
  answers: [],
  ...rest,
})

/**
 * Builds the request of an input.
 *
 * @returns undefined for an input that no client can send, because the platform refuses it before the Worker runs.
 */
export function toRequest(input: Input): Request | undefined {
  const { method, path, headers, body } = input
  const hasBody = body !== undefined && method !== 'GET' && method !== 'HEAD'
  const init = {
    method,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
    ...(hasBody ? { body: streamOf(body), duplex: 'half' } : {}),
  }
  try {
    const url = new URL(path, ORIGIN)
    if (url.origin !== ORIGIN || url.username !== '' || url.password !== '') return undefined
    return new Request(url, init)
  } catch {
    return undefined
  }
}

function streamOf({ bytes, pieces, breaks }: Body): Uint8Array<ArrayBuffer> | ReadableStream {
  if (pieces <= 1 && !breaks) return bytes
  const size = Math.max(1, Math.ceil(bytes.length / pieces))
  let from = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (from < bytes.length) {
        controller.enqueue(bytes.subarray(from, from + size))
        from += size
      } else if (breaks) {
        controller.error(new TypeError('Network connection lost.'))
      } else {
        controller.close()
      }
    },
  })
}

/** The whole input as text for a person: unprintable characters are escaped, long bodies cut. */
export function describeInput(input: Input): string {
  const lines = [
    `${input.method} ${input.path}    (lane ${input.lane}, ${input.at} s after the beginning)`,
    ...input.headers.map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
  ]
  if (input.body !== undefined) {
    const { bytes, pieces, breaks } = input.body
    const how = `${bytes.length} bytes in ${pieces} pieces${breaks ? ', then the connection breaks' : ''}`
    lines.push(`body (${how}): ${shown(bytes)}`)
  }
  for (const { endpoint, what } of input.answers) {
    const said = typeof what === 'string' ? what : `${what.status} ${shown(what.bytes)}`
    lines.push(`WeChat's ${endpoint}: ${said}`)
  }
  return lines.join('\n')
}

const SHOWN_MAX = 3_000

function shown(bytes: Uint8Array): string {
  const text = JSON.stringify(Buffer.from(bytes).toString('utf8'))
  const cut = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text
  return text.includes('�')
    ? `${cut}\n  hex ${Buffer.from(bytes).toString('hex').slice(0, SHOWN_MAX)}`
    : cut
}
