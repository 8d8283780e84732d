import { canHappenAt, type Fault, type FaultEndpoint } from './faults.ts'

/** Faults waiting for their turn, in the order they were injected. */
export class FaultQueue {
  #waiting: { fault: Fault; left: number }[] = []

  add(fault: Fault): void {
    const times = fault.times ?? 1
    if (!Number.isSafeInteger(times) || times < 1) {
      throw new RangeError(`a fault happens once or more, not ${times} times`)
    }
    if (!canHappenAt(fault.kind, fault.endpoint)) {
      throw new RangeError(`${fault.kind} cannot happen at ${fault.endpoint}`)
    }
    this.#waiting.push({ fault, left: times })
  }

  /** The first that fits this endpoint; it is used up by being taken. */
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

  clear(): void {
    this.#waiting = []
  }

  waiting(): Fault[] {
    return this.#waiting.map(({ fault, left }) => ({ ...fault, times: left }))
  }
}
