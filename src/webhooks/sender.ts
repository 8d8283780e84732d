/**
 * Sends webhooks to the shop in the format of Standard Webhooks.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
import { fromMillis } from '../core/time.ts'
import { type Timers, withDeadline } from '../lib/deadline.ts'
import { readLimited } from '../lib/limited-body.ts'
import type { Secret } from '../lib/secret.ts'
import { excerptOf, wordsOf } from '../lib/words.ts'
import type { WebhookSender } from '../ports/delivery-store.ts'
import { webhookHeaders } from './signature.ts'

const DEADLINE_MS = 10_000
/**
 * The maximum number of bytes that are read of the receiver's response. Only its beginning is used, but reading it
 * lets the connection be reused.
 */
const ANSWER_BYTES_MAX = 64 * 1024

/** What the sender needs: the receiver's URL, the signing secrets, and the platform's functions. */
export type SenderOptions = Readonly<{
  fetch: (request: Request) => Promise<Response>
  timers: Timers
  /**
   * The real clock in milliseconds, even when a test shifts the time of the cron, because the receiver compares the
   * webhook's timestamp with its own clock.
   */
  nowMs: () => number
  url: string
  /**
   * The signing secrets, the current one first. During a rotation the list also has the previous secret; each
   * secret adds a signature.
   */
  secrets: readonly Secret[]
}>

/**
 * Creates the sender. Its `send` never rejects. In its result, `error` is `timeout` when no response came
 * within 10 s, `no_answer` when the request failed, and `status` when the response's status is not 2xx.
 * Redirects are not followed.
 */
export function webhookSender(options: SenderOptions): WebhookSender {
  const { fetch, timers, nowMs, url, secrets } = options

  const signed = async (id: string, body: string): Promise<Request> =>
    new Request(url, {
      method: 'POST',
      headers: await webhookHeaders({ id, body }, fromMillis(nowMs()), secrets),
      body,
      redirect: 'manual',
    })

  return {
    async send({ id, body }) {
      const begun = nowMs()
      const took = (): number => nowMs() - begun
      try {
        const outcome = await withDeadline(timers, DEADLINE_MS, async (signal) => {
          const response = await fetch(new Request(await signed(id, body), { signal }))
          const answer = await readLimited(response.body, ANSWER_BYTES_MAX)
          return { status: response.status, answer }
        })
        const ms = took()
        if (!outcome.done) return { delivered: false, status: undefined, error: 'timeout', ms }
        const { status, answer } = outcome.value
        if (status >= 200 && status < 300) return { delivered: true, status, error: undefined, ms }
        return { delivered: false, status, error: 'status', ms, words: excerptOf(answer) }
      } catch (error) {
        const words = wordsOf(error)
        return { delivered: false, status: undefined, error: 'no_answer', ms: took(), words }
      }
    },
  }
}

/**
 * The sender of an installation without `WEBHOOK_URL`. Webhooks are then stored as `no_target`, and neither
 * requests nor the cron send them.
 */
export const noSender: WebhookSender = {
  send: () => Promise.resolve({ delivered: false, status: undefined, error: 'no_target', ms: 0 }),
}
