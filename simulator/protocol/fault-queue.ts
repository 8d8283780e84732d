import { canHappenAt, type Fault, type FaultEndpoint } from './faults.ts'

/** The faults that did not happen yet, in the order in which they were injected. */
export class FaultQueue {
  #waiting: { fault: Fault; left: number }[] = []

  /** Throws a RangeError for a fault that cannot happen at its endpoint, and for a wrong `times`. */
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

  /** The first fault that fits this endpoint; the call uses up one of its `times`. */
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

  /** Drops every queued fault. */
  clear(): void {
    this.#waiting = []
  }

  /** The queued faults; `times` is what is left of each. */
  waiting(): Fault[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, times: left }))
  }
}
