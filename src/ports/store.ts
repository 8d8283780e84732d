/** Thrown when the database failed, or did not answer in time. A write may or may not have taken effect. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/**
 * Selects one page of a list, newest first: up to `limit` rows
 * that come after the row with the time `at` and the key `key`.
 */
export type Page = Readonly<{ before: Readonly<{ at: number; key: string }>; limit: number }>
