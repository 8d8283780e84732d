/** Prints the output of all commands: plain lines, in colour if the terminal supports it. */
import { styleText } from 'node:util'

type Style = Parameters<typeof styleText>[0]

// styleText adds colours only if stdout is a terminal, and respects NO_COLOR and FORCE_COLOR.
const painter =
  (style: Style) =>
  (text: string): string =>
    styleText(style, text, { stream: process.stdout })

// Each function returns its text in one style, or unchanged if stdout has no colours.
export const bold = painter('bold')
export const dim = painter('dim')
export const red = painter('red')
export const green = painter('green')
export const yellow = painter('yellow')
export const cyan = painter('cyan')

/** Prints one line to stdout; `say.error` prints to stderr. */
export function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}
say.error = (line: string): void => void process.stderr.write(`${line}\n`)

const TIME = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

/** Prints one line of the live log: local time, source, text. */
export function live(who: 'Worker' | 'WeChat' | 'cron', what: string): void {
  const name = { Worker: cyan, WeChat: green, cron: yellow }[who](who.padEnd(6))
  say(`${dim(TIME.format(Date.now()))} ${name}  ${what}`)
}

/** Formats fen: 2900 → `29.00 yuan`. */
export const yuan = (fen: number): string => `${(fen / 100).toFixed(2)} yuan`

/** Formats milliseconds: 1234 → `1.2 s`. */
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/**
 * Formats a table: a line of titles, a rule and the rows. Columns with only numbers are aligned right.
 *
 * @returns the lines.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const isNumeric = head.map((_, column) => rows.every((row) => /^[\d ]+$/.test(row[column] ?? '')))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return isNumeric[column] === true ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)]
}
