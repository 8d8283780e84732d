/** Admits a limited number of acts in each interval. An act that turns out to be harmless can be given back. */
export class Allowance {
  readonly #max: number
  readonly #intervalS: number
  #interval = { endsAt: -Infinity, left: 0 }

  constructor(max: number, intervalS: number) {
    this.#max = max
    this.#intervalS = intervalS
  }

  /**
   * Takes one act.
   *
   * @param now In seconds, like the interval.
   * @returns gives the act back, and is called once at most; undefined when none is left in this interval.
   */
  take(now: number): (() => void) | undefined {
    if (now >= this.#interval.endsAt) {
      this.#interval = { endsAt: now + this.#intervalS, left: this.#max }
    }
    const interval = this.#interval
    if (interval.left === 0) return undefined
    interval.left--
    return () => {
      interval.left++
    }
  }
}
