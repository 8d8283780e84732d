/** Synchronous compression streams. The real ones work on other threads, whose order cannot be repeated. */
import { constants, gunzipSync, gzipSync } from 'node:zlib'

type Bytes = Uint8Array<ArrayBuffer>

/** A transform stream that collects its whole input and then passes it to `flush`, which emits the output. */
class WholeStream {
  readonly readable: ReadableStream<Bytes>
  readonly writable: WritableStream<Uint8Array>

  constructor(flush: (whole: Uint8Array, give: (bytes: Uint8Array) => void) => void) {
    const parts: Uint8Array[] = []
    const { readable, writable } = new TransformStream<Uint8Array, Bytes>({
      transform(part) {
        parts.push(part.slice())
      },
      flush(controller) {
        flush(Buffer.concat(parts), (bytes) => controller.enqueue(Uint8Array.from(bytes)))
      },
    })
    this.readable = readable
    this.writable = writable
  }
}

class InstantCompression extends WholeStream {
  constructor() {
    super((whole, give) => give(gzipSync(whole)))
  }
}

class InstantDecompression extends WholeStream {
  constructor() {
    super((whole, give) => {
      const all = unpack(whole)
      if (all !== undefined) return give(all)
      // When the input is cut off, the real DecompressionStream emits what it could unpack and then fails. So does this one.
      const some = unpack(whole, constants.Z_SYNC_FLUSH)
      if (some !== undefined && some.length > 0) give(some)
      throw new TypeError('the gzip stream is cut off')
    })
  }
}

function unpack(packed: Uint8Array, finishFlush = constants.Z_FINISH): Uint8Array | undefined {
  try {
    return gunzipSync(packed, { finishFlush })
  } catch {
    return undefined
  }
}

/** The part of `Blob` that the simulator uses: text in, a stream of its bytes out. */
class InstantBlob {
  readonly #text: string

  constructor(parts: readonly string[]) {
    this.#text = parts.join('')
  }

  stream(): ReadableStream<Bytes> {
    const bytes = Uint8Array.from(new TextEncoder().encode(this.#text))
    return new ReadableStream({
      start(controller) {
        controller.enqueue(bytes)
        controller.close()
      },
    })
  }
}

const INSTANT = {
  CompressionStream: InstantCompression,
  DecompressionStream: InstantDecompression,
  Blob: InstantBlob,
}

/** Replaces CompressionStream, DecompressionStream and Blob. @returns a function that restores them. */
export function installInstantStreams(): () => void {
  const before = Object.keys(INSTANT).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name) ?? {}] as const,
  )
  for (const [name, value] of Object.entries(INSTANT)) {
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
  }
  return () => {
    for (const [name, descriptor] of before) Object.defineProperty(globalThis, name, descriptor)
  }
}
