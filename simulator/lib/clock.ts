import { BEIJING_OFFSET_MS } from './limits.ts'

/** Tells the time in milliseconds since 1970, UTC. */
export type Clock = { now(): number }

/**
 * A clock that can be put forward, and that may run faster than the one it follows. Over `() => T0` it stands still until
 * somebody advances it, which is what a test wants.
 */
export class ControllableClock implements Clock {
  readonly #base: () => number
  readonly #startedAt: number
  readonly #speed: number
  #offsetMs = 0

  /** `speed` 60 lets a minute pass in a second. */
  constructor(base: () => number = () => Date.now(), speed = 1) {
    this.#base = base
    this.#speed = speed
    this.#startedAt = base()
  }

  now(): number {
    const passedMs = (this.#base() - this.#startedAt) * this.#speed
    return Math.floor(this.#startedAt + passedMs) + this.#offsetMs
  }

  /** Time does not go back: a negative step is a mistake of the caller. */
  advance(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < 0) throw new RangeError(`cannot advance by ${ms} ms`)
    this.#offsetMs += ms
  }
}

/** `yyyyMMddHHmmss` in Beijing time, as WeChat writes every payment time. */
export function formatBeijingTime(ms: number): string {
  return new Date(ms + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace(/\D/g, '')
}

/** `yyyy-MM-dd HH:mm:ss` in Beijing time, as refunds and bills have it. */
export function formatBeijingDateTime(ms: number): string {
  return new Date(ms + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ')
}

/** Milliseconds since 1970, or `undefined` when the text is not fourteen digits of a time that exists. */
export function parseBeijingTime(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  const ms = Date.UTC(year, month - 1, day, hour, minute, second) - BEIJING_OFFSET_MS
  // Date.UTC moves the 31st of February into March; WeChat has no such day.
  return formatBeijingTime(ms) === text ? ms : undefined
}

/** Midnight in Beijing of a day written as yyyyMMdd, in epoch milliseconds. */
export function startOfDay(date: string): number {
  const start = parseBeijingTime(`${date}000000`)
  if (start === undefined) throw new RangeError(`${date} is no day: write it like 20240102`)
  return start
}
