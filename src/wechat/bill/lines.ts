/** A bill's text as lines, lines as rows, and the two last lines as what they are. */

/** Far more than any row. Longer ones are read no further: they must not fill the memory. */
export const ROW_CHARS_MAX = 64 * 1024

const SUMMARY = '总交易单数'

/** Cuts text that comes in pieces into lines, which end with CRLF or LF. */
export class LineCutter {
  #rest = ''
  #isSkipping = false

  /** The line that was begun and not ended, blank if there is none. */
  get rest(): string {
    return withoutReturn(this.#rest)
  }

  /** Yields the lines that end in this piece, and a line that is too long when it turns out to be. */
  *cut(text: string): Generator<string> {
    let from = 0
    for (;;) {
      const end = text.indexOf('\n', from)
      if (end < 0) break
      const line = this.#rest + text.slice(from, end)
      from = end + 1
      this.#rest = ''
      if (!this.#isSkipping) yield withoutReturn(shortened(line))
      this.#isSkipping = false
    }
    if (this.#isSkipping) return
    this.#rest += text.slice(from)
    if (this.#rest.length <= ROW_CHARS_MAX) return
    const line = shortened(this.#rest)
    this.#rest = ''
    this.#isSkipping = true
    yield line
  }
}

/** The last two lines of a whole bill. */
export type Summary = Readonly<{ header: string; values: string }>

export type LastLines = Readonly<{
  /** The last row, if it is certain that it is complete. */
  row: string | undefined
  summary: Summary | undefined
}>

/**
 * Puts lines together to rows. A product's name may contain line breaks, so a row is complete only
 * when the next one begins; and it may look like the summary, so only the last two lines are that.
 */
export class RowJoiner {
  #row: string | undefined
  #held: string[] = []

  /** @returns the row that is known to be complete now, if one is. */
  take(line: string): string | undefined {
    if (isBlank(line)) return undefined
    this.#held.push(line)
    const next = this.#held.length > 2 ? this.#held.shift() : undefined
    if (next === undefined) return undefined
    if (this.#row !== undefined && !isRowStart(next)) {
      if (this.#row.length <= ROW_CHARS_MAX) this.#row = shortened(`${this.#row}\n${next}`)
      return undefined
    }
    const complete = this.#row
    this.#row = next
    return complete
  }

  end(): LastLines {
    const [header, values] = this.#held
    if (header?.startsWith(SUMMARY) === true && values !== undefined && isRowStart(values)) {
      return { row: this.#row, summary: { header, values } }
    }
    const isComplete = header !== undefined && isRowStart(header)
    return { row: isComplete ? this.#row : undefined, summary: undefined }
  }
}

export const isBlank = (line: string): boolean => line.trim() === ''
const isRowStart = (line: string): boolean => line.startsWith('`')
const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)

/** One character too long to pass is enough to know. */
const shortened = (text: string): string =>
  text.length > ROW_CHARS_MAX ? text.slice(0, ROW_CHARS_MAX + 1) : text
