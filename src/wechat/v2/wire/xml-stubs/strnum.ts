/** Replaces fast-xml-parser's conversion of text to numbers. Our values stay text. See `entities.ts`. */
export { toNumber as default }

function toNumber(): never {
  throw new Error('values stay text')
}
