/** The only code in this Worker that sends anything to WeChat. */
import { withDeadline, type Timers } from '../core/deadline.ts'
import { readLimited } from '../core/read-limited.ts'
import { err, ok, type Result } from '../core/result.ts'
import { later, MINUTE_S, type UnixSeconds } from '../core/time.ts'

/** WeChat's own client waits this long for an answer. */
export const CALL_DEADLINE_MS = 8_000
const REPLY_BYTES_MAX = 64 * 1024
/** Cloudflare's own answers for an origin that could not be reached. */
const ORIGIN_UNREACHABLE = { from: 520, to: 530 }

export type Fetch = (request: Request) => Promise<Response>

/** The backup is far away: after this long the primary gets another chance. */
const BACKUP_S = 3 * MINUTE_S

/**
 * What an isolate remembers of the two origins. One object for all requests that it serves; forgetting
 * it costs one deadline.
 */
export class OriginHealth {
  #backupUntil: UnixSeconds | undefined

  prefersBackup(now: UnixSeconds): boolean {
    return this.#backupUntil !== undefined && now < this.#backupUntil
  }

  primaryFailed(now: UnixSeconds): void {
    this.#backupUntil = later(now, BACKUP_S)
  }

  backupFailed(): void {
    this.#backupUntil = undefined
  }
}

export type TransportOptions = Readonly<{
  fetch: Fetch
  timers: Timers
  loginOrigin: string
  payOrigin: string
  payOriginBackup: string
  now: () => UnixSeconds
  health: OriginHealth
}>

/** In every case WeChat may have acted. `no_answer` is the one that another origin might mend. */
export type TransportError = Readonly<{ reason: 'no_answer' | 'http_status' | 'too_long' }>

export interface Transport {
  /** One GET, never repeated: a login code works once. */
  get(path: string, query: URLSearchParams): Promise<Result<Uint8Array, TransportError>>
  /**
   * Posts one XML message. When no answer comes, the other origin gets the identical message, once;
   * so only messages that are safe to repeat may be sent through here, and all of ours are. An origin
   * that just failed comes second for a few minutes.
   */
  post(path: string, xml: string): Promise<Result<Uint8Array, TransportError>>
}

export function wechatTransport(options: TransportOptions): Transport {
  const { fetch, timers, loginOrigin, payOrigin, payOriginBackup, now, health } = options

  async function send(request: Request): Promise<Result<Uint8Array, TransportError>> {
    try {
      const outcome = await withDeadline(timers, CALL_DEADLINE_MS, async (signal) =>
        readReply(await fetch(new Request(request, { signal }))),
      )
      return outcome.done ? outcome.value : err({ reason: 'no_answer' })
    } catch {
      // The platform does not tell "refused" from "reset after sending".
      return err({ reason: 'no_answer' })
    }
  }

  const message = (origin: string, path: string, xml: string): Request =>
    new Request(new URL(path, origin), {
      method: 'POST',
      headers: { 'content-type': 'text/xml; charset=utf-8' },
      body: xml,
      redirect: 'manual',
    })

  return {
    get(path, query) {
      const url = new URL(path, loginOrigin)
      url.search = query.toString()
      return send(new Request(url, { redirect: 'manual' }))
    },
    async post(path, xml) {
      const order = health.prefersBackup(now())
        ? [payOriginBackup, payOrigin]
        : [payOrigin, payOriginBackup]
      const [origin = payOrigin, other = payOrigin] = order
      const first = await send(message(origin, path, xml))
      if (first.ok || first.error.reason !== 'no_answer' || other === origin) return first

      const second = await send(message(other, path, xml))
      if (origin === payOriginBackup) health.backupFailed()
      else if (second.ok || second.error.reason !== 'no_answer') health.primaryFailed(now())
      return second
    },
  }
}

async function readReply(response: Response): Promise<Result<Uint8Array, TransportError>> {
  const { status } = response
  if (status !== 200) {
    await response.body?.cancel()
    const unreachable = status >= ORIGIN_UNREACHABLE.from && status <= ORIGIN_UNREACHABLE.to
    return err({ reason: unreachable ? 'no_answer' : 'http_status' })
  }
  const bytes = await readLimited(response.body, REPLY_BYTES_MAX)
  return bytes === undefined ? err({ reason: 'too_long' }) : ok(bytes)
}
