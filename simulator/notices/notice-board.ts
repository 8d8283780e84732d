import { NOTICE_RETRY_INTERVALS_MS } from '../lib/limits.ts'
import type {
  Deliver,
  DeliveryAttempt,
  NoticeSubject,
  PostResult,
  SimulatedNotice,
} from './notice.ts'
import { postNotice, type PostOptions } from './post-notice.ts'

export type NoticeBoardOptions = PostOptions & {
  /** The simulator's clock, epoch milliseconds. */
  now: () => number
  /** Called after every delivery attempt. */
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

  /** Posts one notice immediately, outside the schedule. */
  post(url: string, body: string, deliver: Deliver): Promise<PostResult> {
    return postNotice(url, body, deliver, this.#options)
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
