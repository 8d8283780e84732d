/** What one invocation of the Worker may use: the platform limits outbound calls and SQL statements. */
export type Cost = Readonly<{ calls: number; statements: number }>

/**
 * A part of that, shared by all work that runs within it. Work asks before it begins: an item that was
 * begun is finished, so it is begun only when its largest cost still fits.
 */
export class Budget {
  /** What may have been used in all when this part ends. */
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
   * @param item The largest cost of one.
   * @param count How many: with items under way, they and the next one.
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

  /** A part that ends sooner. */
  share(limit: Cost): Budget {
    return new Budget(this.#used, {
      calls: Math.min(limit.calls, this.limit.calls),
      statements: Math.min(limit.statements, this.limit.statements),
    })
  }
}

const NOTHING: Cost = { calls: 0, statements: 0 }
