/**
 * Facts about an SQL text, found without running it. This is not a parser: it only covers the forms of statements that the
 * Worker uses.
 */

/** What {@link readSql} finds out about an SQL statement, as D1 treats it. */
export type SqlText = Readonly<{
  /** How many values must be bound to the statement's placeholders. */
  parameters: number
  /** The text contains more than one statement. */
  several: boolean
  /** The statement only reads. D1 reports no changes for it. */
  readOnly: boolean
  /** The name of the statement in a trace, for example `INSERT payments`. */
  label: string
}>

const READ_ONLY = /^\s*(SELECT|EXPLAIN|PRAGMA|VALUES)\b/i
const FORBIDDEN = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|ATTACH|DETACH|VACUUM)\b/i

const known = new Map<string, SqlText>()

/** Finds the facts about an SQL text. Results are cached by the text. */
export function readSql(sql: string): SqlText {
  const before = known.get(sql)
  if (before !== undefined) return before
  const text = read(sql)
  known.set(sql, text)
  return text
}

function read(sql: string): SqlText {
  const bare = withoutTextAndComments(sql)
  const trimmed = bare.replace(/[\s;]+$/, '')
  return {
    parameters: countParameters(bare),
    several: trimmed.includes(';'),
    readOnly: READ_ONLY.test(bare),
    label: labelOf(bare),
  }
}

/** Whether the statement controls a transaction, which D1 refuses. */
export const isTransactionControl = (sql: string): boolean => FORBIDDEN.test(sql)

/** Blanks out string literals and comments, and `?` and `;` in quoted names, where these characters have no meaning. */
const withoutTextAndComments = (sql: string): string =>
  sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\//g, (text) =>
    text.startsWith('"') ? text.replace(/[?;]/g, '_') : ' ',
  )

/**
 * Counts the parameters of a statement as SQLite does: `?` takes the number after the highest one so far, `?3` is number 3,
 * and the highest number is the count.
 */
function countParameters(sql: string): number {
  let highest = 0
  for (const [, digits] of sql.matchAll(/\?(\d*)/g)) {
    highest =
      digits === undefined || digits === '' ? highest + 1 : Math.max(highest, Number(digits))
  }
  return highest
}

function labelOf(sql: string): string {
  const [, verb = 'SQL'] = /^\s*(\w+)/.exec(sql) ?? []
  const [, table = ''] =
    /\b(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|UPDATE|DELETE\s+FROM|FROM)\s+(\w+)/i.exec(sql) ?? []
  return `${verb.toUpperCase()} ${table}`.trim()
}
