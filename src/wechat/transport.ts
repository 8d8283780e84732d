/** Sends HTTP requests to WeChat. No other part of the Worker sends requests to WeChat. */
import { later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import { type TimeLeft, type Timers, withDeadline } from '../lib/deadline.ts'
import { readChunks, readLimited } from '../lib/limited-body.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { wordsOf } from '../lib/words.ts'
import type { Log } from '../ports/deps.ts'

/** How long one origin may take to reply. WeChat's own SDK waits as long. */
export const CALL_DEADLINE_MS = 8_000
/** How long an invocation must still have, for an unanswered message to go to the other origin. */
const REPEAT_MS_MIN = 1_500
const REPLY_BYTES_MAX = 64 * 1024
/** The maximum size of a bill. With 100 000 payments a bill has about 10 MB as gzip, and 30 MB plain. */
const BILL_BYTES_MAX = 48 * 1024 * 1024
const BILL_DEADLINE_MS = 60_000
/** The HTTP status of WeChat's nginx when the client certificate is missing or wrong. */
const BAD_CERTIFICATE = 400
/** The range of HTTP statuses that Cloudflare itself returns when it cannot reach an origin. */
const ORIGIN_UNREACHABLE = { from: 520, to: 530 }

/** The platform's `fetch`, or the `fetch` of a binding that presents a client certificate. */
export type Fetch = (request: Request) => Promise<Response>

/**
 * How long the backup origin is tried first after the primary origin failed, in seconds. Then the primary is
 * tried first again, because the backup is farther away.
 */
const BACKUP_S = 3 * MINUTE_S

/**
 * Remembers which of the two payment origins works. All requests of an isolate share one object. A new isolate
 * knows nothing of a failure, so its first call may wait one deadline in vain.
 */
export class OriginHealth {
  #backupUntil: UnixSeconds | undefined

  /** Whether the primary failed within the last three minutes, and the backup has not failed since. */
  prefersBackup(now: UnixSeconds): boolean {
    return this.#backupUntil !== undefined && now < this.#backupUntil
  }

  /** Records that the backup answered a message that the primary had not answered. */
  primaryFailed(now: UnixSeconds): void {
    this.#backupUntil = later(now, BACKUP_S)
  }

  /** Records that the backup origin was tried first and did not answer. */
  backupFailed(): void {
    this.#backupUntil = undefined
  }
}

/** What the transport needs: WeChat's origins, their health, and the platform's functions. */
export type TransportOptions = Readonly<{
  fetch: Fetch
  timers: Timers
  loginOrigin: string
  payOrigin: string
  payOriginBackup: string
  now: () => UnixSeconds
  /** How long the invocation may still take. Calls get the smaller of this and their own deadline. */
  timeLeft?: TimeLeft
  log: Log
  health: OriginHealth
  /** A `fetch` that presents the merchant certificate; undefined when no certificate is installed. */
  certificateFetch?: Fetch | undefined
}>

/**
 * Why a call has no readable reply: `no_answer` (failed connection or timeout), `http_status` (a status other
 * than 200), `too_long` (a reply above the size limit) or `no_certificate` (the merchant certificate is missing
 * or wrong). The transport tries the other origin only after `no_answer`. WeChat may have processed the message
 * in every case but one: without an installed certificate, nothing was sent.
 */
export type TransportError = Readonly<{
  reason: 'no_answer' | 'http_status' | 'too_long' | 'no_certificate'
}>

/** Sends requests to WeChat, each with a deadline. Failures are logged and returned, not thrown. */
export interface Transport {
  /** Sends a GET to the login origin. It is never repeated, because a login code works only once. */
  get(path: string, query: URLSearchParams): Promise<Result<Uint8Array, TransportError>>
  /**
   * Posts an XML message to WeChat Pay. When no answer comes, the identical message goes to the other origin,
   * once. So a message must be safe to repeat; all of ours are. After the primary origin failed, the backup is
   * tried first for three minutes.
   *
   * @param onRepeat Called before the message is sent to the other origin because no answer came. Returns whether it
   *   may be.
   */
  post(
    path: string,
    xml: string,
    onRepeat?: () => boolean,
  ): Promise<Result<Uint8Array, TransportError>>
  /**
   * Like `post`, but presents the merchant certificate. When the certificate is missing or wrong, WeChat
   * answers with HTTP 400 and a web page.
   */
  postWithCertificate(
    path: string,
    xml: string,
    onRepeat?: () => boolean,
  ): Promise<Result<Uint8Array, TransportError>>
  /** Like `post`, for a long reply: up to 48 MiB, within 60 s. */
  download(path: string, xml: string): Promise<Result<readonly Uint8Array[], TransportError>>
}

/**
 * How a message is sent, and how its reply is read. It differs for calls, calls with certificate, and bills.
 */
type Way<T> = Readonly<{
  fetch: Fetch
  deadlineMs: number
  read: (response: Response) => Promise<Result<T, TransportError>>
  onRepeat?: (() => boolean) | undefined
}>

/**
 * Creates the transport. All requests share `options.health`, so that only the first call waits in vain for a
 * failed primary origin.
 */
export function wechatTransport(options: TransportOptions): Transport {
  const { fetch, certificateFetch, timers, loginOrigin, payOrigin, payOriginBackup } = options
  const { now, log, health, timeLeft = () => Infinity } = options

  const usual: Way<Uint8Array> = { fetch, deadlineMs: CALL_DEADLINE_MS, read: readReply }
  const bill = { fetch, deadlineMs: BILL_DEADLINE_MS, read: readBill }

  /** Sends a request to one origin, once. The log gets the reason of a failure, because the caller may try the other origin. */
  async function send<T>(request: Request, way: Way<T>): Promise<Result<T, TransportError>> {
    const deadline = Math.min(way.deadlineMs, timeLeft())
    const seen: { status?: number; error?: string } = {}
    let reply: Result<T, TransportError> = err({ reason: 'no_answer' })
    try {
      if (deadline <= 0) return reply
      const outcome = await withDeadline(timers, deadline, async (signal) => {
        const response = await way.fetch(new Request(request, { signal }))
        seen.status = response.status
        return way.read(response)
      })
      if (outcome.done) reply = outcome.value
      else seen.error = `no answer within ${deadline / 1_000} s`
    } catch (error) {
      // Cloudflare does not distinguish a refused connection from a connection that was reset after sending, so
      // WeChat may have received the request. Both are `no_answer`, as after a timeout.
      seen.error = wordsOf(error)
    }
    if (!reply.ok) {
      const { origin, pathname } = new URL(request.url)
      const call = pathname.split('/').at(-1) ?? ''
      log({ event: 'wechat_unreachable', call, origin, reason: reply.error.reason, ...seen })
    }
    return reply
  }

  const message = (origin: string, path: string, xml: string): Request =>
    new Request(new URL(path, origin), {
      method: 'POST',
      headers: { 'content-type': 'text/xml; charset=utf-8' },
      body: xml,
      redirect: 'manual',
    })

  async function post<T>(
    path: string,
    xml: string,
    way: Way<T>,
  ): Promise<Result<T, TransportError>> {
    const order = health.prefersBackup(now())
      ? [payOriginBackup, payOrigin]
      : [payOrigin, payOriginBackup]
    const [origin = payOrigin, other = payOrigin] = order
    const first = await send(message(origin, path, xml), way)
    if (first.ok || first.error.reason !== 'no_answer' || other === origin) return first
    if (timeLeft() < REPEAT_MS_MIN || way.onRepeat?.() === false) return first

    const second = await send(message(other, path, xml), way)
    if (origin === payOriginBackup) health.backupFailed()
    else if (second.ok || second.error.reason !== 'no_answer') health.primaryFailed(now())
    return second
  }

  return {
    get(path, query) {
      const url = new URL(path, loginOrigin)
      url.search = query.toString()
      return send(new Request(url, { redirect: 'manual' }), usual)
    },
    post: (path, xml, onRepeat) => post(path, xml, { ...usual, onRepeat }),
    postWithCertificate(path, xml, onRepeat) {
      if (certificateFetch === undefined) return Promise.resolve(err({ reason: 'no_certificate' }))
      const read = readCertifiedReply
      return post(path, xml, { ...usual, fetch: certificateFetch, read, onRepeat })
    },
    download: (path, xml) => post(path, xml, bill),
  }
}

async function readReply(response: Response): Promise<Result<Uint8Array, TransportError>> {
  if (response.status !== 200) return unexpected(response)
  const bytes = await readLimited(response.body, REPLY_BYTES_MAX)
  return bytes === undefined ? err({ reason: 'too_long' }) : ok(bytes)
}

async function readCertifiedReply(response: Response): Promise<Result<Uint8Array, TransportError>> {
  const reply = await readReply(response)
  return response.status === BAD_CERTIFICATE ? err({ reason: 'no_certificate' }) : reply
}

async function readBill(
  response: Response,
): Promise<Result<readonly Uint8Array[], TransportError>> {
  if (response.status !== 200) return unexpected(response)
  const chunks = await readChunks(response.body, BILL_BYTES_MAX)
  return chunks === undefined ? err({ reason: 'too_long' }) : ok(chunks)
}

async function unexpected(response: Response): Promise<Result<never, TransportError>> {
  const { status } = response
  await response.body?.cancel()
  const unreachable = status >= ORIGIN_UNREACHABLE.from && status <= ORIGIN_UNREACHABLE.to
  return err({ reason: unreachable ? 'no_answer' : 'http_status' })
}
