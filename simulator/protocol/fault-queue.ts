import { canHappenAt, type Fault, type FaultEndpoint } from './faults.ts'

/** The faults that have not happened yet, in the order in which they were injected. */
export class FaultQueue {
  #waiting: { fault: Fault; left: number }[] = []
  /** The requests that are held on their way, each as a function that makes WeChat act on it. */
  #held: (() => Promise<void>)[] = []

  /**
   * Queues a fault. Throws a RangeError for a fault that cannot happen at its endpoint, and for `times` that is not a positive
   * integer.
   */
  add(fault: Fault): void {
    const times = fault.times ?? 1
    if (!Number.isSafeInteger(times) || times < 1) {
      throw new RangeError(`times must be 1 or more, not ${times}`)
    }
    if (!canHappenAt(fault.kind, fault.endpoint)) {
      throw new RangeError(`${fault.kind} cannot happen at ${fault.endpoint}`)
    }
    this.#waiting.push({ fault, left: times })
  }

  /** Takes the first queued fault that can happen at this endpoint, and uses up one of the fault's `times`. */
  take(endpoint: FaultEndpoint): Fault | undefined {
    const next = this.#waiting.find(
      ({ fault }) =>
        (fault.endpoint === endpoint || fault.endpoint === 'any') &&
        canHappenAt(fault.kind, endpoint),
    )
    if (next === undefined) return undefined
    next.left -= 1
    this.#waiting = this.#waiting.filter(({ left }) => left > 0)
    return next.fault
  }

  /** Drops every injected fault that waits in the queue, and every request that is held on its way. */
  clear(): void {
    this.#waiting = []
    this.#held = []
  }

  /** Holds a request on its way. */
  hold(act: () => Promise<void>): void {
    this.#held.push(act)
  }

  /** Makes WeChat act on the requests that are held on their way, one after another. Returns how many they are. */
  async deliverLate(): Promise<number> {
    const held = this.#held
    this.#held = []
    for (const act of held) await act()
    return held.length
  }

  /** The queued faults. `times` says how often each will still happen. */
  waiting(): Fault[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, times: left }))
  }
}
