import { BEIJING_OFFSET_MS } from './limits.ts'

/** A source of time: milliseconds since 1970, UTC. */
export type Clock = { now(): number }

/**
 * A clock that can be advanced, and that can run faster than the clock it follows. Over `() => T0` it stands still until the
 * test advances it.
 */
export class ControllableClock implements Clock {
  readonly #base: () => number
  readonly #startedAt: number
  readonly #speed: number
  #offsetMs = 0

  /** With `speed` 60 a minute passes in a second. */
  constructor(base: () => number = () => Date.now(), speed = 1) {
    this.#base = base
    this.#speed = speed
    this.#startedAt = base()
  }

  /** Epoch milliseconds. */
  now(): number {
    const passedMs = (this.#base() - this.#startedAt) * this.#speed
    return Math.floor(this.#startedAt + passedMs) + this.#offsetMs
  }

  /** Throws a RangeError for a negative step: time does not go back. */
  advance(ms: number): void {
    if (!Number.isSafeInteger(ms) || ms < 0) throw new RangeError(`cannot advance by ${ms} ms`)
    this.#offsetMs += ms
  }
}

/** `yyyyMMddHHmmss` in Beijing time, as WeChat writes every payment time. */
export function formatBeijingTime(ms: number): string {
  return new Date(ms + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace(/\D/g, '')
}

/** `yyyy-MM-dd HH:mm:ss` in Beijing time, as WeChat writes it in refunds and bills. */
export function formatBeijingDateTime(ms: number): string {
  return new Date(ms + BEIJING_OFFSET_MS).toISOString().slice(0, 19).replace('T', ' ')
}

/** Epoch milliseconds of a `yyyyMMddHHmmss`, or `undefined` for a text that is not a time that exists. */
export function parseBeijingTime(text: string): number | undefined {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)?.slice(1).map(Number)
  if (parts === undefined) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
  const ms = Date.UTC(year, month - 1, day, hour, minute, second) - BEIJING_OFFSET_MS
  // Date.UTC turns the 31st of February into a day of March; WeChat refuses it.
  return formatBeijingTime(ms) === text ? ms : undefined
}

/** Midnight in Beijing of a day (yyyyMMdd), in epoch milliseconds. Throws a RangeError for a day that does not exist. */
export function startOfDay(date: string): number {
  const start = parseBeijingTime(`${date}000000`)
  if (start === undefined) throw new RangeError(`${date} is not a day; write it like 20240102`)
  return start
}
