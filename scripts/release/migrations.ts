/**
 * Whether a migration only adds. During a deployment, and after a rollback, the version before runs on the new schema: what it
 * reads and writes must still be there.
 */

/** What a statement may do, by its first words. */
const ADDS =
  /^(CREATE (TABLE|INDEX|UNIQUE INDEX|TRIGGER|VIEW)|ALTER TABLE \w+ ADD COLUMN|INSERT|UPDATE|WITH) ?/
/** An index and a trigger have no data; one that is made anew in the same file may be dropped first. */
const DROPS = /^DROP (INDEX|TRIGGER) (\w+)$/

/** An index that the author has looked for in the versions that were released. */
const UNNEEDED = /^-- No released version needs the index\.\nDROP INDEX \w+;$/gm

/**
 * Finds what is wrong with a migration.
 *
 * @returns One sentence for each statement that takes something away; empty when there is none.
 */
export function migrationFaults(sql: string): readonly string[] {
  const statements = statementsOf(sql)
  const isMadeAnew = (name: string): boolean =>
    statements.some((each) => new RegExp(`^CREATE (UNIQUE )?(INDEX|TRIGGER) ${name}\\b`).test(each))
  return statements.flatMap((statement) => {
    const shown = statement.slice(0, 60)
    const [, , dropped] = DROPS.exec(statement) ?? []
    if (dropped !== undefined)
      return isMadeAnew(dropped)
        ? []
        : [`"${shown}" is not made anew in the same file: the version before may need it`]
    if (!ADDS.test(statement))
      return [`"${shown}" does not add: the version before could not run on it`]
    const isAdded = statement.startsWith('ALTER TABLE')
    return isAdded && /\bNOT NULL\b/.test(statement) && !/\bDEFAULT\b/.test(statement)
      ? [`"${shown}" needs a default: the version before inserts rows without this column`]
      : []
  })
}

/** The statements of a file without comments, each on one line. What is within a trigger's BEGIN … END is left out. */
const statementsOf = (sql: string): readonly string[] =>
  sql
    .replace(UNNEEDED, '')
    // In one pass: a comment may contain an apostrophe, and a text two hyphens.
    .replace(/'[^']*'|--[^\n]*/g, (found) => (found.startsWith('-') ? '' : "''"))
    .replace(/\bBEGIN\b[^]*?;\s*END\b/g, 'BEGIN END')
    .split(';')
    .map((each) => each.replace(/\s+/g, ' ').trim())
    .filter((each) => each !== '')
