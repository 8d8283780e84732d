import { NOTICE_RETRY_INTERVALS_MS } from '../lib/limits.ts'
import type {
  Deliver,
  DeliveryAttempt,
  NoticeSubject,
  PostResult,
  SimulatedNotice,
} from './notice.ts'
import { postNotice, type PostOptions } from './post-notice.ts'

/** What a notice board needs from the simulator: its clock, and a listener for delivery attempts. */
export type NoticeBoardOptions = PostOptions & {
  /** Reads the simulator's clock, in epoch milliseconds. */
  now: () => number
  /** Called after every delivery attempt of a notice, with its result. */
  onAttempt: (attempt: DeliveryAttempt) => void
}

type Schedule = {
  url: string
  /** When the first delivery attempt is due, in epoch milliseconds. Default: now on the simulator's clock. */
  firstDueAt?: number
  /**
   * Writes the notice's XML for one delivery attempt. Every attempt has a new nonce_str and sign; the other elements stay the
   * same.
   */
  write: () => string
}

/** Keeps the notices of one kind (payments or refunds), and delivers them on WeChat's retry schedule. */
export class NoticeBoard {
  readonly #options: NoticeBoardOptions
  readonly #notices: SimulatedNotice[] = []
  /** The notices that have delivery attempts to come, each with the function that writes its XML. */
  readonly #waiting = new Map<SimulatedNotice, () => string>()
  readonly #lost = new Set<string>()
  readonly #inFlight = new Set<SimulatedNotice>()
  #losesNext = 0
  #copies: number[] = []
  readonly #delaysMs: number[] = []

  constructor(options: NoticeBoardOptions) {
    this.#options = options
  }

  /** Adds a notice to the schedule. The first delivery attempt is due at `firstDueAt`. */
  schedule(subject: NoticeSubject, { url, firstDueAt, write }: Schedule): SimulatedNotice {
    const dueAt = (firstDueAt ?? this.#options.now()) + (this.#delaysMs.shift() ?? 0)
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

  /**
   * Makes every delivery attempt of a notice fail, as if the notice was lost on the way.
   * @param number The out_trade_no of a payment or the out_refund_no of a refund; if omitted, the next notice that is scheduled
   * is lost.
   */
  lose(number?: string): void {
    if (number === undefined) this.#losesNext += 1
    else this.#lost.add(number)
  }

  /** Posts the next delivery attempt `copies` times in parallel, as if several of WeChat's servers sent it. */
  duplicate(copies: number): void {
    if (!Number.isSafeInteger(copies) || copies < 2) {
      throw new RangeError(`copies must be 2 or more, not ${copies}`)
    }
    this.#copies.push(copies)
  }

  /** Makes the first delivery attempt of the next scheduled notice due that many seconds later. */
  delay(seconds: number): void {
    if (!(seconds > 0)) throw new RangeError(`seconds must be positive, not ${seconds}`)
    this.#delaysMs.push(Math.round(seconds * 1_000))
  }

  /** Every notice that was scheduled so far, oldest first. */
  notices(): readonly SimulatedNotice[] {
    return [...this.#notices]
  }

  /** When the next delivery attempt is due, in epoch milliseconds; `undefined` when no attempt is scheduled. */
  nextDueAt(): number | undefined {
    let earliest: number | undefined
    for (const { nextDueAt = Infinity } of this.#waiting.keys()) {
      if (nextDueAt < (earliest ?? Infinity)) earliest = nextDueAt
    }
    return earliest
  }

  /**
   * Makes every delivery attempt that is due. Different notices are posted in parallel, the retries of one notice one after
   * another.
   */
  async deliverDue(deliver: Deliver): Promise<DeliveryAttempt[]> {
    const due = [...this.#waiting.keys()].filter(
      (each) => this.#isDue(each) && !this.#inFlight.has(each),
    )
    const made = await Promise.all(due.map((notice) => this.#catchUp(notice, deliver)))
    return made.flat()
  }

  /** Posts one notice immediately, outside the retry schedule. */
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
      // When the clock was advanced far, several retries of the notice are due. The first successful one ends the loop.
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
