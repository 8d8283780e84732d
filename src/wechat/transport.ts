/** The only code in this Worker that sends anything to WeChat. */
import { later, MINUTE_S, type UnixSeconds } from '../core/time.ts'
import { type Timers, withDeadline } from '../lib/deadline.ts'
import { readChunks, readLimited } from '../lib/limited-body.ts'
import { err, ok, type Result } from '../lib/result.ts'

/** WeChat's own client waits this long for an answer. */
export const CALL_DEADLINE_MS = 8_000
const REPLY_BYTES_MAX = 64 * 1024
/** A day of 100 000 payments has some 10 MB in gzip, and 30 MB plain. */
const BILL_BYTES_MAX = 48 * 1024 * 1024
const BILL_DEADLINE_MS = 60_000
/** nginx, in front of WeChat: no certificate was sent, or a wrong one. */
const BAD_CERTIFICATE = 400
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
  /** Presents the merchant's certificate; undefined where there is none. */
  certificateFetch?: Fetch | undefined
}>

/** In every case WeChat may have acted. `no_answer` is the one that another origin might mend. */
export type TransportError = Readonly<{
  reason: 'no_answer' | 'http_status' | 'too_long' | 'no_certificate'
}>

export interface Transport {
  /** One GET, never repeated: a login code works once. */
  get(path: string, query: URLSearchParams): Promise<Result<Uint8Array, TransportError>>
  /**
   * Posts one XML message. When no answer comes, the other origin gets the identical message, once;
   * so only messages that are safe to repeat may be sent through here, and all of ours are. An origin
   * that just failed comes second for a few minutes.
   */
  post(path: string, xml: string): Promise<Result<Uint8Array, TransportError>>
  /**
   * The same, presenting the merchant's certificate. WeChat answers HTTP 400 and a web page to whoever
   * has none, or a wrong one.
   *
   * @param onRepeat Called when the message is sent a second time, because no answer came.
   */
  postWithCertificate(
    path: string,
    xml: string,
    onRepeat?: () => void,
  ): Promise<Result<Uint8Array, TransportError>>
  /** The same as `post`, for an answer that may be long. */
  download(path: string, xml: string): Promise<Result<readonly Uint8Array[], TransportError>>
}

/** How one message is sent, and its answer read. */
type Way<T> = Readonly<{
  fetch: Fetch
  deadlineMs: number
  read: (response: Response) => Promise<Result<T, TransportError>>
  onRepeat?: (() => void) | undefined
}>

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
