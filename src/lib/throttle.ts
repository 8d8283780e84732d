/** Lets one event through in each interval and counts the others, so that no stranger can fill the log. */
export class Throttle {
  readonly #intervalS: number
  #openAt = -Infinity
  #count = 0

  constructor(intervalS: number) {
    this.#intervalS = intervalS
  }

  /**
   * Counts an event.
   *
   * @param now In seconds, like the interval.
   * @returns how many events there were since the last one that was let through, this one included; undefined
   *   when this one is held back.
   */
  admit(now: number): number | undefined {
    this.#count++
    if (now < this.#openAt) return undefined
    const count = this.#count
    this.#openAt = now + this.#intervalS
    this.#count = 0
    return count
  }
}
