import { detailsOf, wordsOf } from '../lib/words.ts'

/** Thrown when the database failed, or did not answer in time. A write may or may not have taken effect. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable'
}

/**
 * Thrown when a table or column of this version is missing, because a migration was not applied. Trying again does not
 * help.
 */
export class StoreNotMigrated extends Error {
  override readonly name = 'StoreNotMigrated'
}

/** What an operator must do about {@link StoreNotMigrated}. */
export const MIGRATE =
  'The database does not have the tables of this version. Run `npx wrangler d1 migrations apply DB --remote`, which `npm run deploy` does before every deployment.'

/**
 * Describes an exception that ended a request or a run of the cron, in the words of the system that caused it.
 *
 * @returns a line of the log: `store_unavailable`, `misconfigured` or `internal_error`.
 */
export function failureEntry(error: unknown): Readonly<{
  event: 'store_unavailable' | 'misconfigured' | 'internal_error'
  reason?: string
  remedy?: string
  error: string
  stack?: string | undefined
}> {
  const words = { error: wordsOf(error) }
  if (error instanceof StoreUnavailable) return { event: 'store_unavailable', ...words }
  if (error instanceof StoreNotMigrated) {
    return { event: 'misconfigured', reason: 'DB', remedy: MIGRATE, ...words }
  }
  return { event: 'internal_error', ...detailsOf(error) }
}

/**
 * Selects one page of a list, newest first: up to `limit` rows
 * that come after the row with the time `at` and the key `key`.
 */
export type Page = Readonly<{ before: Readonly<{ at: number; key: string }>; limit: number }>

/**
 * The rows of one page. `next`: the place after which the next page begins; undefined when there is none. Where no index
 * serves a filter, only a part of the list is searched for a page, so that it may have few rows, or none, and a `next`.
 */
export type Found<T> = Readonly<{ rows: readonly T[]; next: Page['before'] | undefined }>
