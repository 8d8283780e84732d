/** The Worker's tables as the checker reads them. */
import type { SqlRow } from '../d1/sqlite.ts'
import type { Evidence } from './evidence.ts'

export type Check = (evidence: Evidence) => string[]

export const rows = ({ tables }: Pick<Evidence, 'tables'>, name: string): readonly SqlRow[] =>
  tables[name] ?? []

/** The number of an attempt at WeChat, as the tables have it. */
export const numberOf = (row: SqlRow): string =>
  row['number'] === 1 ? String(row['ordercode']) : `${row['ordercode']}*${row['number']}`

/** Keeps the complaints of a list of `it is right || what is wrong`. */
export const failures = (list: readonly (true | string)[]): string[] =>
  list.filter((each) => each !== true)
