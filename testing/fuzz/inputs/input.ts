/** One thing that a stranger, a shop or WeChat says, kept as data so that it can be mutated and shown. */

export type Body = Readonly<{
  bytes: Uint8Array<ArrayBuffer>
  /** Into how many chunks it is cut on its way. */
  pieces: number
  /** The connection breaks behind the last chunk. */
  breaks: boolean
}>

export type EndpointName = 'jscode2session' | 'unifiedorder' | 'orderquery' | 'closeorder'

/** What comes back from WeChat in place of the simulated one's answer. */
export type Answer = Readonly<{
  endpoint: EndpointName
  what: Readonly<{ status: number; bytes: Uint8Array<ArrayBuffer> }> | 'stalls' | 'drops' | 'breaks'
}>

export type Input = Readonly<{
  /** Which generator made it. */
  lane: string
  method: string
  /** With the query, as it goes over the wire. */
  path: string
  headers: readonly (readonly [string, string])[]
  body: Body | undefined
  /** Seconds after the beginning of the world. */
  at: number
  answers: readonly Answer[]
}>

export const ORIGIN = 'https://pay.test'

const encoder = new TextEncoder()
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(encoder.encode(text))

export const bodyOf = (text: string | Uint8Array<ArrayBuffer>): Body => ({
  bytes: typeof text === 'string' ? utf8(text) : text,
  pieces: 1,
  breaks: false,
})

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

/** @returns undefined for what no client could send: the platform would refuse it before us. */
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

/** For a person: everything, with what does not print escaped, and no more than fits a screen. */
export function describeInput(input: Input): string {
  const lines = [
    `${input.method} ${input.path}    (lane ${input.lane}, ${input.at} s after the beginning)`,
    ...input.headers.map(([name, value]) => `${name}: ${JSON.stringify(value)}`),
  ]
  if (input.body !== undefined) {
    const { bytes, pieces, breaks } = input.body
    const how = `${bytes.length} bytes in ${pieces} pieces${breaks ? ', then it breaks' : ''}`
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
