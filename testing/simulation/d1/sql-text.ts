/** What can be said of an SQL text without running it. Small, and enough for the texts of one program. */

export type SqlText = Readonly<{
  /** How many values have to be bound. */
  parameters: number
  /** More than one statement in one text. */
  several: boolean
  /** Reads only; D1 counts no changes for it. */
  readOnly: boolean
  /** `INSERT payments`: for a trace. */
  label: string
}>

const READ_ONLY = /^\s*(SELECT|EXPLAIN|PRAGMA|VALUES)\b/i
const FORBIDDEN = /^\s*(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|ATTACH|DETACH|VACUUM)\b/i

const known = new Map<string, SqlText>()

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

/** D1 lets nobody open a transaction by hand. */
export const isTransactionControl = (sql: string): boolean => FORBIDDEN.test(sql)

/** Blanks out string literals, quoted names and comments, where `?` and `;` mean nothing. */
const withoutTextAndComments = (sql: string): string =>
  sql.replace(/'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[^]*?\*\//g, (text) =>
    text.startsWith('"') ? text.replace(/[?;]/g, '_') : ' ',
  )

/** `?` takes the next number, `?3` is the third; the highest number counts. */
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
