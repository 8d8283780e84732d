/**
 * One virtual clock and one list of everything that waits. Whoever waits for a database, a network or
 * a timer waits here; chance decides who goes on. Between two choices everything runs until it waits
 * again, so a run is the sequence of its choices and can be repeated.
 */
import type { Chance } from './random.ts'

/** Someone who can die: a Worker's invocation. What waits for the dead is never resumed. */
export class Owner {
  readonly name: string
  alive = true
  /** How often it gets its turn, compared with others. A slow one shows what others do meanwhile. */
  readonly weight: number
  /** Virtual time until which it stands still, its timers too. */
  frozenUntil = 0
  onDeath: () => void = () => {}

  constructor(name: string, weight: number) {
    this.name = name
    this.weight = weight
  }
}

type Waiting = {
  readonly owner: Owner | undefined
  readonly weight: number
  /** Virtual time from which on it may go on. */
  from: number
  readonly resume: () => void
}

/** While something waits, time passes in small steps, now and then in a larger one. */
const TICK_RATE = 0.12
const TICK_MS_MAX = 40
const LAG_RATE = 0.02
const LAG_MS_MAX = 4_000
/** Beyond this a run does not end by itself. */
const STEPS_MAX = 400_000

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

  /** A place where others may go first. For a dead owner, and if it dies here, it never ends. */
  point(owner?: Owner, delayMs = 0): Promise<void> {
    return new Promise((resolve) => void this.#wait(owner, delayMs, resolve))
  }

  /** A timer. @returns a function that calls it off. */
  after(owner: Owner | undefined, ms: number, wake: () => void): () => void {
    const waiting = this.#wait(owner, ms, wake)
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== waiting)
    }
  }

  kill(owner: Owner): void {
    if (!owner.alive) return
    owner.alive = false
    this.#waiting = this.#waiting.filter((each) => each.owner !== owner)
    owner.onDeath()
  }

  /** Its machine stands still: whatever it waits for comes later. */
  freeze(owner: Owner, ms: number): void {
    owner.frozenUntil = this.#nowMs + ms
    for (const each of this.#waiting) {
      if (each.owner === owner) each.from = Math.max(each.from, owner.frozenUntil)
    }
  }

  /** Nothing runs for a while: an outage of everything. What fell due meanwhile comes in any order. */
  leap(ms: number): void {
    this.#nowMs += ms
  }

  /** Lets everything go on until `isOver`, or until nothing waits any more. */
  async run(isOver: () => boolean): Promise<void> {
    await settled()
    while (!isOver() && this.#waiting.length > 0) {
      if (++this.#steps > STEPS_MAX) throw new Error('the run does not come to an end')
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

/** All microtasks, and whatever a stream hands on in a turn of the event loop. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
