/** One invocation of a Worker, and what Cloudflare lets it use. */
import { type Ceilings, CONNECTIONS_MAX, CPU_CREDIT_LIMITS, CPU_MS } from './ceilings.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Why an invocation was refused more, or killed. */
export type Refusal = 'calls' | 'statements' | 'cpu' | 'wall' | 'background'

/** Credit for CPU, which the invocations of one plan share. */
export class CpuCredit {
  #creditMs: number
  readonly limitMs: number

  constructor(limitMs: number) {
    this.limitMs = limitMs
    this.#creditMs = limitMs * CPU_CREDIT_LIMITS
  }

  /** What an invocation that begins now may use. */
  get allowedMs(): number {
    return this.limitMs + this.#creditMs
  }

  /** Settles an invocation that has ended. */
  settle(usedMs: number): void {
    const credit = this.#creditMs + this.limitMs - usedMs
    this.#creditMs = Math.min(Math.max(credit, 0), this.limitMs * CPU_CREDIT_LIMITS)
  }
}

/** Gives out a limited number of places, first come, first served. */
class Places {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  /** Takes a place; undefined when one is free at once. */
  take(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--
      return undefined
    }
    return new Promise((resolve) => void this.#waiting.push(resolve))
  }

  give(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}

/** Never settles: code that waits for it does not continue, not even its `finally`. */
export const never = (): Promise<never> => new Promise(() => {})

/** Counts what an invocation uses. A dead invocation never continues. */
export class Invocation {
  alive = true
  calls = 0
  statements = 0
  cpuMs = 0
  readonly connections = new Places(CONNECTIONS_MAX)
  readonly databaseConnections = new Places(CONNECTIONS_MAX)
  readonly refusals = new Set<Refusal>()
  readonly startedMs: number
  readonly #time: VirtualTime
  readonly #ceilings: Ceilings
  readonly #credit: CpuCredit
  readonly #cpuAllowedMs: number
  readonly #onDeath: () => void
  #isOver = false

  constructor(time: VirtualTime, ceilings: Ceilings, credit: CpuCredit, onDeath: () => void) {
    this.#time = time
    this.startedMs = time.now()
    this.#ceilings = ceilings
    this.#credit = credit
    this.#cpuAllowedMs = credit.allowedMs
    this.#onDeath = onDeath
    this.spend(CPU_MS.invocation)
  }

  /** Counts CPU. The invocation is killed when it exceeds its limit. */
  spend(ms: number): void {
    this.cpuMs += ms
    if (this.cpuMs > this.#cpuAllowedMs) this.kill('cpu')
  }

  /** Counts an external call. @returns false when the platform refuses it. */
  countCall(): boolean {
    this.spend(CPU_MS.call)
    return ++this.calls <= this.#ceilings.calls || this.#refuse('calls')
  }

  /** Counts the statements of one request to D1. @returns false when the platform refuses it. */
  countStatements(count: number): boolean {
    this.spend(CPU_MS.query + count * CPU_MS.statement)
    this.statements += count
    return this.statements <= this.#ceilings.statements || this.#refuse('statements')
  }

  /** Waits in virtual time. Never resolves once the invocation is dead. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve))
  }

  /** A timer of the Worker. */
  after(ms: number, wake: () => void): () => void {
    return this.#time.after(ms, () => {
      if (this.alive) wake()
    })
  }

  kill(why: Refusal): void {
    if (!this.alive) return
    this.#refuse(why)
    this.alive = false
    this.end()
    this.#onDeath()
  }

  /** The invocation is over: what it left of its CPU is credit for others. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#credit.settle(this.cpuMs)
  }

  #refuse(why: Refusal): false {
    this.refusals.add(why)
    return false
  }
}
