import type { Found, Page } from '../../ports/store.ts'

/**
 * How many rows of an index a page reads for a filter that the index does not serve. A row costs two reads: its entry in
 * the index, and itself.
 */
export const SCAN_MAX = 100

/** How many rows a page must read: one more than it shows, or {@link SCAN_MAX} if not every row belongs to it. */
export const rowsToRead = (page: Page, isFiltered: boolean): number =>
  isFiltered ? SCAN_MAX : page.limit + 1

/**
 * Makes a page of rows that were read in its order.
 *
 * @param read How many rows were asked for: if all of them came, there may be more.
 * @param place The position of a row.
 * @param admits Whether a row belongs to the list.
 */
export function foundIn<T>(
  rows: readonly T[],
  read: number,
  page: Page,
  place: (row: T) => Page['before'],
  admits: (row: T) => boolean = () => true,
): Found<T> {
  const admitted = rows.filter(admits)
  const shown = admitted.slice(0, page.limit)
  const last = admitted.length > page.limit ? shown.at(-1) : undefined
  const end = last ?? (rows.length >= read ? rows.at(-1) : undefined)
  return { rows: shown, next: end === undefined ? undefined : place(end) }
}
