/** The kinds of values that the answers of the Worker are made of. */
import * as v from 'valibot'

/** An amount in fen. */
export const Fen = v.pipe(v.number(), v.integer(), v.minValue(0))
export const Count = v.pipe(v.number(), v.integer(), v.minValue(0))
export const Int = v.pipe(v.number(), v.integer())
/** RFC 3339 in UTC, in whole seconds. */
export const Time = v.pipe(v.string(), v.isoTimestamp())
export const Day = v.pipe(v.string(), v.isoDate())
export const TimeOrNull = v.nullable(Time)
export const TextOrNull = v.nullable(v.string())

/** Adds a sentence to a schema: what the name and the type do not say. */
export const told = <const S extends v.GenericSchema, const T extends string>(schema: S, text: T) =>
  v.pipe(schema, v.description(text))
