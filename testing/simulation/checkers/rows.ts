/** Helpers of the checks: read the Worker's tables and collect violations. */
import type { SqlRow } from '../d1/sqlite.ts'
import type { Evidence } from './evidence.ts'

/** Looks for violations of one rule. @returns one sentence for each violation. */
export type Check = (evidence: Evidence) => string[]

/** All rows of a table; none when the table does not exist. */
export const rows = ({ tables }: Pick<Evidence, 'tables'>, name: string): readonly SqlRow[] =>
  tables[name] ?? []

/** The out_trade_no of an attempt or payment, built from the columns `ordercode` and `number`. */
export const numberOf = (row: SqlRow): string =>
  row['number'] === 1 ? String(row['ordercode']) : `${row['ordercode']}*${row['number']}`

/** From a list of `condition || 'what is wrong'`, keeps what is wrong. */
export const failures = (list: readonly (true | string)[]): string[] =>
  list.filter((each) => each !== true)
