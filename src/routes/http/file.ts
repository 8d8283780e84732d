/** A day's bill as a file to download. */
import type { BeijingDay } from '../../core/day.ts'

const GZIP_MAGIC = [0x1f, 0x8b]

/** A file of which the first chunk has been read already. */
type OpenFile = Readonly<{
  day: BeijingDay
  first: Uint8Array
  rest: ReadableStreamDefaultReader<Uint8Array>
}>

/** Sends the file as it came from WeChat: plain or gzip. */
export function fileResponse({ day, first, rest }: OpenFile): Response {
  const isGzip = GZIP_MAGIC.every((byte, i) => first[i] === byte)
  const name = `wechat-bill-${day}.csv${isGzip ? '.gz' : ''}`
  return new Response(joined(first, rest), {
    headers: {
      'content-type': isGzip ? 'application/gzip' : 'text/csv; charset=utf-8',
      'content-disposition': `attachment; filename="${name}"`,
      'cache-control': 'no-store',
    },
  })
}

/** Makes a stream of the first chunk, which has been read already, and all chunks that follow. */
function joined(
  first: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  let begun = false
  return new ReadableStream({
    async pull(controller) {
      if (!begun) {
        begun = true
        return controller.enqueue(first)
      }
      const { done, value } = await reader.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
