/** The parameters of one message, by WeChat's own names. Values are always text, never numbers. */
export type Fields = Iterable<readonly [string, string]> | Readonly<Record<string, string>>

/** Lists the fields of a message as pairs of name and value, in the given order. */
export function entriesOf(fields: Fields): (readonly [string, string])[] {
  return isIterable(fields) ? [...fields] : Object.entries(fields)
}

/** Whether two messages have the same names and values, in any order. */
export function haveSameFields(
  a: ReadonlyMap<string, string>,
  b: ReadonlyMap<string, string>,
): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value)
}

function isIterable(fields: Fields): fields is Iterable<readonly [string, string]> {
  return Symbol.iterator in fields
}
