/** Splits a bill's text into lines, joins lines into rows, and recognises the summary in the last two lines. */

/**
 * The maximum number of characters of a line or row, far more than real rows have. A longer one is cut off, so
 * that it does not fill the memory.
 */
export const ROW_CHARS_MAX = 64 * 1024

const SUMMARY = '总交易单数'

/** Splits text that arrives in pieces into lines. Lines end with CRLF or LF. */
export class LineCutter {
  #rest = ''
  #isSkipping = false

  /** The text after the last line break so far; empty if there is none. */
  get rest(): string {
    return withoutReturn(this.#rest)
  }

  /**
   * Yields the lines that end in this piece of text. A line that is longer than {@link ROW_CHARS_MAX} is
   * cut off and yielded as soon as it exceeds the limit.
   */
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

/**
 * The last two lines of a complete bill: `header` has the names of WeChat's totals, `values` their values.
 * `isLineEnded`: whether a line break follows, so that the last value is certainly complete.
 */
export type Summary = Readonly<{ header: string; values: string; isLineEnded: boolean }>

/** What {@link RowJoiner} returns at the end of a bill's text. */
export type LastLines = Readonly<{
  /** The last row of the bill; undefined when it may be incomplete. */
  row: string | undefined
  /** Undefined when the text does not end with a summary: the bill is cut off. */
  summary: Summary | undefined
}>

/**
 * Joins lines into rows. A product name may contain line breaks, so a row is known to be complete only when the
 * next row begins. A product name may also look like the summary, so the summary is recognised only in the last
 * two lines.
 */
export class RowJoiner {
  #row: string | undefined
  #held: string[] = []

  /** Takes the next line. @returns the row that this line shows to be complete; undefined if there is none. */
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

  /**
   * Ends the text, after the last line.
   *
   * @param isLineEnded Whether the text ends with a line break.
   * @returns the last row and the summary.
   */
  end(isLineEnded: boolean): LastLines {
    const [header, values] = this.#held
    if (header?.startsWith(SUMMARY) === true && values !== undefined && isRowStart(values)) {
      return { row: this.#row, summary: { header, values, isLineEnded } }
    }
    const isComplete = header !== undefined && isRowStart(header)
    return { row: isComplete ? this.#row : undefined, summary: undefined }
  }
}

/** Whether a line has only spaces. Such lines are skipped everywhere in a bill. */
export const isBlank = (line: string): boolean => line.trim() === ''
const isRowStart = (line: string): boolean => line.startsWith('`')
const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line)

/** Cuts a text one character after the limit, so that the reader of the row recognises it as too long. */
const shortened = (text: string): string =>
  text.length > ROW_CHARS_MAX ? text.slice(0, ROW_CHARS_MAX + 1) : text
