import { type Language, WORDS, type Words } from '../words.ts'

/** The language of the page. */
export const language = (): Language => (document.body.dataset['lang'] === 'en' ? 'en' : 'zh')
export const words = (): Words => WORDS[language()]

/** Fen as yuan: 8800 is `88.00`. */
export const yuan = (fen: number): string =>
  `${Math.floor(fen / 100)}.${String(fen % 100).padStart(2, '0')}`

/** The one element that fits. @throws when the page has none. */
export function query<T extends HTMLElement = HTMLElement>(selector: string): T {
  const found = document.querySelector<T>(selector)
  if (found === null) throw new Error(`the page has no ${selector}`)
  return found
}

/** Makes an element. Text goes in as text, so nothing in a message is ever markup. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}

const BEIJING = new Intl.DateTimeFormat('en-GB', {
  timeStyle: 'medium',
  timeZone: 'Asia/Shanghai',
})
/** Epoch milliseconds as Beijing time: `15:36:21`. */
export const beijingTime = (ms: number): string => BEIJING.format(ms)

const SVG = 'http://www.w3.org/2000/svg'
const PATHS = {
  good: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M5.3 8.2l1.9 1.9 3.6-4',
  bad: 'M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  flag: 'M3.5 14V2.5M3.5 3h8l-1.6 3 1.6 3h-8',
}

/** A small drawing beside a word that says the same. */
export function icon(name: keyof typeof PATHS): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 16 16')
  svg.setAttribute('class', 'i')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', PATHS[name])
  svg.append(path)
  return svg
}
