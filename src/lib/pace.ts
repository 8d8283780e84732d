/** Lets an act through at most once in each interval, for every key. Remembers a limited number of keys. */
export class Pace {
  readonly #intervalS: number
  readonly #keysMax: number
  /** When each key was let through last, in seconds, the longest ago first. */
  readonly #lastAt = new Map<string, number>()

  constructor(intervalS: number, keysMax: number) {
    this.#intervalS = intervalS
    this.#keysMax = keysMax
  }

  /**
   * Asks for one act.
   *
   * @param now In seconds, like the interval.
   * @returns false when the key was let through less than an interval ago.
   */
  admit(key: string, now: number): boolean {
    const lastAt = this.#lastAt.get(key)
    // A clock that is set back must not stop the key until it has caught up.
    if (lastAt !== undefined && Math.abs(now - lastAt) < this.#intervalS) return false
    // A Map keeps the order of insertion.
    this.#lastAt.delete(key)
    this.#lastAt.set(key, now)
    const [longestAgo] = this.#lastAt.keys()
    if (this.#lastAt.size > this.#keysMax && longestAgo !== undefined) {
      this.#lastAt.delete(longestAgo)
    }
    return true
  }
}
