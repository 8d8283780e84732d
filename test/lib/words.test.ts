import { describe, expect, it } from 'vitest'
import { detailsOf, excerptOf, wordsOf } from '../../src/lib/words.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

describe('the words of an exception', () => {
  it('are its name and message, and those of its causes', () => {
    const d1 = new Error('D1_ERROR: Exceeded maximum DB size', {
      cause: new Error('Exceeded maximum DB size'),
    })
    expect(wordsOf(d1)).toBe('D1_ERROR: Exceeded maximum DB size')
    expect(wordsOf(new TypeError('fetch failed', { cause: new Error('read ECONNRESET') }))).toBe(
      'TypeError: fetch failed: read ECONNRESET',
    )
  })

  it.each([
    `Unexpected token 'o', "oUpF8uMuAJ"... is not valid JSON`,
    `D1_TYPE_ERROR: Type 'object' not supported for value '13800138000'`,
    'Invalid header value: `Bearer 13800138000`',
  ])('leave out what is quoted: %s', (message) => {
    const words = wordsOf(new Error(message))

    expect(words).not.toMatch(/oUpF|13800138000/)
    expect(words).toContain('"…"')
  })

  it("keep a sentence with apostrophes: D1 DB's isolate, can't read", () => {
    const message = "D1 DB's isolate exceeded its memory limit, can't read the stream"
    expect(wordsOf(new Error(message))).toBe(message)
  })

  it('keep of a URL its host alone, because a login has the AppSecret in its query', () => {
    const url = 'https://api.weixin.qq.com/sns/jscode2session?appid=wx1&secret=hush&js_code=c0de'
    const words = wordsOf(new TypeError(`error sending request for url (${url}): reset`))

    expect(words).toBe(
      'TypeError: error sending request for url (https://api.weixin.qq.com): reset',
    )
  })

  it('end after five causes, also when an exception is its own cause', () => {
    const endless = new Error('again')
    endless.cause = endless
    expect(wordsOf(endless)).toBe('again')
  })

  it('are its name alone when it has no message', () => {
    expect(wordsOf(new TypeError())).toBe('TypeError')
    expect(wordsOf(new Error(''))).toBe('Error')
  })

  it('are the type of what was thrown, when that is no exception', () => {
    expect(wordsOf('a key')).toBe('an exception of the type string')
    expect(wordsOf(undefined)).toBe('an exception of the type undefined')
  })
})

describe('the details of an exception', () => {
  it('are its name, its words and the top of its stack, without the lines of its message', () => {
    const details = detailsOf(new RangeError('the first line\nthe card 13800138000'))

    expect(details).toMatchObject({ reason: 'RangeError', error: expect.stringContaining('first') })
    const lines = details.stack?.split('\n') ?? []
    expect(lines[0]).toMatch(/^ +at .*words\.test\.ts/)
    expect(lines.length).toBeLessThanOrEqual(5)
    expect(details.stack).not.toContain('13800138000')
  })

  it('have no stack when no exception was thrown', () => {
    const error = 'an exception of the type object'
    expect(detailsOf(null)).toEqual({ reason: 'unknown', error, stack: undefined })
  })
})

describe('an excerpt of an answer', () => {
  it('is its beginning on one line, at most 200 characters', () => {
    expect(excerptOf(utf8('  {\n  "error": "签名不对"\r\n}\n'))).toBe('{ "error": "签名不对" }')
    expect(excerptOf(utf8('x'.repeat(100_000)))).toHaveLength(200)
  })

  it('is empty for an empty answer, and for one that was too long to read', () => {
    expect(excerptOf(utf8(''))).toBe('')
    expect(excerptOf(undefined)).toBe('')
  })
})
