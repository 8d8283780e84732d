/** Which language a person reads: the one chosen before, else the one of the browser. */
import { WORDS, type Words } from '../words/words.ts'
import { cookieOf } from './session.ts'

const COOKIE = 'wxpay_lang'
const YEAR_S = 31_536_000

export type Language = keyof typeof WORDS

const isLanguage = (text: string | null | undefined): text is Language =>
  text === 'en' || text === 'zh'

/** The words for a request. Chinese when the browser prefers neither language. */
export function wordsFor({ headers }: Pick<Request, 'headers'>): Words {
  const chosen = cookieOf(headers, COOKIE)
  if (isLanguage(chosen)) return WORDS[chosen]
  const preferred = (headers.get('accept-language') ?? '')
    .split(',')
    .map((each) => each.trim().slice(0, 2).toLowerCase())
    .find(isLanguage)
  return WORDS[preferred ?? 'zh']
}

/** The language that `?lang=` of an address chooses: the cookie to set, and the address without it. */
export function chosenLanguage(
  url: URL,
): Readonly<{ cookie: string; address: string }> | undefined {
  const lang = url.searchParams.get('lang')
  if (!isLanguage(lang)) return undefined
  const without = new URL(url)
  without.searchParams.delete('lang')
  return {
    cookie: `${COOKIE}=${lang}; SameSite=Lax; Path=/; Max-Age=${YEAR_S}`,
    address: `${without.pathname}${without.search}`,
  }
}
