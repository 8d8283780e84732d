/** Outbound calls and SQL statements: what the platform limits in one invocation of the Worker. */
export type Cost = Readonly<{ calls: number; statements: number }>

/**
 * A limit on what this invocation may use, shared by all work within it. An item that has begun is finished,
 * so the work begins an item only if the item's largest cost still fits.
 */
export class Budget {
  /** What the whole invocation may have used when the work within this budget ends. */
  readonly limit: Cost
  readonly #used: () => Cost

  /** @param used What the invocation has used so far. */
  constructor(used: () => Cost, limit: Cost) {
    this.#used = used
    this.limit = limit
  }

  /**
   * Whether items still fit.
   *
   * @param item The largest cost of one item.
   * @param count The number of items: those that are under way, and the next one.
   * @param rest What must be left afterwards.
   */
  allows(item: Cost, count = 1, rest: Cost = NOTHING): boolean {
    const used = this.#used()
    return (
      used.calls + count * item.calls + rest.calls <= this.limit.calls &&
      used.statements + count * item.statements + rest.statements <= this.limit.statements
    )
  }

  /** How many items fit, with `rest` left afterwards. */
  room(item: Cost, rest: Cost = NOTHING): number {
    const used = this.#used()
    const fit = (name: keyof Cost): number =>
      Math.floor((this.limit[name] - used[name] - rest[name]) / item[name])
    return Math.max(0, Math.min(fit('calls'), fit('statements')))
  }

  /** A budget within this one that ends at `limit`, if that is lower. */
  share(limit: Cost): Budget {
    return new Budget(this.#used, {
      calls: Math.min(limit.calls, this.limit.calls),
      statements: Math.min(limit.statements, this.limit.statements),
    })
  }
}

const NOTHING: Cost = { calls: 0, statements: 0 }
