/** Sends HTTP requests to WeChat. No other code of the Worker does. */
import { later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import { type Timers, withDeadline } from '../lib/deadline.ts'
import { readChunks, readLimited } from '../lib/limited-body.ts'
import { err, ok, type Result } from '../lib/result.ts'

/** The deadline of one call: as long as WeChat's own SDK waits for a reply. */
export const CALL_DEADLINE_MS = 8_000
const REPLY_BYTES_MAX = 64 * 1024
/** The bill of a day with 100 000 payments has about 10 MB in gzip, and 30 MB plain. */
const BILL_BYTES_MAX = 48 * 1024 * 1024
const BILL_DEADLINE_MS = 60_000
/** The status with which nginx, in front of WeChat, answers a missing or wrong client certificate. */
const BAD_CERTIFICATE = 400
/** The statuses with which Cloudflare itself answers when it cannot reach an origin. */
const ORIGIN_UNREACHABLE = { from: 520, to: 530 }

/** The platform's `fetch`, or that of a certificate binding. */
export type Fetch = (request: Request) => Promise<Response>

/**
 * How long the backup origin is used first after the primary failed. The backup is farther away, so the
 * primary then gets another chance.
 */
const BACKUP_S = 3 * MINUTE_S

/**
 * Remembers which of the two payment origins works. An isolate has one object for all requests that it
 * serves; losing it costs one deadline.
 */
export class OriginHealth {
  #backupUntil: UnixSeconds | undefined

  /** Whether the primary failed within the last three minutes, and the backup has not failed since. */
  prefersBackup(now: UnixSeconds): boolean {
    return this.#backupUntil !== undefined && now < this.#backupUntil
  }

  /** Call it when the backup answered a message that the primary did not. */
  primaryFailed(now: UnixSeconds): void {
    this.#backupUntil = later(now, BACKUP_S)
  }

  /** Call it when the backup, used first, gave no answer. */
  backupFailed(): void {
    this.#backupUntil = undefined
  }
}

/** The origins of WeChat, what is known of them, and the platform. */
export type TransportOptions = Readonly<{
  fetch: Fetch
  timers: Timers
  loginOrigin: string
  payOrigin: string
  payOriginBackup: string
  now: () => UnixSeconds
  health: OriginHealth
  /** Presents the merchant certificate; undefined when none is installed. */
  certificateFetch?: Fetch | undefined
}>

/**
 * Why there is no reply to read. In every case WeChat may have acted.
 *
 * Only after `no_answer` the other origin may help. `http_status` is a status other than 200, `too_long` a
 * reply above the size limit, `no_certificate` a missing or wrong merchant certificate.
 */
export type TransportError = Readonly<{
  reason: 'no_answer' | 'http_status' | 'too_long' | 'no_certificate'
}>

/** Requests to WeChat, each with a deadline. Failures are values, not exceptions. */
export interface Transport {
  /** Sends one GET to the login origin. It is never repeated, because a login code works once. */
  get(path: string, query: URLSearchParams): Promise<Result<Uint8Array, TransportError>>
  /**
   * Posts one XML message to WeChat Pay. When no answer comes, the identical message goes to the other
   * origin, once. Only messages that are safe to repeat may be sent here, and all of ours are. After the
   * primary failed, the backup is used first for three minutes.
   */
  post(path: string, xml: string): Promise<Result<Uint8Array, TransportError>>
  /**
   * Like `post`, with the merchant certificate. WeChat answers a request with no certificate, or a wrong
   * one, with HTTP 400 and a web page.
   *
   * @param onRepeat Called before the message is sent a second time, because no answer came.
   */
  postWithCertificate(
    path: string,
    xml: string,
    onRepeat?: () => void,
  ): Promise<Result<Uint8Array, TransportError>>
  /** Like `post`, for a long reply: up to 48 MiB, within 60 s. */
  download(path: string, xml: string): Promise<Result<readonly Uint8Array[], TransportError>>
}

/** How one message is sent, and how its reply is read. */
type Way<T> = Readonly<{
  fetch: Fetch
  deadlineMs: number
  read: (response: Response) => Promise<Result<T, TransportError>>
  onRepeat?: (() => void) | undefined
}>

/**
 * Creates the transport. Requests share `health`, so that a failed primary origin costs one
 * deadline and not one per request.
 */
export function wechatTransport(options: TransportOptions): Transport {
  const { fetch, certificateFetch, timers, loginOrigin, payOrigin, payOriginBackup } = options
  const { now, health } = options

  const usual: Way<Uint8Array> = { fetch, deadlineMs: CALL_DEADLINE_MS, read: readReply }
  const bill = { fetch, deadlineMs: BILL_DEADLINE_MS, read: readBill }

  async function send<T>(request: Request, way: Way<T>): Promise<Result<T, TransportError>> {
    try {
      const outcome = await withDeadline(timers, way.deadlineMs, async (signal) =>
        way.read(await way.fetch(new Request(request, { signal }))),
      )
      return outcome.done ? outcome.value : err({ reason: 'no_answer' })
    } catch {
      // The platform does not distinguish a refused connection from one that was reset after sending.
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

    way.onRepeat?.()
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
    post: (path, xml) => post(path, xml, usual),
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
