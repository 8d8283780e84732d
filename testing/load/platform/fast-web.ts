/**
 * Light versions of Request, Response and Headers. The runtime's own ones take a third of the time of a run, because they are
 * made for bodies that arrive in pieces. These hold a whole body, and have what the Worker and the simulator use. Anything
 * else is missing and fails at once.
 */

type HeadersInput = FastHeaders | Readonly<Record<string, string>> | undefined
type BodyInput = string | Uint8Array | ArrayBuffer | ReadableStream<Uint8Array> | null | undefined
type Init = Readonly<{
  method?: string
  headers?: HeadersInput
  body?: BodyInput
  signal?: AbortSignal
  status?: number
  redirect?: string
}>

class FastHeaders {
  readonly #values = new Map<string, string>()

  constructor(init?: HeadersInput) {
    if (init === undefined) return
    const given = init instanceof FastHeaders ? init : Object.entries(init)
    for (const [name, value] of given) this.#values.set(name.toLowerCase(), String(value))
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null
  }

  has(name: string): boolean {
    return this.#values.has(name.toLowerCase())
  }

  set(name: string, value: string): void {
    this.#values.set(name.toLowerCase(), value)
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#values.entries()
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The stream of a whole body: one chunk. */
class OneChunk {
  readonly #bytes: () => Uint8Array
  #isRead = false

  constructor(bytes: () => Uint8Array) {
    this.#bytes = bytes
  }

  getReader() {
    return {
      read: async () => {
        if (this.#isRead) return { done: true, value: undefined }
        this.#isRead = true
        return { done: false, value: this.#bytes() }
      },
      cancel: async () => {},
      releaseLock: () => {},
    }
  }

  async cancel(): Promise<void> {}
}

class FastBody {
  readonly headers: FastHeaders
  protected readonly content: BodyInput

  constructor(content: BodyInput, headers: HeadersInput) {
    this.content = content
    this.headers = new FastHeaders(headers)
  }

  get body(): OneChunk | ReadableStream<Uint8Array> | null {
    const { content } = this
    if (content === null || content === undefined) return null
    return content instanceof ReadableStream ? content : new OneChunk(() => wholeBytes(content))
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const { content } = this
    const bytes =
      content instanceof ReadableStream ? await readAll(content) : wholeBytes(content ?? '')
    return Uint8Array.from(bytes).buffer
  }

  async text(): Promise<string> {
    const { content } = this
    if (typeof content === 'string') return content
    return decoder.decode(await this.arrayBuffer())
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text())
  }
}

class FastRequest extends FastBody {
  readonly url: string
  readonly method: string
  readonly #signal: AbortSignal | undefined

  constructor(input: string | URL | FastRequest, init: Init = {}) {
    const from = input instanceof FastRequest ? input : undefined
    super(init.body ?? from?.content, init.headers ?? from?.headers)
    this.url = typeof input === 'string' ? input : input instanceof URL ? input.href : input.url
    this.method = init.method ?? from?.method ?? 'GET'
    this.#signal = init.signal ?? from?.signal
  }

  get signal(): AbortSignal {
    return this.#signal ?? new AbortController().signal
  }

  clone(): FastRequest {
    return new FastRequest(this)
  }
}

class FastResponse extends FastBody {
  readonly status: number

  constructor(content?: BodyInput, init: Init = {}) {
    super(content, init.headers)
    this.status = init.status ?? 200
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  clone(): FastResponse {
    return new FastResponse(this.content, { status: this.status, headers: this.headers })
  }
}

function wholeBytes(content: string | Uint8Array | ArrayBuffer): Uint8Array {
  if (typeof content === 'string') return encoder.encode(content)
  return content instanceof Uint8Array ? content : new Uint8Array(content)
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return Buffer.concat(chunks)
    chunks.push(value)
  }
}

const FAST = { Request: FastRequest, Response: FastResponse, Headers: FastHeaders }

/** Replaces the runtime's classes. @returns a function that restores them. */
export function installFastWeb(): () => void {
  const before = Object.keys(FAST).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name) ?? {}] as const,
  )
  for (const [name, value] of Object.entries(FAST)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  }
  return () => {
    for (const [name, descriptor] of before) Object.defineProperty(globalThis, name, descriptor)
  }
}
