import { makeRequestId } from '../lib/identifiers.ts'
import {
  NOTICE_RETRY_INTERVALS_MS,
  NOTICE_SUCCESS_REPLY,
  REQUEST_BYTES_MAX,
} from '../lib/limits.ts'
import type { Random } from '../lib/random.ts'

/** Posts a notice and returns what the shop answered. */
export type Deliver = (request: Request) => Promise<Response>

/** What a notice is about: a payment, or with `outRefundNo` a refund. */
export type NoticeSubject = {
  readonly outTradeNo: string
  readonly transactionId: string
  readonly outRefundNo?: string
}

export type DeliveryAttempt = NoticeSubject & {
  /** 1 is the first attempt, 16 the last. */
  readonly attempt: number
  /** Epoch milliseconds on the simulator's clock. */
  readonly at: number
  readonly url: string
  /** The XML that was posted. */
  readonly body: string
  /** `lost` was never posted although WeChat believes so. Everything but `delivered` is retried. */
  readonly outcome: 'delivered' | 'refused' | 'timeout' | 'connection_error' | 'lost'
  /** The shop's HTTP status and body, when it answered. */
  readonly status?: number
  readonly reply?: string
  readonly why?: string
}

export type SimulatedNotice = NoticeSubject & {
  readonly url: string
  readonly firstDueAt: number
  /** `given_up` after the last retry. */
  state: 'waiting' | 'delivered' | 'given_up'
  /** Oldest first, kept up to date. */
  readonly attempts: DeliveryAttempt[]
  /** Epoch milliseconds; `undefined` when no attempt will come any more. */
  nextDueAt: number | undefined
}

export type PostResult = Pick<DeliveryAttempt, 'outcome' | 'status' | 'reply' | 'why'>

type NoticeBoardOptions = {
  random: Random
  now: () => number
  /** A signal that ends one attempt; WeChat waits five seconds of real time. */
  timeout: () => AbortSignal
  onAttempt: (attempt: DeliveryAttempt) => void
}

type Schedule = {
  url: string
  /** Epoch milliseconds; default now. */
  firstDueAt?: number
  /** Writes the notice anew for every attempt: nonce_str and sign change, what it says does not. */
  write: () => string
}

/** WeChat's list of notices of one kind to send, with its retry schedule. */
export class NoticeBoard {
  readonly #options: NoticeBoardOptions
  readonly #notices: SimulatedNotice[] = []
  /** Those with an attempt still to come, and how each is written. */
  readonly #waiting = new Map<SimulatedNotice, () => string>()
  readonly #lost = new Set<string>()
  readonly #inFlight = new Set<SimulatedNotice>()
  #losesNext = 0
  #copies: number[] = []

  constructor(options: NoticeBoardOptions) {
    this.#options = options
  }

  schedule(subject: NoticeSubject, { url, firstDueAt, write }: Schedule): SimulatedNotice {
    const dueAt = firstDueAt ?? this.#options.now()
    const notice: SimulatedNotice = {
      ...subject,
      url,
      firstDueAt: dueAt,
      state: 'waiting',
      attempts: [],
      nextDueAt: dueAt,
    }
    if (this.#losesNext > 0) {
      this.#losesNext -= 1
      this.#lost.add(keyOf(subject))
    }
    this.#notices.push(notice)
    this.#waiting.set(notice, write)
    return notice
  }

  /** Swallows every attempt for that order (or refund), or for the next one that is paid (or settled). */
  lose(number?: string): void {
    if (number === undefined) this.#losesNext += 1
    else this.#lost.add(number)
  }

  /** The next attempt is posted that many times at once, as from several of WeChat's servers. */
  duplicate(copies: number): void {
    if (!Number.isSafeInteger(copies) || copies < 2) {
      throw new RangeError(`a duplicated notice comes twice or more, not ${copies} times`)
    }
    this.#copies.push(copies)
  }

  notices(): readonly SimulatedNotice[] {
    return [...this.#notices]
  }

  nextDueAt(): number | undefined {
    let earliest: number | undefined
    for (const { nextDueAt = Infinity } of this.#waiting.keys()) {
      if (nextDueAt < (earliest ?? Infinity)) earliest = nextDueAt
    }
    return earliest
  }

  /** Makes every attempt that is due: different orders in parallel, one order's retries one after the other. */
  async deliverDue(deliver: Deliver): Promise<DeliveryAttempt[]> {
    const due = [...this.#waiting.keys()].filter(
      (each) => this.#isDue(each) && !this.#inFlight.has(each),
    )
    const made = await Promise.all(due.map((notice) => this.#catchUp(notice, deliver)))
    return made.flat()
  }

  /** Posts one message to a shop, and judges the answer as WeChat does. */
  async post(url: string, body: string, deliver: Deliver): Promise<PostResult> {
    const signal = this.#options.timeout()
    const request = new Request(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'text/xml',
        'Request-ID': makeRequestId(this.#options.random),
      },
      body,
      redirect: 'manual',
      signal,
    })
    try {
      return await Promise.race([readReply(deliver, request), rejectOnAbort(signal)])
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      return { outcome: signal.aborted ? 'timeout' : 'connection_error', why }
    }
  }

  #isDue({ nextDueAt }: SimulatedNotice): boolean {
    return nextDueAt !== undefined && nextDueAt <= this.#options.now()
  }

  async #catchUp(notice: SimulatedNotice, deliver: Deliver): Promise<DeliveryAttempt[]> {
    const made: DeliveryAttempt[] = []
    this.#inFlight.add(notice)
    try {
      // After a leap of the clock several retries may be due; a delivered one ends them.
      while (this.#isDue(notice)) made.push(...(await this.#attempt(notice, deliver)))
    } finally {
      this.#inFlight.delete(notice)
    }
    return made
  }

  async #attempt(notice: SimulatedNotice, deliver: Deliver): Promise<DeliveryAttempt[]> {
    const number = new Set(notice.attempts.map(({ attempt }) => attempt)).size + 1
    const copies = this.#lost.has(keyOf(notice)) ? 1 : (this.#copies.shift() ?? 1)
    const attempts = await Promise.all(
      Array.from({ length: copies }, () => this.#send(notice, number, deliver)),
    )
    notice.attempts.push(...attempts)
    this.#plan(notice, number)
    for (const attempt of attempts) this.#options.onAttempt(attempt)
    return attempts
  }

  async #send(
    notice: SimulatedNotice,
    attempt: number,
    deliver: Deliver,
  ): Promise<DeliveryAttempt> {
    const { outTradeNo, transactionId, outRefundNo, url } = notice
    const at = this.#options.now()
    const body = this.#waiting.get(notice)?.() ?? ''
    const posted: PostResult = this.#lost.has(keyOf(notice))
      ? { outcome: 'lost' }
      : await this.post(url, body, deliver)
    const subject = {
      outTradeNo,
      transactionId,
      ...(outRefundNo === undefined ? {} : { outRefundNo }),
    }
    return { ...subject, attempt, at, url, body, ...posted }
  }

  #plan(notice: SimulatedNotice, attemptsMade: number): void {
    if (notice.attempts.some(({ outcome }) => outcome === 'delivered')) {
      this.#end(notice, 'delivered')
      return
    }
    const waits = NOTICE_RETRY_INTERVALS_MS.slice(0, attemptsMade)
    if (waits.length < attemptsMade) {
      this.#end(notice, 'given_up')
      return
    }
    notice.nextDueAt = notice.firstDueAt + waits.reduce((sum, wait) => sum + wait, 0)
  }

  #end(notice: SimulatedNotice, state: 'delivered' | 'given_up'): void {
    notice.state = state
    notice.nextDueAt = undefined
    this.#waiting.delete(notice)
  }
}

function keyOf({ outTradeNo, outRefundNo }: NoticeSubject): string {
  return outRefundNo ?? outTradeNo
}

/** What came of an attempt, for a person to read. */
export function describePostResult({ outcome, status, why }: PostResult): string {
  return [outcome, status === undefined ? undefined : `HTTP ${status}`, why]
    .filter((part) => part !== undefined)
    .join(', ')
}

/**
 * Only HTTP 200 with the documented reply ends the retries. White space between the elements is let through, because the
 * official page itself prints it on several lines; an empty body, `ok`, JSON, HTML or a literal `\n` are failures.
 */
export function isSuccessReply(status: number, body: string): boolean {
  return status === 200 && body.trim().replace(/>\s+</g, '><') === NOTICE_SUCCESS_REPLY
}

async function readReply(deliver: Deliver, request: Request): Promise<PostResult> {
  const response = await deliver(request)
  const reply = (await response.text()).slice(0, REQUEST_BYTES_MAX)
  const { status } = response
  if (isSuccessReply(status, reply)) return { outcome: 'delivered', status, reply }
  return { outcome: 'refused', status, reply }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
