/**
 * Pages of a list. A cursor is the position of the last row of the previous page, in Base64url.
 */
import * as v from 'valibot'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Page } from '../../ports/store.ts'
import { invalidRequest } from './problem.ts'

const LIMIT_DEFAULT = 20
/** How many rows a page has at most. */
export const LIMIT_MAX = 100

/**
 * The position before the newest row, where the first page begins. Its key is the last character of
 * Unicode, which SQLite sorts after the key of every row.
 */
const FIRST: Page['before'] = { at: Number.MAX_SAFE_INTEGER, key: '\u{10FFFF}' }
const Place = v.strictTuple([
  v.pipe(v.number(), v.safeInteger()),
  v.pipe(v.string(), v.maxLength(200)),
])

type Query = Readonly<Record<string, string | readonly string[] | undefined>>

/** Drops empty parameters, so that `?state=&cursor=` means the same as no parameters at all. */
export const withoutEmpty = (query: Query): Query =>
  Object.fromEntries(Object.entries(query).filter(([, value]) => value !== ''))

/** How a list begins: the position before its first row, and how many rows a page has unless the caller says so. */
type Beginning = Readonly<{ before: Page['before']; limit: number }>

/** A list whose newest row comes first. */
const NEWEST_FIRST: Beginning = { before: FIRST, limit: LIMIT_DEFAULT }
/** A list whose oldest row comes first, and whose rows have a number from 1. Most such lists have a single page. */
export const OLDEST_FIRST: Beginning = { before: { at: 0, key: '' }, limit: LIMIT_MAX }

/** Reads `cursor` and `limit` from a query. @returns the error response when one of them is malformed. */
export function readPage(
  given: Query,
  beginning: Beginning = NEWEST_FIRST,
): Result<Page, Response> {
  const { cursor, limit = String(beginning.limit) } = withoutEmpty(given)
  if (typeof limit !== 'string' || !/^[1-9]\d{0,2}$/.test(limit) || Number(limit) > LIMIT_MAX) {
    return err(
      invalidRequest([{ field: 'limit', message: `must be an integer from 1 to ${LIMIT_MAX}` }]),
    )
  }
  const before = cursor === undefined ? beginning.before : readCursor(cursor)
  return before === undefined
    ? err(
        invalidRequest([
          { field: 'cursor', message: 'must be the next_cursor of a page, unchanged' },
        ]),
      )
    : ok({ before, limit: Number(limit) })
}

/** Extends a page by one row. If the extra row exists, there is a next page. */
export const plusOne = (page: Page): Page => ({ ...page, limit: page.limit + 1 })

/**
 * Makes a page of rows that were read with {@link plusOne}.
 *
 * @param place Returns the position of a row, for the cursor.
 * @returns the rows of the page, and the cursor of the next page; null when there is no next page.
 */
export function toPage<T>(
  rows: readonly T[],
  page: Page,
  place: (row: T) => Page['before'],
): Readonly<{ shown: readonly T[]; next_cursor: string | null }> {
  const shown = rows.slice(0, page.limit)
  const last = shown.at(-1)
  const more = rows.length > page.limit && last !== undefined
  return { shown, next_cursor: cursorOf(more ? place(last) : undefined) }
}

/** The `next_cursor` of a page. @param next The place after which the next page begins; undefined when there is none. */
export const cursorOf = (next: Page['before'] | undefined): string | null =>
  next === undefined ? null : formatCursor(next)

const formatCursor = ({ at, key }: Page['before']): string =>
  btoa(JSON.stringify([at, key]))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

function readCursor(text: string | readonly string[]): Page['before'] | undefined {
  if (typeof text !== 'string' || !/^[0-9A-Za-z_-]{1,400}$/.test(text)) return undefined
  try {
    const json: unknown = JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/')))
    const place = v.safeParse(Place, json)
    return place.success ? { at: place.output[0], key: place.output[1] } : undefined
  } catch {
    return undefined
  }
}
