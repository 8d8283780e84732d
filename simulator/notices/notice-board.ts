import { NOTICE_RETRY_INTERVALS_MS } from '../lib/limits.ts'
import type {
  Deliver,
  DeliveryAttempt,
  NoticeSubject,
  PostResult,
  SimulatedNotice,
} from './notice.ts'
import { postNotice, type PostOptions } from './post-notice.ts'

/** What a notice board needs besides its notices. */
export type NoticeBoardOptions = PostOptions & {
  /** The simulator's clock, epoch milliseconds. */
  now: () => number
  /** Called after every delivery attempt. */
  onAttempt: (attempt: DeliveryAttempt) => void
}

type Schedule = {
  url: string
  /** Epoch milliseconds; default: the clock's now. */
  firstDueAt?: number
  /** Writes the XML anew for every delivery attempt: nonce_str and sign change, the rest does not. */
  write: () => string
}

/** The notices of one kind, of payments or of refunds, and WeChat's retry schedule for them. */
export class NoticeBoard {
  readonly #options: NoticeBoardOptions
  readonly #notices: SimulatedNotice[] = []
  /** The notices with delivery attempts still to come, and how each is written. */
  readonly #waiting = new Map<SimulatedNotice, () => string>()
  readonly #lost = new Set<string>()
  readonly #inFlight = new Set<SimulatedNotice>()
  #losesNext = 0
  #copies: number[] = []

  constructor(options: NoticeBoardOptions) {
    this.#options = options
  }

  /** Adds a notice; its first delivery attempt is due at `firstDueAt`. */
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

  /** Drops every delivery attempt for that order or refund, or without a number for the next one that is scheduled. */
  lose(number?: string): void {
    if (number === undefined) this.#losesNext += 1
    else this.#lost.add(number)
  }

  /** The next delivery attempt is posted that many times in parallel, as from several of WeChat's servers. */
  duplicate(copies: number): void {
    if (!Number.isSafeInteger(copies) || copies < 2) {
      throw new RangeError(`copies must be 2 or more, not ${copies}`)
    }
    this.#copies.push(copies)
  }

  /** Every notice so far, oldest first. */
  notices(): readonly SimulatedNotice[] {
    return [...this.#notices]
  }

  /** Epoch milliseconds of the next delivery attempt. */
  nextDueAt(): number | undefined {
    let earliest: number | undefined
    for (const { nextDueAt = Infinity } of this.#waiting.keys()) {
      if (nextDueAt < (earliest ?? Infinity)) earliest = nextDueAt
    }
    return earliest
  }

  /** Makes every delivery attempt that is due: different notices in parallel, the retries of one notice one after another. */
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
      // After a jump of the clock several retries can be due; a delivered one ends the notice.
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
