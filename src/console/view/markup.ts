/** HTML that is safe to send. Only {@link markup} makes it, so every value in it is escaped. */
export class Markup {
  readonly #text: string

  /** @param key Only this file has it, so that no other one can make HTML of any text. */
  constructor(text: string, key: symbol) {
    if (key !== KEY) throw new Error('only markup makes Markup')
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

const KEY = Symbol('markup')

/** What may stand in a template. `false` and `undefined` show nothing. */
export type Value = string | number | Markup | readonly Value[] | false | undefined

/**
 * The tag of HTML templates. A value is escaped as text and as the value of an attribute, which stands in double
 * quotes; markup goes in as it is. An address is made by a function from checked parts.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const [first = '', ...rest] = parts
  return new Markup(first + rest.map((part, at) => rendered(values[at]) + part).join(''), KEY)
}

/** Shows nothing. */
export const NOTHING = markup``

function rendered(value: Value): string {
  if (value === undefined || value === false) return ''
  if (typeof value === 'string') return escaped(value)
  if (typeof value === 'number') return String(value)
  return value instanceof Markup ? value.toString() : value.map(rendered).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
