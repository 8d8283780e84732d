import { markup, type Markup } from './markup.ts'

/** The heading of a page, with a word beside it. */
export const heading = (title: string, aside: Markup | string | false = false): Markup =>
  markup`<div class="head"><h1>${title}</h1>${aside !== false && markup`<span class="dim">${aside}</span>`}</div>`
