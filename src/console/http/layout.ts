/** The frame round every page. */
import type { Page, Section, Visit } from './visit.ts'
import type { Words } from '../words/words.ts'
import { clockOf } from '../view/format.ts'
import type { Files } from '../view/files.ts'
import { ICONS } from '../view/icons.ts'
import { markup, type Markup } from '../view/markup.ts'
import { note } from '../view/note.ts'

const SECTIONS: readonly Section[] = [
  'overview',
  'orders',
  'refunds',
  'reviews',
  'bills',
  'deliveries',
  'runs',
  'checks',
]

/** The address of a section. */
export const sectionPath = (section: Section): string =>
  section === 'overview' ? '/console' : `/console/${section}`

/** A whole document. */
export const documentOf = (
  { frame }: Words,
  { style }: Files,
  title: string,
  body: Markup,
  head: Markup | false = false,
): Markup =>
  markup`<html lang="${frame.lang}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} · wxpay-edge</title>${head}<link rel="icon" href="/console/icon.svg"><link rel="stylesheet" href="${style}"></head><body>${body}</body></html>`

const BRAND = markup`<b aria-hidden="true">¥</b>wxpay-edge`

/** A page in its frame. @param openReviews How many reviews are open, such as `50+`; undefined when it is not known. */
export function framed(
  visit: Pick<Visit, 'words' | 'session' | 'url' | 'now' | 'deps'>,
  files: Files,
  page: Page,
  openReviews: string | undefined,
): Markup {
  const { words, session, url, now, deps } = visit
  const { frame } = words
  const body = markup`<a class="skip" href="#main">${frame.skip}</a>
<div class="shell"><header class="side"><div>
<a class="brand" href="/console">${BRAND}</a>
<nav aria-label="${frame.mainNav}">${SECTIONS.map((each) => navLink(words, each, page.section, openReviews))}</nav>
<div class="foot">
<span class="only-wide">${frame.merchant} <span class="mono">${deps.config.mchId}</span></span>
<span class="only-wide">${frame.beijingTime} ${clockOf(now)}</span>
<span class="only-wide">${frame.signedInAs} ${session.name}${session.role === 'viewer' && markup` (${frame.viewer})`}</span>
<span>${languageLink(words, url)}</span>
<form method="post" action="/console/sign-out"><input type="hidden" name="csrf" value="${session.csrf}"><button class="link">${frame.signOut}</button></form>
</div></div></header>
<main id="main"${page.refresh !== undefined && markup` data-refresh="${page.refresh}"`}>${page.note !== undefined && note(page.note, false, true)}${page.main}</main></div>
<p class="hidden" id="live" role="status" data-copied="${frame.copied}"></p>`
  const script = markup`<script type="module" src="${files.script}"></script>`
  return documentOf(words, files, page.title, body, script)
}

function navLink(
  { frame }: Words,
  section: Section,
  current: Section,
  openReviews: string | undefined,
): Markup {
  const hasCount = section === 'reviews' && openReviews !== undefined && openReviews !== '0'
  const badge =
    hasCount &&
    markup`<span class="n"><span aria-hidden="true">${openReviews}</span><span class="hidden">${frame.comma}${frame.nOpenReviews(openReviews)}</span></span>`
  const here = section === current && markup` aria-current="page"`
  return markup`<a href="${sectionPath(section)}"${here}>${ICONS[section]}${frame.nav[section]}${badge}</a>
`
}

/** The link to the same page in the other language. */
export function languageLink({ frame }: Words, url: URL): Markup {
  const { code, lang, name } = frame.otherLanguage
  const other = new URL(url)
  other.searchParams.delete('done')
  other.searchParams.set('lang', code)
  return markup`<a href="${other.pathname}${other.search}" lang="${lang}" hreflang="${lang}">${name}</a>`
}

/** A page with one thing in the middle. */
export const alone = (words: Words, files: Files, title: string, card: Markup): Markup =>
  documentOf(
    words,
    files,
    title,
    markup`<main class="alone"><section class="card"><p class="brand">${BRAND}</p>${card}</section></main>`,
  )
