/** The transport of `src` over a network that answers as a test says. */
import { expect, vi } from 'vitest'
import { toUnixSeconds } from '../../src/core/time.ts'
import type { LogEntry } from '../../src/ports/deps.ts'
import { OriginHealth, type TransportOptions, wechatTransport } from '../../src/wechat/transport.ts'
import { HeldTimers } from '../samples/held-timers.ts'
import { T0 } from '../samples/order-samples.ts'

/** WeChat's primary origin for payments. */
export const PRIMARY = 'https://api.mch.weixin.qq.com'
/** WeChat's backup origin for payments. */
export const BACKUP = 'https://api2.mch.weixin.qq.com'
/** WeChat's origin for logins. */
export const LOGIN = 'https://api.weixin.qq.com'
/** The path to which tests of the transport send their message. */
export const PATH = '/pay/unifiedorder'
/** The message that tests of the transport send. */
export const XML = '<xml><body><![CDATA[测试商店-图书]]></body></xml>'

/** Plays WeChat: answers, or fails to answer, one request of the Worker. */
export type Answer = (request: Request) => Promise<Response>
type Sent = Readonly<{ url: string; method: string; type: string | null; body: string }>

/** Answers with a response. */
export const answer =
  (body: string | null, status = 200, headers: Record<string, string> = {}): Answer =>
  async () =>
    new Response(body, { status, headers })
/** Loses the connection to WeChat without an answer. */
export const reset: Answer = async () => {
  throw new TypeError('Network connection lost.')
}
/** Never answers. */
export const silence: Answer = () => new Promise(() => {})

/** The result that the Worker's transport returns for a call of WeChat that failed. */
export const failed = (reason: string) => ({ ok: false, error: { reason } })
/** The text of WeChat's successful reply, or the result of the failed call. */
export const text = (reply: { ok: true; value: Uint8Array } | { ok: false; error: unknown }) =>
  reply.ok ? new TextDecoder().decode(reply.value) : reply

/** Makes a transport whose requests get the answers in order. A request for which no answer is left fails the test. */
export function network(answers: readonly Answer[], options: Partial<TransportOptions> = {}) {
  const sent: Sent[] = []
  const requests: Request[] = []
  const log: LogEntry[] = []
  const timers = new HeldTimers()
  const clock = { now: T0 }
  const queue = [...answers]
  const transport = wechatTransport({
    async fetch(request) {
      requests.push(request)
      const body = await request.clone().text()
      const { url, method } = request
      sent.push({ url, method, type: request.headers.get('content-type'), body })
      const next = queue.shift()
      if (next === undefined) throw new Error(`one request too many: ${url}`)
      return next(request)
    },
    timers,
    now: () => clock.now,
    log: (entry) => void log.push(entry),
    health: new OriginHealth(),
    loginOrigin: LOGIN,
    payOrigin: PRIMARY,
    payOriginBackup: BACKUP,
    ...options,
  })
  return {
    transport,
    sent,
    requests,
    log,
    timers,
    origins: () => sent.map(({ url }) => new URL(url).origin),
    advance: (seconds: number) => void (clock.now = toUnixSeconds(clock.now + seconds)),
    /** Waits until `count` requests were sent, and then lets the deadline of the last one pass. */
    async passDeadline(count: number): Promise<void> {
      await vi.waitFor(() => expect(sent.length).toBe(count), { interval: 1 })
      timers.pass()
    },
  }
}
