/** Tables that become cards on a phone. Roles in the markup keep them tables for screen readers. */
import { markup, type Markup, type Value } from './markup.ts'

/** A column. `css` is the class of its cells: `num` is right-aligned, `wide` is not on phones, `s-a` to `s-e` are places in the card. */
export type Column = Readonly<{ head: string; css?: string }>

/** A table. Each row has one cell for each column. */
export const table = (
  columns: readonly Column[],
  rows: readonly (readonly Value[])[],
): Markup => markup`<div class="scroll"><table class="stack" role="table"><thead role="rowgroup"><tr role="row">${columns.map(
  ({ head, css = '' }) => markup`<th role="columnheader" class="${headClass(css)}">${head}</th>`,
)}</tr></thead><tbody role="rowgroup">
${rows.map(
  (cells) =>
    markup`<tr role="row">${cells.map(
      (cell, at) => markup`<td role="cell" class="${columns[at]?.css ?? ''}">${cell}</td>`,
    )}</tr>
`,
)}</tbody></table></div>`

const headClass = (css: string): string =>
  css
    .split(' ')
    .filter((name) => name === 'num' || name === 'wide')
    .join(' ')

/** Facts as pairs. */
export const facts = (
  pairs: readonly (readonly [term: Value, fact: Value, css?: string])[],
): Markup =>
  markup`<dl class="facts">${pairs.map(
    ([term, fact, css = '']) =>
      markup`<dt class="${css.includes('total') && 'total'}">${term}</dt><dd class="${css}">${fact}</dd>`,
  )}</dl>`

/** A card with a heading. @param id Is unique on the page. */
export const card = (
  id: string,
  title: Value,
  body: Value,
  right: Value = false,
  css = '',
): Markup =>
  markup`<section class="card ${css}" aria-labelledby="h-${id}"><header><h2 id="h-${id}">${title}</h2>${right}</header>${body}</section>
`
