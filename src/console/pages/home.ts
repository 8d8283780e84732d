import { alone, languageLink } from '../http/layout.ts'
import type { Files } from '../view/files.ts'
import { markup, type Markup } from '../view/markup.ts'
import type { Words } from '../words/words.ts'

/** The page at `/` of the Worker. It says what this is and nothing about the installation. */
export const homePage = (request: Request, words: Words, files: Files): Markup => {
  const { frame } = words
  const card = markup`<h1 class="gap">${frame.homeTitle}</h1><p class="dim gap">${frame.homeWhat}</p>
<p class="gap"><a class="btn go" href="/console">${frame.homeConsole}</a></p>
<p class="small gap dim">${frame.homeApi}</p><p class="small gap">${languageLink(words, new URL(request.url))}</p>`
  return alone(words, files, frame.home, card)
}
