/** What two sides state about one thing, as a table: rows are fields, columns are sides, and what differs is marked. */
import { toUnixSeconds, type UnixSeconds } from '../../core/time.ts'
import { feeYuan, money, shortOpenid, timeText } from '../view/format.ts'
import { markup, type Markup } from '../view/markup.ts'
import type { Words } from '../words/words.ts'

type Fields = Readonly<Record<string, string | number | boolean>>

/** The name of a field, in words if there are any. */
export const fieldName = ({ bills }: Words, name: string): string => bills.fields[name] ?? name

/** A value as it is shown: amounts in yuan, times in Beijing time, a payer never whole. */
export function fieldText(
  name: string,
  value: string | number | boolean,
  now: UnixSeconds,
): string {
  if (typeof value === 'number') {
    if (name.endsWith('_at')) return timeText(toUnixSeconds(value), now)
    if (name.endsWith('millifen')) return `¥${feeYuan(value)}`
    return name.endsWith('_fee') || name === 'expected' ? money(value) : String(value)
  }
  return name.endsWith('openid') ? shortOpenid(String(value)) : String(value)
}

/**
 * The table of both sides.
 *
 * @param only What is shown where a side has nothing at all.
 */
export function bothSides(
  words: Words,
  now: UnixSeconds,
  bill: Fields | undefined,
  books: Fields | undefined,
): Markup {
  const { bills, frame } = words
  const names = [...new Set([...Object.keys(bill ?? {}), ...Object.keys(books ?? {})])]
  const row = (name: string): Markup => {
    const [one, other] = [bill?.[name], books?.[name]]
    const isOneSided = bill === undefined || books === undefined
    const differs = !isOneSided && one !== undefined && other !== undefined && one !== other
    const cell = (value: string | number | boolean | undefined, hint: Markup | false): Markup =>
      value === undefined || value === ''
        ? markup`<td class="none"><span>${frame.empty}</span></td>`
        : markup`<td class="${differs && 'ne'}"><span>${fieldText(name, value, now)}</span>${hint}</td>`
    const hint = differs && markup`<span class="hidden"> (${bills.differ})</span>`
    return markup`<tr><th scope="row">${fieldName(words, name)}</th>${cell(one, false)}${cell(other, hint)}</tr>`
  }
  return markup`<table class="both"><thead><tr><th><span class="hidden">${bills.field}</span></th><th>${bills.wechatBill}</th><th>${bills.ourBooks}</th></tr></thead><tbody>${names.map(row)}</tbody></table>`
}

/** Splits the evidence of a review about a bill into both sides and what stands beside them. */
export function sidesOf(evidence: Fields): Readonly<{
  bill: Fields | undefined
  books: Fields | undefined
}> {
  const side = (prefix: string): Fields | undefined => {
    const entries = Object.entries(evidence)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value] as const)
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  }
  return { bill: side('bill_'), books: side('books_') }
}
