/** The bytes of a bill as they come, unpacked when they are packed. */

import { concat } from '../../lib/limited-body.ts'

/** @returns the next bytes, `undefined` at the end. Rejects where the source breaks off. */
type ReadBytes = () => Promise<Uint8Array | undefined>

export type ByteSource = Readonly<{
  read: ReadBytes
  /** May be called at any time, also after the end. Never rejects. */
  cancel: () => Promise<void>
}>

const GZIP_MAGIC = [0x1f, 0x8b] as const

/** One piece of gzip unpacks to a thousand times its size at most: 4 MiB. */
const PIECE_BYTES = 4 * 1024

/**
 * Opens a bill. Its first two bytes decide whether it is gzip: WeChat's headers do not say, and an
 * archive may have kept either form.
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

/** @returns no bytes at all when there are not so many. */
async function readAtLeast(read: ReadBytes, length: number): Promise<Uint8Array> {
  let seen: Uint8Array = new Uint8Array()
  while (seen.length < length) {
    const more = await read()
    if (more === undefined) return new Uint8Array()
    seen = concat([seen, more])
  }
  return seen
}

function startingWith(head: Uint8Array, read: ReadBytes): ReadBytes {
  let isFirst = true
  return async () => {
    if (!isFirst) return read()
    isFirst = false
    return head
  }
}

/**
 * Unpacks gzip as it is asked for. Not `pipeThrough`: in workerd that has no back pressure, so that a
 * reader who takes his time finds the whole file unpacked in memory; and where the file breaks off,
 * what was unpacked and not yet read is lost.
 */
function unpacking(readPacked: ReadBytes): ReadBytes {
  const { readable, writable } = new DecompressionStream('gzip')
  const reader = readable.getReader()
  const writer = writable.getWriter()
  let packed: Uint8Array = new Uint8Array()
  let feeding: Promise<void> | undefined
  let isFed = false

  async function feed(): Promise<void> {
    while (packed.length === 0) {
      const more = await readPacked()
      if (more === undefined) {
        isFed = true
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
    arrived.catch(() => undefined) // it is awaited below, but `feeding` may reject first
    while (!isFed) {
      // Only who waits in vain is fed.
      if (await Promise.race([arrived, eventLoopTurn()])) break
      feeding ??= feed().finally(() => {
        feeding = undefined
      })
      await Promise.race([arrived, feeding])
    }
    return (await unpacked).value
  }
}

/** Resolves after whatever the runtime has ready; a promise of our own would be ahead of that. */
async function eventLoopTurn(): Promise<false> {
  await new Response('.').arrayBuffer()
  return false
}
