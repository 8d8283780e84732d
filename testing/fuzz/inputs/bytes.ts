/** Mutations of bytes and of text, independent of their format. */
import type { Chance } from '../../simulation/run/random.ts'
import { utf8 } from './input.ts'

type Bytes = Uint8Array<ArrayBuffer>

/** Texts that have caused bugs in parsers. */
export const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  '\t',
  '\r\n',
  '\u00a0',
  '\u2028',
  '\ufeff',
  '\ufffe',
  '\ufffd',
  '\u{10FFFF}',
  '\ud800',
  '中文',
  '👩‍👩‍👧‍👦',
  'e\u0301',
  'ﬀ',
  'İ',
  'null',
  'undefined',
  'true',
  'NaN',
  'Infinity',
  '-0',
  '0',
  '1',
  '-1',
  '01',
  '1e5',
  '1.0',
  '0x10',
  '٣',
  '９９',
  '2147483648',
  '9007199254740993',
  '1'.repeat(400),
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '[object Object]',
  '../../etc/passwd',
  '%00',
  '%ff',
  '%',
  '%2e%2e%2f',
  "' OR 1=1 --",
  '"; DROP TABLE orders; --',
  '${7*7}',
  '{{7*7}}',
  '<script>alert(1)</script>',
  ']]>',
  '<![CDATA[',
  '&amp;',
  '&#0;',
  '*',
  '*2',
  '\\',
  '"',
]

const INTERESTING_BYTES = [0, 9, 10, 13, 32, 34, 38, 39, 60, 62, 91, 93, 0x7f, 0x80, 0xc0, 0xff]

const splice = (bytes: Bytes, from: number, to: number, put: Bytes): Bytes => {
  const out = new Uint8Array(from + put.length + bytes.length - to)
  out.set(bytes.subarray(0, from))
  out.set(put, from)
  out.set(bytes.subarray(to), from + put.length)
  return out
}

const randomBytes = (chance: Chance, count: number): Bytes => Uint8Array.from(chance.bytes(count))

/** Changes a copy of the bytes at random, mostly once, at most eight times. */
export function mutateBytes(chance: Chance, original: Bytes): Bytes {
  let bytes = original
  for (let left = chance.pick([1, 1, 1, 2, 3, 8]); left > 0; left--) {
    bytes = mutateOnce(chance, bytes)
  }
  return bytes
}

function mutateOnce(chance: Chance, bytes: Bytes): Bytes {
  const at = chance.below(bytes.length + 1)
  const to = Math.min(bytes.length, at + chance.pick([1, 1, 2, 4, 16, 100]))
  switch (chance.below(9)) {
    case 0: {
      const flipped = Uint8Array.from(bytes)
      if (at < flipped.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << chance.below(8))
      return flipped
    }
    case 1:
      return splice(bytes, at, to, Uint8Array.of(chance.pick(INTERESTING_BYTES)))
    case 2:
      return bytes.slice(0, at)
    case 3:
      return bytes.slice(at)
    case 4:
      return splice(bytes, at, to, new Uint8Array())
    case 5: // repeat a part
      return splice(bytes, to, to, bytes.slice(at, to))
    case 6: {
      const elsewhere = chance.below(bytes.length + 1)
      return splice(bytes, elsewhere, elsewhere, bytes.slice(at, to))
    }
    case 7:
      return splice(bytes, at, at, utf8(chance.pick(ODD_TEXTS)))
    default:
      return splice(bytes, at, to, randomBytes(chance, 1 + chance.below(8)))
  }
}

/** Makes one random change to a text, by UTF-16 code units, so that surrogate pairs may be split. */
export function mutateText(chance: Chance, text: string): string {
  const at = chance.below(text.length + 1)
  const to = Math.min(text.length, at + chance.pick([1, 1, 2, 8]))
  const odd = chance.pick(ODD_TEXTS)
  switch (chance.below(8)) {
    case 0:
      return text.slice(0, at) + text.slice(to)
    case 1:
      return text.slice(0, at) + odd + text.slice(at)
    case 2:
      return text.slice(0, at) + odd + text.slice(to)
    case 3:
      return odd
    case 4:
      return text.slice(0, at)
    case 5:
      return text + text
    case 6:
      return text.toUpperCase() === text ? text.toLowerCase() : text.toUpperCase()
    default:
      return text.slice(0, at) + String.fromCharCode(chance.below(0x1_0000)) + text.slice(to)
  }
}

/** Makes up to 4000 random bytes. */
export const noise = (chance: Chance): Bytes =>
  randomBytes(chance, chance.pick([0, 1, 3, 16, 200, 4_000]))

/** Picks a length near the limit of a request body, which is 64 KiB. */
export const nearLimit = (chance: Chance): number =>
  65_536 + chance.pick([-70, -1, 0, 1, 2, 100, 70_000])
