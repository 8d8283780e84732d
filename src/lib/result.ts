/** The outcome of an operation that is expected to fail at times. A bug throws instead. */
export type Result<T, E> = Readonly<{ ok: true; value: T } | { ok: false; error: E }>

/** Makes the result of a success. */
export const ok = <T>(value: T): Result<T, never> => ({ ok: true, value })

/** Makes the result of a failure. */
export const err = <E>(error: E): Result<never, E> => ({ ok: false, error })

/** Throws when our own code has broken an invariant. Never use it for input from outside. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${message}`)
}
