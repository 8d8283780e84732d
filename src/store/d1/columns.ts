/** Typed reads of a row's columns. A value of another type is a bug, so the functions throw. */
import { toUnixSeconds, type UnixSeconds } from '../../core/time.ts'
import { invariant } from '../../lib/result.ts'
import type { Row, Value } from './database.ts'

/** Reads a TEXT column that is never NULL. */
export function text(row: Row, column: string): string {
  const value = row[column]
  invariant(typeof value === 'string', `column ${column} is not text`)
  return value
}
/** Reads an INTEGER column that is never NULL. */
export function integer(row: Row, column: string): number {
  const value = row[column]
  invariant(Number.isSafeInteger(value), `column ${column} is not an integer`)
  return value as number
}
/** Reads a nullable column with `read`. NULL becomes undefined. */
export const optional = <T>(row: Row, column: string, read: (row: Row, column: string) => T) =>
  row[column] === null ? undefined : read(row, column)
/** Reads a nullable TEXT column. */
export const optionalText = (row: Row, column: string) => optional(row, column, text)
/** Reads a nullable INTEGER column. */
export const optionalInteger = (row: Row, column: string) => optional(row, column, integer)
/** Reads a column of Unix seconds that is never NULL. */
export const time = (row: Row, column: string): UnixSeconds => toUnixSeconds(integer(row, column))
/** Reads a nullable column of Unix seconds. */
export const optionalTime = (row: Row, column: string) => optional(row, column, time)
/** Makes an optional value a statement parameter: undefined becomes NULL. */
export const orNull = (value: string | number | undefined): Value => value ?? null
