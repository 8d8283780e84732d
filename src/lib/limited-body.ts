/**
 * Reads a body of at most `bytesMax` bytes. The sender's Content-Length is not trusted: bytes are counted
 * as they arrive, and a longer body is cancelled where it passes the limit, even if it never ends.
 *
 * @returns `undefined` when the body is longer.
 */
export async function readLimited(
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const chunks = await readChunks(body, bytesMax)
  return chunks === undefined ? undefined : concat(chunks)
}

/** Like {@link readLimited}, but returns the chunks as they arrived: a long body is not copied. */
export async function readChunks(
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<readonly Uint8Array[] | undefined> {
  if (body === null) return []
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return chunks
    length += value.length
    if (length > bytesMax) {
      await reader.cancel()
      return undefined
    }
    chunks.push(value)
  }
}

/** Copies the chunks of a body into one array. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
