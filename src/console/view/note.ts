import { ICONS } from './icons.ts'
import { markup, type Markup } from './markup.ts'

/** A sentence above a page, or in it. `bad` is read out at once. */
export type NoteView = Readonly<{ tone: 'ok' | 'bad' | 'plain'; text: string | Markup }>

const ICON = { ok: ICONS.ok, bad: ICONS.warning, plain: ICONS.ring } as const

/** Shows a note. @param isFirst Whether the page begins with it, so that it has the focus: it says what came of a form. */
export const note = ({ tone, text }: NoteView, gap = false, isFirst = false): Markup =>
  markup`<p class="note ${tone === 'plain' ? '' : tone}${gap ? ' gap' : ''}" role="${tone === 'bad' ? 'alert' : 'status'}" tabindex="-1"${isFirst && markup` autofocus`}>${ICON[tone]}<span>${text}</span></p>`
