/**
 * A number of outbound calls and of SQL statements. The platform limits both in one invocation of the Worker.
 */
export type Cost = Readonly<{ calls: number; statements: number }>

/**
 * A limit on the calls and statements of this invocation, shared by all work within it. An item of work that
 * has begun is always finished, so an item begins only if its largest cost still fits.
 */
export class Budget {
  /** How much the whole invocation may have used when the work within this budget ends. */
  readonly limit: Cost
  readonly #used: () => Cost

  /** @param used Returns the calls and statements that the invocation has used so far. */
  constructor(used: () => Cost, limit: Cost) {
    this.#used = used
    this.limit = limit
  }

  /**
   * Whether `count` items still fit.
   *
   * @param item The largest cost of one item.
   * @param count The number of items: those that are under way, and the next one.
   * @param rest What must be left for other work afterwards.
   */
  allows(item: Cost, count = 1, rest: Cost = NOTHING): boolean {
    const used = this.#used()
    return (
      used.calls + count * item.calls + rest.calls <= this.limit.calls &&
      used.statements + count * item.statements + rest.statements <= this.limit.statements
    )
  }

  /** How many items still fit, with `rest` left for other work afterwards. */
  room(item: Cost, rest: Cost = NOTHING): number {
    const used = this.#used()
    const fit = (name: keyof Cost): number => {
      const left = this.limit[name] - used[name] - rest[name]
      if (item[name] === 0) return left < 0 ? 0 : Infinity
      return Math.floor(left / item[name])
    }
    return Math.max(0, Math.min(fit('calls'), fit('statements')))
  }

  /**
   * Makes a budget for a part of what is left, so that the rest stays for other work.
   *
   * @param share Between 0 and 1.
   * @param atLeast What the part has in any case, as far as it is left.
   */
  part(share: number, atLeast: Cost): Budget {
    const used = this.#used()
    const end = (name: keyof Cost): number => {
      const left = this.limit[name] - used[name]
      return used[name] + Math.min(left, Math.max(Math.floor(left * share), atLeast[name]))
    }
    return new Budget(this.#used, { calls: end('calls'), statements: end('statements') })
  }
}

const NOTHING: Cost = { calls: 0, statements: 0 }
