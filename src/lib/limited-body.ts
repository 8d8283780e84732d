/**
 * Reads a body, but no more than `bytesMax` of it: a stranger's Content-Length is not believed, and
 * an endless body is dropped where it passes the limit.
 *
 * @returns `undefined` when there is more than that.
 */
export async function readLimited(
  body: ReadableStream<Uint8Array> | null,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  const chunks = await readChunks(body, bytesMax)
  return chunks === undefined ? undefined : concat(chunks)
}

/** The same, in the pieces in which it came: a long body is not copied. */
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

export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
