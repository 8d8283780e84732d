/** Looks whether the shop's receiver answers at all, before there is anything to send to it. */
import { type Timers, withDeadline } from '../lib/deadline.ts'
import { wordsOf } from '../lib/words.ts'

const DEADLINE_MS = 5_000

/** Makes the look: a HEAD without a body, a signature or a redirect that is followed. @returns the status, or why there is none. */
export function receiverLook(
  send: (request: Request) => Promise<Response>,
  timers: Timers,
  url: string,
): () => Promise<Readonly<{ status: number } | { error: string }>> {
  return async () => {
    try {
      const outcome = await withDeadline(timers, DEADLINE_MS, async (signal) => {
        const response = await send(
          new Request(url, { method: 'HEAD', redirect: 'manual', signal }),
        )
        await response.body?.cancel()
        return response.status
      })
      return outcome.done ? { status: outcome.value } : { error: 'timeout' }
    } catch (error) {
      return { error: wordsOf(error) }
    }
  }
}
