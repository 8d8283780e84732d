/** Plays concurrent actors step by step, in every order of their steps. */

/** Holds every actor before each of its steps, until the step is its turn. */
export class Stage {
  readonly #waiting = new Map<string, () => void>()

  /** Waits for the actor's turn. */
  turn(actor: string): Promise<void> {
    if (this.#waiting.has(actor)) throw new Error(`${actor} takes two steps at the same time`)
    return new Promise((resolve) => void this.#waiting.set(actor, resolve))
  }

  /** The actors that wait for their turn. */
  waiting(): readonly string[] {
    return [...this.#waiting.keys()].toSorted()
  }

  /** Lets an actor take its step. Afterwards it waits for its next turn, or is finished. */
  async step(actor: string): Promise<void> {
    const go = this.#waiting.get(actor)
    if (go === undefined) throw new Error(`${actor} does not wait`)
    this.#waiting.delete(actor)
    go()
    await quiet()
  }
}

/** Waits until no actor can go on without its turn. Actors must not wait for anything else, such as a timer. */
export const quiet = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/**
 * Picks one of several possible next steps. @param situation Returns a text that is equal only for situations from
 * which everything goes on equally. It is called once for each situation that an order leads into for the first time.
 * @returns undefined when all orders from this situation on have been played.
 */
export type Choose = <T>(possible: readonly T[], situation: () => string) => T | undefined

/**
 * Plays every order of steps: `play` is called again and again, and makes other choices each time. An order that leads
 * into a situation that another one has led into is not played to its end twice.
 *
 * @returns the number of situations.
 */
export async function everyOrder(play: (choose: Choose) => Promise<void>): Promise<number> {
  const seen = new Set<string>()
  // The choices of the order that is played, each with the number of possible ones.
  let path: { chosen: number; of: number }[] = []
  for (;;) {
    let depth = 0
    const order = path
    await play((possible, situation) => {
      const known = order[depth]
      if (known === undefined) {
        const reached = situation()
        if (seen.has(reached)) return undefined
        seen.add(reached)
        order.push({ chosen: 0, of: possible.length })
      }
      return possible[order[depth++]?.chosen ?? 0]
    })
    while (path.length > 0 && (path.at(-1)?.chosen ?? 0) + 1 === path.at(-1)?.of) path.pop()
    const last = path.at(-1)
    if (last === undefined) return seen.size
    path = [...path.slice(0, -1), { ...last, chosen: last.chosen + 1 }]
  }
}
