/** What every list has: tabs, the span it shows, the way to older rows, and a sentence when it is empty. */
import type { Found, Page } from '../../ports/store.ts'
import { cursorOf, readPage } from '../../routes/http/pagination.ts'
import type { Words } from '../words/words.ts'
import { markup, type Markup } from './markup.ts'

/** How many rows a page of a list has. */
export const PAGE_ROWS = 50

/** The page that an address asks for; the first one when its cursor is malformed. */
export function pageOf(url: URL, limit = PAGE_ROWS): Page {
  const cursor = url.searchParams.get('cursor') ?? ''
  const read = readPage({ cursor, limit: String(limit) })
  return read.ok ? read.value : firstPage(limit)
}

function firstPage(limit: number): Page {
  const read = readPage({ limit: String(limit) })
  if (!read.ok) throw new Error('the first page can be read')
  return read.value
}

/** An address with some parameters changed; an empty value removes one. */
export function addressWith(url: URL, changed: Readonly<Record<string, string>>): string {
  const params = new URLSearchParams(url.searchParams)
  params.delete('done')
  for (const [name, value] of Object.entries(changed)) {
    if (value === '') params.delete(name)
    else params.set(name, value)
  }
  const text = params.toString()
  return text === '' ? url.pathname : `${url.pathname}?${text}`
}

/** The tab that an address names; the first one when it names none. */
export const tabOf = <T extends string>(url: URL, tabs: readonly [T, ...T[]]): T => {
  const named = url.searchParams.get('tab')
  return tabs.find((tab) => tab === named) ?? tabs[0]
}

/** Tabs that filter a list. */
export function tabs<T extends string>(
  url: URL,
  label: string,
  names: Readonly<Record<T, string>>,
  current: T,
): Markup {
  const links = Object.entries<string>(names).map(([tab, name], at) => {
    const address = addressWith(url, { tab: at === 0 ? '' : tab, cursor: '' })
    return markup`<a href="${address}"${tab === current && markup` aria-current="page"`}>${name}</a>`
  })
  return markup`<nav class="tabs" aria-label="${label}">${links}</nav>`
}

/**
 * The end of a list.
 *
 * @param span The times of its first and last row, in words; undefined when it has none.
 */
export function pager(
  { frame }: Words,
  url: URL,
  next: Found<unknown>['next'],
  span: readonly [string, string] | undefined,
  rows: number = PAGE_ROWS,
): Markup | false {
  const cursor = cursorOf(next)
  const isLater = url.searchParams.has('cursor')
  if (cursor === null && !isLater && span === undefined) return false
  const newest =
    isLater && markup`<a class="btn" href="${addressWith(url, { cursor: '' })}">${frame.newest}</a>`
  const older =
    cursor !== null &&
    markup`<a class="btn" href="${addressWith(url, { cursor })}">${frame.older}</a>`
  const shown = span === undefined ? '' : `${frame.span(...span)}${frame.comma}`
  return markup`<div class="pager"><span>${shown}${frame.perPage(rows)}</span><span class="right">${newest}${older}</span></div>`
}

/** Says what is not there, and what makes it appear. */
export const empty = (what: string, how: string | Markup, more: Markup | false = false): Markup =>
  markup`<div class="empty"><b>${what}</b><p>${how}</p>${more !== false && markup`<p>${more}</p>`}</div>`

/** The first and the last of the rows, in words. */
export function spanOf<T>(
  rows: readonly T[],
  text: (row: T) => string,
): readonly [string, string] | undefined {
  const [first, last] = [rows[0], rows.at(-1)]
  return first === undefined || last === undefined ? undefined : [text(first), text(last)]
}
