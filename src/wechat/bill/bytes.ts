/** Reads the bytes of a bill as a stream, and decompresses them if the bill is gzip. */
import { concat } from '../../lib/limited-body.ts'

/** Reads the next bytes; `undefined` at the end. Rejects when the source breaks off. */
type ReadBytes = () => Promise<Uint8Array | undefined>

/** The decompressed bytes of a bill. `read` rejects when the source breaks off, or is invalid gzip. */
export type ByteSource = Readonly<{
  read: ReadBytes
  /** Stops reading the source. May be called at any time, also after the end. Never rejects. */
  cancel: () => Promise<void>
}>

const GZIP_MAGIC = [0x1f, 0x8b] as const

/**
 * The number of gzip bytes that are decompressed at a time. Gzip grows to about a thousand times its size at
 * most, so one piece takes at most 4 MiB of memory.
 */
const PIECE_BYTES = 4 * 1024

/**
 * Opens a bill. Its first two bytes decide whether it is gzip, because WeChat's response headers do not say,
 * and the archive may contain gzip or plain bills.
 */
export function openBill(raw: ReadableStream<Uint8Array>): ByteSource {
  const reader = raw.getReader()
  const readRaw: ReadBytes = async () => (await reader.read()).value
  let read: ReadBytes | undefined

  async function open(): Promise<ReadBytes> {
    const head = await readAtLeast(readRaw, GZIP_MAGIC.length)
    const isGzip = GZIP_MAGIC.every((byte, at) => head[at] === byte)
    return isGzip ? unpacking(startingWith(head, readRaw)) : startingWith(head, readRaw)
  }
  return {
    async read() {
      read ??= await open()
      return read()
    },
    async cancel() {
      await reader.cancel().catch(() => undefined)
    },
  }
}

/** Reads until at least `length` bytes are there. @returns an empty array when the source has fewer bytes. */
async function readAtLeast(read: ReadBytes, length: number): Promise<Uint8Array> {
  let seen: Uint8Array = new Uint8Array()
  while (seen.length < length) {
    const more = await read()
    if (more === undefined) return new Uint8Array()
    seen = concat([seen, more])
  }
  return seen
}

/** @returns a reader that first returns `head`, and then what `read` returns. */
function startingWith(head: Uint8Array, read: ReadBytes): ReadBytes {
  let isFirst = true
  return async () => {
    if (!isFirst) return read()
    isFirst = false
    return head
  }
}

/**
 * Decompresses gzip on demand.
 *
 * `pipeThrough` is not used, for two reasons. In workerd it has no back pressure, so with a slow reader the
 * whole bill would be decompressed into memory. And when the bill breaks off, bytes that were decompressed
 * and not yet read would be lost.
 */
function unpacking(readPacked: ReadBytes): ReadBytes {
  const { readable, writable } = new DecompressionStream('gzip')
  const reader = readable.getReader()
  const writer = writable.getWriter()
  let packed: Uint8Array = new Uint8Array()
  let feeding: Promise<void> | undefined
  let isInputClosed = false

  async function feed(): Promise<void> {
    while (packed.length === 0) {
      const more = await readPacked()
      if (more === undefined) {
        isInputClosed = true
        return writer.close()
      }
      packed = more
    }
    const piece = packed.subarray(0, PIECE_BYTES)
    packed = packed.subarray(PIECE_BYTES)
    return writer.write(piece)
  }

  return async () => {
    const unpacked = reader.read()
    const arrived = unpacked.then(() => true)
    // Without this handler, a bill with invalid gzip could cause an unhandled rejection of `arrived`.
    arrived.catch(() => undefined)
    while (!isInputClosed) {
      // Back pressure: more input is decompressed only as long as the caller's read has no output yet.
      if (await Promise.race([arrived, eventLoopTurn()])) break
      feeding ??= feed().finally(() => {
        feeding = undefined
      })
      await Promise.race([arrived, feeding])
    }
    return (await unpacked).value
  }
}

/**
 * Resolves in a later turn of the event loop, when the runtime has delivered output that is already
 * decompressed. `Promise.resolve()` would resolve before the delivery.
 */
async function eventLoopTurn(): Promise<false> {
  await new Response('.').arrayBuffer()
  return false
}
