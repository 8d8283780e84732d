/**
 * Reads a message of the plainest form without the parser. WeChat sends this form, and the parser takes most of the CPU
 * time of a notice. What differs from it in any way is left to the parser, to read or to refuse; `npm run fuzz` shows
 * that both read the same.
 */

/** One element that contains a CDATA section or plain text without references, and the blanks behind it. */
const ELEMENT =
  /<([A-Za-z_]\w{0,63})>(?:<!\[CDATA\[([^\]]*(?:\](?!\]>)[^\]]*)*)\]\]>|([^<>&]*))<\/\1>[ \t\n]*/y
const BLANKS = /[ \t\n]*/y

/**
 * Reads `<xml>`, a number of {@link ELEMENT}, and `</xml>`.
 *
 * @param text Has no forbidden character.
 * @returns undefined when the message has another form; it need not be wrong.
 */
export function readPlainXml(
  text: string,
  rootName: string,
  elementsMax: number,
): ReadonlyMap<string, string> | undefined {
  const open = `<${rootName}>`
  // The parser makes LF of CR LF.
  if (!text.startsWith(open) || text.includes('\r')) return undefined
  let at = endOf(BLANKS, text, open.length)
  const fields = new Map<string, string>()
  for (;;) {
    ELEMENT.lastIndex = at
    const [, name, section, plain] = ELEMENT.exec(text) ?? []
    if (name === undefined) break
    at = ELEMENT.lastIndex
    // The parser counts tags, and renames members of Object and what begins with two underscores.
    const isOther = name in Object.prototype || name.startsWith('__') || fields.has(name)
    if (isOther || fields.size + 2 >= elementsMax) return undefined
    fields.set(name, section ?? plain ?? '')
  }
  const close = `</${rootName}>`
  const isWhole =
    text.startsWith(close, at) && endOf(BLANKS, text, at + close.length) === text.length
  return isWhole ? fields : undefined
}

function endOf(blanks: RegExp, text: string, at: number): number {
  blanks.lastIndex = at
  blanks.test(text)
  return blanks.lastIndex
}
