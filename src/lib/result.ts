/** The outcome of an operation whose failure is part of the domain, not a bug. */
export type Result<T, E> = Readonly<{ ok: true; value: T } | { ok: false; error: E }>

export const ok = <T>(value: T): Result<T, never> => ({ ok: true, value })
export const err = <E>(error: E): Result<never, E> => ({ ok: false, error })

/** Stops the program on a broken invariant. Never use it for input that came from outside. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant violated: ${message}`)
}
