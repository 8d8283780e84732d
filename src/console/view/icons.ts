/** The icons: strokes on a grid of 16. They are decoration, and every one stands beside a word. */
import { markup, type Markup } from './markup.ts'

const icon = (shape: Markup): Markup =>
  markup`<svg class="i" viewBox="0 0 16 16" aria-hidden="true">${shape}</svg>`

const arrowBack = markup`<path d="M5.5 3 2.5 6l3 3"/><path d="M2.5 6H10a3.5 3.5 0 0 1 0 7H6"/>`

/** Every icon by its name. */
export const ICONS = {
  overview: icon(markup`<path d="M2.5 7 8 2.5 13.5 7v6.5h-11z"/><path d="M6.5 13.5v-4h3v4"/>`),
  orders: icon(markup`<path d="M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01"/>`),
  refunds: icon(arrowBack),
  reviews: icon(markup`<path d="M3.5 14V2.5M3.5 3h8l-1.6 3 1.6 3h-8"/>`),
  bills: icon(markup`<path d="M8 2.5v11M5 13.5h6M3 4.5h10M3 4.5 1.2 9h3.6zM13 4.5 11.2 9h3.6z"/>`),
  deliveries: icon(markup`<path d="M14 2 7 9M14 2 9.5 14 7 9 2 6.5z"/>`),
  runs: icon(markup`<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.3 1.6"/>`),
  checks: icon(markup`<path d="M1.5 8.5h3l2-5 3 9 2-4h3"/>`),
  search: icon(markup`<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.3 3.3"/>`),
  again: icon(markup`<path d="M13.5 8A5.5 5.5 0 1 1 11.8 4M13.5 2v3h-3"/>`),
  copy: icon(
    markup`<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M3.5 10.5h-1v-8h8v1"/>`,
  ),
  ok: icon(markup`<circle cx="8" cy="8" r="6"/><path d="m5.3 8.2 1.9 1.9 3.6-4"/>`),
  half: icon(
    markup`<circle cx="8" cy="8" r="6"/><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor"/>`,
  ),
  dots: icon(markup`<circle cx="8" cy="8" r="6"/><path d="M5.4 8h.01M8 8h.01M10.6 8h.01"/>`),
  ring: icon(markup`<circle cx="8" cy="8" r="5.6" stroke-dasharray="2.6 2.2"/>`),
  barred: icon(markup`<circle cx="8" cy="8" r="6"/><path d="m3.8 3.8 8.4 8.4"/>`),
  warning: icon(markup`<path d="M8 2 1.6 13.5h12.8zM8 6.5v3.2M8 11.6v.01"/>`),
  crossed: icon(markup`<circle cx="8" cy="8" r="6"/><path d="m5.8 5.8 4.4 4.4m0-4.4-4.4 4.4"/>`),
} as const

export type IconName = keyof typeof ICONS
