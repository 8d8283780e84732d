/** The bytes of a bill as a stream, decompressed if the bill is gzip. */
import { concat } from '../../lib/limited-body.ts'

/** @returns the next bytes, `undefined` at the end. Rejects when the source breaks off. */
type ReadBytes = () => Promise<Uint8Array | undefined>

/** Plain bytes on demand. `read` rejects when the source breaks off, or is not valid gzip. */
export type ByteSource = Readonly<{
  read: ReadBytes
  /** May be called at any time, also after the end. Never rejects. */
  cancel: () => Promise<void>
}>

const GZIP_MAGIC = [0x1f, 0x8b] as const

/** A piece of gzip decompresses to at most a thousand times its size: 4 MiB. */
const PIECE_BYTES = 4 * 1024

/**
 * Opens a bill. Its first two bytes decide whether it is gzip: WeChat's headers do not say, and the
 * archive may contain either form.
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

/** @returns an empty array when the source has fewer bytes than `length`. */
async function readAtLeast(read: ReadBytes, length: number): Promise<Uint8Array> {
  let seen: Uint8Array = new Uint8Array()
  while (seen.length < length) {
    const more = await read()
    if (more === undefined) return new Uint8Array()
    seen = concat([seen, more])
  }
  return seen
}

/** Puts `head` in front of what `read` returns. */
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
 * `pipeThrough` is not used, for two reasons. In workerd it has no back pressure, so a slow reader would
 * get the whole file decompressed into memory. And when the file breaks off, what was decompressed and
 * not yet read would be lost.
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
    arrived.catch(() => undefined) // `unpacked` is awaited below, but `feeding` may reject first
    while (!isInputClosed) {
      // Input is written only while the pending read has no output: this is the back pressure.
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
 * Resolves after the runtime has delivered the output that it has ready. An already resolved promise
 * would resolve before that.
 */
async function eventLoopTurn(): Promise<false> {
  await new Response('.').arrayBuffer()
  return false
}
