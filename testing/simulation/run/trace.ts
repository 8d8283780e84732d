/** The log of a run, in order. The same seed gives the same lines, byte for byte. */
import { createHash } from 'node:crypto'

/** The log of a run. @param listen Called with every line when it is added. */
export class Trace {
  readonly lines: string[] = []
  readonly #startMs: number
  readonly #nowMs: () => number
  readonly #listen: ((line: string) => void) | undefined

  constructor(nowMs: () => number, listen?: (line: string) => void) {
    this.#nowMs = nowMs
    this.#startMs = nowMs()
    this.#listen = listen
  }

  /** Adds a line with the virtual time since the beginning. */
  add(who: string, what: string): void {
    const line = `${formatElapsed(this.#nowMs() - this.#startMs)} ${who.padEnd(18)} ${what}`
    this.lines.push(line)
    this.#listen?.(line)
  }

  /** SHA-256 over all lines. */
  digest(): string {
    return createHash('sha256').update(this.lines.join('\n')).digest('hex')
  }
}

/** Time since the beginning, for example `1d 02:03:04.005`. */
function formatElapsed(ms: number): string {
  const days = Math.floor(ms / 86_400_000)
  const time = new Date(ms % 86_400_000).toISOString().slice(11, 23)
  return days === 0 ? time : `${days}d ${time}`
}
