import type { Words } from '../words/words.ts'
import { ICONS } from './icons.ts'
import { markup, type Markup } from './markup.ts'

/** A button that copies a text, for browsers that run scripts; in others it stays hidden. @param what Names the text. */
export const copyButton = ({ frame }: Words, what: string, text: string): Markup =>
  markup`<button type="button" class="copy" data-copy="${text}" aria-label="${frame.copy(what)}" title="${frame.copy(what)}" hidden>${ICONS.copy}</button>`
