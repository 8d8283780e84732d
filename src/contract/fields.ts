import { formatRfc3339, toUnixSeconds } from '../core/time.ts'

/**
 * Formats fields of evidence, and of the sides of a difference. A field whose name
 * ends in `_at` is stored in Unix seconds and becomes RFC 3339.
 */
export const fieldsJson = <T extends string | number | boolean>(
  fields: Readonly<Record<string, T>>,
): Readonly<Record<string, T | string>> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) =>
      name.endsWith('_at') ? [name, formatRfc3339(toUnixSeconds(Number(value)))] : [name, value],
    ),
  )
