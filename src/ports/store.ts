/** The database failed, or did not answer in time. A write may or may not have happened. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/** A page of a list, newest first: the rows after `before`, which is the time and the key of a row. */
export type Page = Readonly<{ before: Readonly<{ at: number; key: string }>; limit: number }>
