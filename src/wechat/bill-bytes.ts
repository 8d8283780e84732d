/** The bytes of a bill as they come, unpacked when they are packed. */

/** Bytes in the order of the file; `read` rejects when the source breaks off. */
export type ByteSource = Readonly<{
  /** @returns `undefined` at the end. */
  read: () => Promise<Uint8Array | undefined>
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
  const plain = rewound(reader)
  let opened: ByteSource | undefined

  async function open(): Promise<ByteSource> {
    const head = await plain.peek(GZIP_MAGIC.length)
    const isGzip = GZIP_MAGIC.every((byte, at) => head[at] === byte)
    return isGzip ? unpacked(plain.read) : plain
  }
  return {
    async read() {
      opened ??= await open()
      return opened.read()
    },
    async cancel() {
      await Promise.all([plain.cancel(), opened?.cancel()])
    },
  }
}

/** A source whose beginning can be looked at first. */
function rewound(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ByteSource & Readonly<{ peek: (length: number) => Promise<Uint8Array> }> {
  let head: Uint8Array | undefined

  async function read(): Promise<Uint8Array | undefined> {
    if (head !== undefined) {
      const first = head
      head = undefined
      return first
    }
    const { done, value } = await reader.read()
    return done ? undefined : value
  }
  return {
    read,
    /** @returns at least so many bytes, or none when there are not that many. */
    async peek(length) {
      let seen = new Uint8Array()
      while (seen.length < length) {
        const more = await read()
        if (more === undefined) return new Uint8Array()
        const longer = new Uint8Array(seen.length + more.length)
        longer.set(seen)
        longer.set(more, seen.length)
        seen = longer
      }
      head = seen
      return seen
    },
    async cancel() {
      await reader.cancel().catch(() => undefined)
    },
  }
}

/**
 * Unpacks gzip as it is asked for. Not `pipeThrough`: in workerd that has no back pressure, so that a
 * reader who takes his time finds the whole file unpacked in memory; and where the file breaks off,
 * what was unpacked and not yet read is lost.
 */
function unpacked(readPacked: ByteSource['read']): ByteSource {
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

  return {
    async read() {
      const unpacking = reader.read()
      const arrived = unpacking.then(() => true)
      arrived.catch(() => undefined) // it is awaited below, but `feeding` may reject first
      while (!isFed) {
        // Only who waits in vain is fed.
        if (await Promise.race([arrived, eventLoopTurn()])) break
        feeding ??= feed().finally(() => {
          feeding = undefined
        })
        await Promise.race([arrived, feeding])
      }
      return (await unpacking).value
    },
    async cancel() {
      // `feeding` is not waited for: it may be waiting for bytes that never come.
      await Promise.allSettled([reader.cancel(), writer.abort()])
    },
  }
}

/** Resolves after whatever the runtime has ready; a resolved promise would be ahead of that. */
async function eventLoopTurn(): Promise<false> {
  await new Response('.').arrayBuffer()
  return false
}
