import { BEIJING_OFFSET_MS } from './limits.ts'

/** A source of the current time, in milliseconds since 1970 UTC. */
export type Clock = { now(): number }

/**
 * A clock that tests and developers can advance, and that can run faster than the base clock that it follows. Over the base `()
 * => T0` the clock stands still until it is advanced.
 */
export class ControllableClock implements Clock {
  readonly #base: () => number
  readonly #startedAt: number
  readonly #speed: number
  #offsetMs = 0

  /**
   * @param base The base clock, in epoch milliseconds.
   * @param speed How many seconds pass per second of the base clock: with 60, a minute passes in a second.
   */
  constructor(base: () => number = () => Date.now(), speed = 1) {
    this.#base = base
    this.#speed = speed
    this.#startedAt = base()
  }

  /** The current time in epoch milliseconds. */
  now(): number {
    const passedMs = (this.#base() - this.#startedAt) * this.#speed
    return Math.floor(this.#startedAt + passedMs) + this.#offsetMs
  }

  /** Advances the clock. Throws a RangeError for a negative step, because a clock does not go back. */
  advance(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < 0) throw new RangeError(`cannot advance by ${ms} ms`)
    this.#offsetMs += ms
  }

  /** Takes back every advance: a new lesson begins at the time of the base clock. */
  reset(): void {
    this.#offsetMs = 0
  }
}

/** Writes a time as `yyyyMMddHHmmss` in Beijing time, WeChat's format for every payment time. */
export function formatBeijingTime(ms: number): string {
  return new Date(ms + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace(/\D/g, '')
}

/** Writes a time as `yyyy-MM-dd HH:mm:ss` in Beijing time, WeChat's format in refunds and bills. */
export function formatBeijingDateTime(ms: number): string {
  return new Date(ms + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ')
}

/**
 * Reads a Beijing time `yyyyMMddHHmmss` as epoch milliseconds; `undefined` for another format, or a time that does not exist.
 */
export function parseBeijingTime(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  const ms = Date.UTC(year, month - 1, day, hour, minute, second) - BEIJING_OFFSET_MS
  // Date.UTC turns February 31 into a day in March. The comparison finds such a date, because WeChat refuses it.
  return formatBeijingTime(ms) === text ? ms : undefined
}

/**
 * The midnight in Beijing at which a day (yyyyMMdd) begins, in epoch milliseconds. Throws a RangeError for a day that does not
 * exist.
 */
export function startOfDay(date: string): number {
  const start = parseBeijingTime(`${date}000000`)
  if (start === undefined) throw new RangeError(`${date} is not a day; write it like 20240102`)
  return start
}
