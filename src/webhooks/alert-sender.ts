/** Sends alerts to a group bot, or to a receiver of Standard Webhooks. */
import type { Alert, AlertFailure } from '../core/alert.ts'
import { formatRfc3339, fromMillis, type UnixSeconds } from '../core/time.ts'
import { type Timers, withDeadline } from '../lib/deadline.ts'
import { readLimited } from '../lib/limited-body.ts'
import type { Secret } from '../lib/secret.ts'
import { excerptOf, wordsOf } from '../lib/words.ts'
import type { SendAlert } from '../ports/alert-store.ts'
import { type Bot, botAt } from './alert-bots.ts'
import { alertText } from './alert-text.ts'
import { webhookHeaders } from './signature.ts'

const DEADLINE_MS = 10_000
const ANSWER_BYTES_MAX = 64 * 1024
const TOO_MANY_REQUESTS = 429

/** What the sender needs: the address with the secret, and the platform's functions. */
export type AlertSenderOptions = Readonly<{
  fetch: (request: Request) => Promise<Response>
  timers: Timers
  nowMs: () => number
  url: Secret
  secret: Secret | undefined
  consoleUrl: string
}>

/** Makes the sender of an installation. Redirects are not followed: they would leave the address in another log. */
export function alertSender(options: AlertSenderOptions): SendAlert {
  const { fetch, timers, url, secret, nowMs, consoleUrl } = options
  const bot = botAt(url.reveal())

  return async (alert, id) => {
    try {
      const outcome = await withDeadline(timers, DEADLINE_MS, async (signal) => {
        const request = bot === undefined ? await webhook(alert, id) : await toBot(bot, alert)
        const response = await fetch(new Request(request, { signal }))
        return {
          status: response.status,
          answer: await readLimited(response.body, ANSWER_BYTES_MAX),
        }
      })
      if (!outcome.done) return { failure: 'no_answer', words: 'timeout' }
      const { status, answer } = outcome.value
      const failure = failureOf(status, bot, new TextDecoder().decode(answer))
      return failure && { failure, words: `HTTP ${status}: ${excerptOf(answer)}` }
    } catch (error) {
      return { failure: 'no_answer', words: wordsOf(error) }
    }
  }

  async function toBot(to: Bot, alert: Alert): Promise<Request> {
    const text = alertText(alert, consoleUrl, to.language)
    const given = { url: url.reveal(), secret: secret?.reveal(), nowMs: nowMs() }
    const message = await to.message(text, given)
    return post(message.url, JSON.stringify(message.body), {
      'content-type': 'application/json; charset=utf-8',
    })
  }

  async function webhook(alert: Alert, id: string): Promise<Request> {
    const at = fromMillis(nowMs())
    const body = JSON.stringify(alertJson(alert, consoleUrl, at))
    const secrets = secret === undefined ? [] : [secret]
    return post(url.reveal(), body, await webhookHeaders({ id, body }, at, secrets))
  }
}

/** An alert for a receiver of Standard Webhooks. Contract: fields are added, never renamed. */
export const alertJson = (alert: Alert, consoleUrl: string, at: UnixSeconds) => ({
  type: 'alert' as const,
  timestamp: formatRfc3339(at),
  data: {
    text: alertText(alert, consoleUrl, 'en'),
    reviews: alert.reviews.map((each) => ({ ...each, ordercode: each.ordercode ?? null })),
    began: alert.began,
    ended: alert.ended,
    all_resolved: alert.allResolved,
    console: consoleUrl,
  },
})

const post = (url: string, body: string, headers: Readonly<Record<string, string>>): Request =>
  new Request(url, { method: 'POST', headers, body, redirect: 'manual' })

function failureOf(status: number, bot: Bot | undefined, answer: string): AlertFailure | undefined {
  if (status === TOO_MANY_REQUESTS) return 'busy'
  if (status >= 500) return 'no_answer'
  if (status < 200 || status >= 300) return 'refused'
  return bot?.failure(answer)
}
