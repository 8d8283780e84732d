/**
 * A virtual clock and one list of all waiting code. Code that waits for a database, a network or a timer waits here, and chance
 * decides what continues next. Between two such choices, code runs until it waits again. So a run is the sequence of its choices
 * and can be repeated.
 */
import type { Chance } from './random.ts'

/** One invocation of a Worker, which can die. Code that waits on behalf of a dead Worker is never resumed. */
export class Owner {
  readonly name: string
  alive = true
  /**
   * How often code of this Worker is chosen to continue, relative to other code. While a slow Worker waits, the others do
   * more.
   */
  readonly weight: number
  /** Virtual time until which the Worker is frozen, including its timers. */
  frozenUntil = 0
  /** Called once, when the simulation kills the Worker. */
  onDeath: () => void = () => {}

  constructor(name: string, weight: number) {
    this.name = name
    this.weight = weight
  }
}

type Waiting = {
  readonly owner: Owner | undefined
  readonly weight: number
  /** The virtual time before which the scheduler does not resume the waiting code. */
  from: number
  readonly resume: () => void
}

/** At each step virtual time may advance, mostly by up to 40 ms, sometimes by up to 4 s. */
const TICK_RATE = 0.12
const TICK_MS_MAX = 40
const LAG_RATE = 0.02
const LAG_MS_MAX = 4_000
/** The maximum number of steps of a run. After more steps the run is considered endless and fails. */
const STEPS_MAX = 400_000

/** The virtual clock and the list of waiting code, of which chance decides what continues next. Times are in milliseconds. */
export class Scheduler {
  #nowMs: number
  #waiting: Waiting[] = []
  #steps = 0
  readonly #chance: Chance

  constructor(startMs: number, chance: Chance) {
    this.#nowMs = startMs
    this.#chance = chance
  }

  readonly now = (): number => this.#nowMs

  get steps(): number {
    return this.#steps
  }

  /** Waits, so that other code may run first. Never resolves when the owner is dead or dies meanwhile. */
  point(owner?: Owner, delayMs = 0): Promise<void> {
    return new Promise((resolve) => void this.#wait(owner, delayMs, resolve))
  }

  /** Starts a timer of `ms` milliseconds of virtual time. @returns a function that cancels it. */
  after(owner: Owner | undefined, ms: number, wake: () => void): () => void {
    const waiting = this.#wait(owner, ms, wake)
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== waiting)
    }
  }

  /** Kills a Worker: nothing that waits on its behalf continues. */
  kill(owner: Owner): void {
    if (!owner.alive) return
    owner.alive = false
    this.#waiting = this.#waiting.filter((each) => each.owner !== owner)
    owner.onDeath()
  }

  /** The owner is frozen: everything that it waits for comes after `ms`. */
  freeze(owner: Owner, ms: number): void {
    owner.frozenUntil = this.#nowMs + ms
    for (const each of this.#waiting) {
      if (each.owner === owner) each.from = Math.max(each.from, owner.frozenUntil)
    }
  }

  /** Advances the clock without running anything, as in an outage. Code whose time was skipped continues later, in random order. */
  leap(ms: number): void {
    this.#nowMs += ms
  }

  /** Runs until `isOver` returns true, or until nothing waits any more. */
  async run(isOver: () => boolean): Promise<void> {
    await settled()
    while (!isOver() && this.#waiting.length > 0) {
      if (++this.#steps > STEPS_MAX) throw new Error(`the run does not end: ${STEPS_MAX} steps`)
      this.#step()
      await settled()
    }
  }

  #wait(owner: Owner | undefined, delayMs: number, resume: () => void): Waiting {
    const from = Math.max(this.#nowMs + delayMs, owner?.frozenUntil ?? 0)
    const waiting = { owner, weight: owner?.weight ?? 1, from, resume }
    if (owner?.alive !== false) this.#waiting.push(waiting)
    return waiting
  }

  #step(): void {
    const ready = this.#waiting.filter(({ from }) => from <= this.#nowMs)
    if (ready.length === 0) {
      this.#nowMs = this.#waiting.reduce((min, { from }) => Math.min(min, from), Infinity)
      return
    }
    if (this.#chance.happens(TICK_RATE)) this.#nowMs += this.#chance.between(1, TICK_MS_MAX)
    if (this.#chance.happens(LAG_RATE)) this.#nowMs += this.#chance.between(1, LAG_MS_MAX)
    const next = this.#pick(ready)
    this.#waiting = this.#waiting.filter((each) => each !== next)
    next.resume()
  }

  #pick(ready: readonly Waiting[]): Waiting {
    const total = ready.reduce((sum, { weight }) => sum + weight, 0)
    let left = (this.#chance.below(1_000_000) / 1_000_000) * total
    for (const each of ready) {
      left -= each.weight
      if (left < 0) return each
    }
    return this.#chance.pick(ready)
  }
}

/** Waits for all microtasks, and for what streams pass on in one turn of the event loop. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
