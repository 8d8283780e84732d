import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  equalInConstantTime,
  isPlainText,
  sha256Hex,
  toHex,
  utf8Length,
} from '../../src/lib/text.ts'

describe('the length of a text at WeChat', () => {
  it.each([
    ['', 0],
    ['test', 4],
    ['é', 2],
    ['书', 3],
    ['测试商店-图书', 19],
    ['😀', 4],
    ['👨‍👩‍👧', 18],
    ['𠮷', 4],
    ['书'.repeat(42) + 'a', 127],
    ['书'.repeat(43), 129],
  ])('is counted in bytes: "%s"', (text, bytes) => {
    expect(utf8Length(text)).toBe(bytes)
    expect(Buffer.byteLength(text, 'utf8')).toBe(bytes)
  })
})

describe('a text in a message', () => {
  it.each(['', 'test', '测试商店-图书', 'a=1&b=<2>', ']]>', '👍🏽', ' a  b ', '\u3000', '"\'\\/'])(
    'may be "%s"',
    (text) => {
      expect(isPlainText(text)).toBe(true)
    },
  )

  it.each([
    ['NUL', 'a\u0000b'],
    ['a line feed', 'a\nb'],
    ['a carriage return', 'a\rb'],
    ['a tab', 'a\tb'],
    ['an escape', '\u001b[0m'],
    ['a delete', '\u007f'],
    ['a next line', '\u0085'],
    ['a noncharacter', '\uffff'],
    ['another noncharacter', '\ufffe'],
    ['the first half of a pair', 'a\ud83d'],
    ['the second half of a pair', '\ude00a'],
    ['a pair the wrong way round', '\ude00\ud83d'],
  ])('may not contain %s', (_, text) => {
    expect(isPlainText(text)).toBe(false)
  })
})

describe('a comparison in constant time', () => {
  it('distinguishes equal text from any other text', () => {
    expect(equalInConstantTime('9A0A8659', '9A0A8659')).toBe(true)
    expect(equalInConstantTime('', '')).toBe(true)
    expect(equalInConstantTime('9A0A8659', '8A0A8659')).toBe(false)
    expect(equalInConstantTime('9A0A8659', '9A0A8658')).toBe(false)
    expect(equalInConstantTime('9A0A8659', '9a0a8659')).toBe(false)
    expect(equalInConstantTime('9A0A8659', '9A0A865')).toBe(false)
    expect(equalInConstantTime('', '9')).toBe(false)
    expect(equalInConstantTime('A', '\u0141')).toBe(false)
  })
})

describe('a digest', () => {
  it('keeps its leading zeros', () => {
    expect(toHex(Uint8Array.of(0, 1, 15, 16, 255))).toBe('00010f10ff')
    expect(toHex(new Uint8Array())).toBe('')
  })

  it.each(['', 'abc', '0a1B2c3D', '登录码'])('of "%s" is SHA-256', async (text) => {
    expect(await sha256Hex(text)).toBe(createHash('sha256').update(text).digest('hex'))
  })
})
