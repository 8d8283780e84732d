/** Keeps the latest result of some work for a while, so that a request in a loop costs no more than one now and then. */
export class Recent<T> {
  readonly #keepS: number
  #at = -Infinity
  #result: Promise<T> | undefined

  constructor(keepS: number) {
    this.#keepS = keepS
  }

  /**
   * The result of the work. Requests at the same time share it; work that failed is done again by the next request.
   *
   * @param now In seconds, like the time for which a result is kept.
   */
  get(now: number, work: () => Promise<T>): Promise<T> {
    if (this.#result !== undefined && now < this.#at + this.#keepS && now >= this.#at) {
      return this.#result
    }
    const result = work()
    this.#at = now
    this.#result = result
    result.catch(() => {
      if (this.#result === result) this.#result = undefined
    })
    return result
  }
}
