/** Adds up the reports of all batches of fuzzed inputs. */
import type { Failure, Report } from '../run/run-batch.ts'

/** The sums over all batches of fuzzed inputs that have reported. */
export class Tally {
  inputs = 0
  /** The number of inputs, by the lane (kind of generator) that made them. */
  readonly lanes = new Map<string, number>()
  /** By outcome of an input: how many inputs had it. */
  readonly outcomes = new Map<string, number>()
  /** One failure for each set of broken rules. Further failures that break the same rules are dropped. */
  readonly failures: Failure[] = []
  slowest: Report['slowest'] = { ms: 0, index: 0, input: '' }
  readonly #kinds = new Set<string>()

  add(report: Report): void {
    this.inputs += report.inputs
    addAll(this.lanes, report.lanes)
    addAll(this.outcomes, report.outcomes)
    if (report.slowest.ms > this.slowest.ms) this.slowest = report.slowest
    for (const failure of report.failures) {
      const kind = failure.broken.join()
      if (!this.#kinds.has(kind)) this.failures.push(failure)
      this.#kinds.add(kind)
    }
  }

  /** A line about the progress. @param of Planned inputs. @param from `performance.now()` at the start. */
  progress(of: number, from: number): string {
    const seconds = (performance.now() - from) / 1_000
    const places = new Map<string, number>()
    for (const [outcome, n] of this.outcomes) {
      const place = /\/(\w+)/.exec(outcome)?.[1] ?? 'elsewhere'
      places.set(place, (places.get(place) ?? 0) + n)
    }
    const each = [...places].map(([place, n]) => `${place} ${n}`).join(', ')
    const speed = (this.inputs / seconds).toFixed(0)
    return `${this.inputs} of ${of}, ${speed} per second, ${this.failures.length} failures (${each})`
  }

  /** One line for each outcome of an input, with its count, sorted. */
  outcomeLines(): string[] {
    return [...this.outcomes]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([outcome, n]) => `${String(n).padStart(8)}  ${outcome}`)
  }
}

function addAll(into: Map<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, n] of Object.entries(counts)) into.set(name, (into.get(name) ?? 0) + n)
}
