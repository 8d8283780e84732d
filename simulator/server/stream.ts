import type { Change, Conversation } from '../conversation/conversation.ts'

/** A connection without traffic is ended by some proxies after half a minute. */
const COMMENT_EVERY_MS = 15_000

/**
 * Streams the conversation as server-sent events: first what came after `Last-Event-ID`, then everything new, until the
 * client disconnects. Without that header the stream begins with the first message.
 */
export function streamConversation(request: Request, conversation: Conversation): Response {
  const lastId = Number(request.headers.get('last-event-id') ?? 0)
  const encoder = new TextEncoder()
  let stop = (): void => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const write = (text: string): void => controller.enqueue(encoder.encode(text))
      const send = (change: Change): void => write(formatEvent(change))
      write('retry: 1000\n\n')
      for (const change of conversation.after(Number.isFinite(lastId) ? lastId : 0)) send(change)
      const unsubscribe = conversation.subscribe(send)
      const timer = setInterval(() => write(':\n\n'), COMMENT_EVERY_MS)
      stop = () => {
        clearInterval(timer)
        unsubscribe()
      }
      request.signal.addEventListener('abort', () => {
        stop()
        controller.close()
      })
    },
    cancel: () => stop(),
  })
  const headers = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }
  return new Response(body, { headers })
}

const formatEvent = ({ id, message }: Change): string =>
  `id: ${id}\ndata: ${JSON.stringify(message)}\n\n`
