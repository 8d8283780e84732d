/** Lets one event through in each interval and counts the others, so that no stranger can fill the log. */
export class Throttle {
  readonly #intervalMs: number
  #openAtMs = -Infinity
  #count = 0

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /**
   * Counts an event.
   *
   * @returns how many events there were since the last one that was let through, this one included; undefined
   *   when this one is held back.
   */
  admit(nowMs: number): number | undefined {
    this.#count++
    if (nowMs < this.#openAtMs) return undefined
    const count = this.#count
    this.#openAtMs = nowMs + this.#intervalMs
    this.#count = 0
    return count
  }
}
