import { toUnixSeconds, type UnixSeconds } from '../../core/time.ts'
import { invariant } from '../../lib/result.ts'
import type { Row, Value } from './database.ts'

export function text(row: Row, column: string): string {
  const value = row[column]
  invariant(typeof value === 'string', `column ${column} is not text`)
  return value
}
export function integer(row: Row, column: string): number {
  const value = row[column]
  invariant(Number.isSafeInteger(value), `column ${column} is not an integer`)
  return value as number
}
export const optional = <T>(row: Row, column: string, read: (row: Row, column: string) => T) =>
  row[column] === null ? undefined : read(row, column)
export const optionalText = (row: Row, column: string) => optional(row, column, text)
export const optionalInteger = (row: Row, column: string) => optional(row, column, integer)
export const time = (row: Row, column: string): UnixSeconds => toUnixSeconds(integer(row, column))
export const optionalTime = (row: Row, column: string) => optional(row, column, time)
export const orNull = (value: string | number | undefined): Value => value ?? null
