/** What every store has in common. */

/** The database did not answer, or failed. What was written may or may not be stored. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** A page of a list, newest first: the rows that come after (`at`, `key`) in that order. */
export type Page = Readonly<{ before: Readonly<{ at: number; key: string }>; limit: number }>
