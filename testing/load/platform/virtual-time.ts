/**
 * Virtual time of the load simulation: the clock stands still while code runs, and then goes straight to the next event.
 * Events of the same time keep their order, so that a seed repeats its run exactly.
 */

type Event = {
  readonly atMs: number
  readonly order: number
  /** Undefined once the event was cancelled. */
  run: (() => void) | undefined
}

/** The clock and the events to come. All times are milliseconds since 1970. */
export class VirtualTime {
  #nowMs: number
  #order = 0
  /** A binary heap, the earliest event first. */
  readonly #heap: Event[] = []

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  readonly now = (): number => this.#nowMs

  /** Calls `run` after `ms` milliseconds. @returns a function that cancels it. */
  after(ms: number, run: () => void): () => void {
    const event: Event = { atMs: this.#nowMs + Math.ceil(ms), order: this.#order++, run }
    this.#push(event)
    return () => {
      event.run = undefined
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve))
  }

  /** Runs all events before `endMs`, and sets the clock to `endMs`. */
  async runUntil(endMs: number): Promise<void> {
    await settled()
    for (let next = this.#heap[0]; next !== undefined && next.atMs < endMs; next = this.#heap[0]) {
      this.#nowMs = next.atMs
      if (this.#runAllOf(next.atMs)) await settled()
    }
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Runs the events of one moment. @returns false when all of them were cancelled. */
  #runAllOf(atMs: number): boolean {
    let hasRun = false
    while (this.#heap[0]?.atMs === atMs) {
      const { run } = this.#pop()
      if (run === undefined) continue
      hasRun = true
      run()
    }
    return hasRun
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  #pop(): Event {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined) throw new Error('no event is left')
    if (first === last) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const [left, right] = [heap[child], heap[child + 1]]
      if (left === undefined) break
      let below = left
      if (right !== undefined && isBefore(right, left)) {
        below = right
        child++
      }
      if (isBefore(last, below)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
    return first
  }
}

const isBefore = (a: Event, b: Event): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)

/** Waits for all microtasks. The runtime is made synchronous by `installInstant` and `installFastWeb`, so nothing else is left. */
const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
