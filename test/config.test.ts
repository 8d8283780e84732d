import { describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.ts'

const KEY = '192006250b4c09247ec02edce69f6a2d'
const ENV = {
  WX_APPID: 'wxd930ea5d5a258f4f',
  WX_MCH_ID: '10000100',
  WX_APP_SECRET: '0123456789abcdef0123456789abcdef',
  WX_API_KEY: KEY,
  PUBLIC_URL: 'https://pay.test',
  MERCHANT_TOKEN: 'merchant-token-of-the-tests-0123456789',
}
const WEBHOOK_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const LOOPBACK = 'http://127.0.0.1:8081'

/** The names of the wrong variables; empty when the configuration is valid. */
const wrong = (changes: Record<string, unknown> = {}): readonly string[] => {
  const config = readConfig({ ...ENV, ...changes })
  return config.ok ? [] : config.error
}
const read = (changes: Record<string, unknown> = {}) => {
  const config = readConfig({ ...ENV, ...changes })
  if (!config.ok) throw new Error(config.error.join(', '))
  return config.value
}

describe('a configuration', () => {
  it('is complete with the required values, and has the documented defaults for the rest', () => {
    expect(read()).toMatchObject({
      WX_APPID: 'wxd930ea5d5a258f4f',
      WX_MCH_ID: '10000100',
      WX_SIGN_TYPE: 'MD5',
      PUBLIC_URL: 'https://pay.test',
      WX_LOGIN_ORIGIN: 'https://api.weixin.qq.com',
      WX_PAY_ORIGIN: 'https://api.mch.weixin.qq.com',
      WX_PAY_ORIGIN_BACKUP: 'https://api2.mch.weixin.qq.com',
      LATE_PAYMENT: 'accept',
      SHARED_APPID: 'no',
      TICK_CALLS: 40,
      TICK_STATEMENTS: 50,
    })
    expect(read().WX_API_KEY.reveal()).toBe(KEY)
  })

  it.each(Object.keys(ENV))('names %s when it is missing or empty', (name) => {
    expect(wrong({ [name]: undefined })).toEqual([name])
    expect(wrong({ [name]: '' })).toEqual([name])
  })

  it.each([
    'WX_SIGN_TYPE',
    'WX_LOGIN_ORIGIN',
    'WX_PAY_ORIGIN',
    'WX_PAY_ORIGIN_BACKUP',
    'MERCHANT_TOKEN_OLD',
    'WX_API_KEY_OLD',
    'WEBHOOK_URL',
    'WEBHOOK_SECRET',
    'WEBHOOK_SECRET_OLD',
    'LATE_PAYMENT',
    'SHARED_APPID',
    'TICK_CALLS',
    'TICK_STATEMENTS',
  ])('treats an empty %s like a missing one', (name) => {
    expect(read({ [name]: '' })).toEqual(read())
  })

  it('names every wrong variable once', () => {
    const names = readConfig({ WX_SIGN_TYPE: 'RSA' })

    expect(!names.ok && [...names.error].sort()).toEqual(
      [...Object.keys(ENV), 'WX_SIGN_TYPE'].sort(),
    )
  })

  it('ignores bindings and unknown names', () => {
    expect(wrong({ DB: {}, SOMETHING_ELSE: 'x' })).toEqual([])
  })

  it.each([
    ['WX_APPID', 'wx d930'],
    ['WX_APPID', 'w'.repeat(33)],
    ['WX_APPID', 'wx123\n'],
    ['WX_MCH_ID', 'mch'],
    ['WX_MCH_ID', '1'.repeat(33)],
    ['WX_MCH_ID', '１００００'],
    ['WX_MCH_ID', 10000100],
    ['WX_APP_SECRET', 'has a blank'],
    ['WX_API_KEY', KEY.slice(1)],
    ['WX_API_KEY', `${KEY}0`],
    ['WX_API_KEY', `${KEY.slice(1)} `],
    ['WX_API_KEY', `${KEY}\n`],
    ['WX_API_KEY', ` ${KEY}`],
    ['WX_API_KEY', '密'.repeat(32)],
    ['WX_SIGN_TYPE', 'RSA'],
    ['WX_SIGN_TYPE', 'md5'],
    ['WX_SIGN_TYPE', 'HMAC-SHA1'],
    ['MERCHANT_TOKEN', 't'.repeat(31)],
    ['MERCHANT_TOKEN', `${'t'.repeat(32)} `],
    ['MERCHANT_TOKEN_OLD', 't'.repeat(31)],
    ['WX_API_KEY_OLD', KEY.slice(1)],
    ['WX_API_KEY_OLD', `${KEY}0`],
    ['LATE_PAYMENT', 'sometimes'],
    ['LATE_PAYMENT', 'Accept'],
    ['SHARED_APPID', 'true'],
    ['WEBHOOK_SECRET', 'a-secret-without-its-prefix-0123456789'],
    ['WEBHOOK_SECRET', 'whsec_short'],
    ['WEBHOOK_SECRET', 'whsec_with-characters-that-base64-has-not-'],
    ['WEBHOOK_SECRET_OLD', 'whsec_short'],
    ['TICK_CALLS', '0'],
    ['TICK_CALLS', '-1'],
    ['TICK_CALLS', '1.5'],
    ['TICK_CALLS', 'many'],
    ['TICK_STATEMENTS', '0'],
    ['TICK_STATEMENTS', '99999999'],
  ])('names %s when it is malformed (%j), and never prints its value', (name, value) => {
    expect(wrong({ [name]: value })).toEqual([name])
    expect(JSON.stringify(readConfig({ ...ENV, [name]: value }))).not.toContain(String(value))
  })

  it('allows LATE_PAYMENT=refund only with a certificate', () => {
    expect(wrong({ LATE_PAYMENT: 'refund' })).toEqual(['LATE_PAYMENT'])
    expect(wrong({ LATE_PAYMENT: 'refund', WX_CERT: { fetch: () => {} } })).toEqual([])
    expect(wrong({ LATE_PAYMENT: 'accept' })).toEqual([])
  })

  it('accepts a token and a key of 32 characters', () => {
    expect(wrong({ MERCHANT_TOKEN: 't'.repeat(32), MERCHANT_TOKEN_OLD: 'o'.repeat(32) })).toEqual(
      [],
    )
    expect(wrong({ WX_API_KEY: 'k'.repeat(32) })).toEqual([])
  })

  it('does not print its secrets', () => {
    const printed = JSON.stringify(
      read({ MERCHANT_TOKEN_OLD: 'o'.repeat(32), WX_API_KEY_OLD: 'p'.repeat(32), WEBHOOK_SECRET }),
    )

    expect(printed).not.toContain(KEY)
    expect(printed).not.toContain(ENV.WX_APP_SECRET)
    expect(printed).not.toContain(ENV.MERCHANT_TOKEN)
    expect(printed).not.toContain('o'.repeat(32))
    expect(printed).not.toContain('p'.repeat(32))
    expect(printed).not.toContain(WEBHOOK_SECRET)
  })
})

describe('an origin', () => {
  const NAMES = ['PUBLIC_URL', 'WX_LOGIN_ORIGIN', 'WX_PAY_ORIGIN', 'WX_PAY_ORIGIN_BACKUP']

  it.each(NAMES)('may end with a slash in %s, and the slash is dropped', (name) => {
    expect(read({ [name]: 'https://example.com/' })).toMatchObject({
      [name]: 'https://example.com',
    })
    expect(read({ [name]: 'https://example.com:8443' })).toMatchObject({
      [name]: 'https://example.com:8443',
    })
  })

  it.each(NAMES)('must be an origin and nothing else in %s', (name) => {
    for (const value of [
      'https://example.com/notify',
      'https://example.com//',
      'https://example.com?x=1',
      'https://example.com/?',
      'https://example.com#x',
      'https://user:pass@example.com',
      'example.com',
      '//example.com',
      'https://',
      'ftp://example.com',
      'javascript:alert(1)',
      'https://example.com\n',
      ' https://example.com',
      'file:///etc/passwd',
    ]) {
      expect(wrong({ [name]: value }), value).toEqual([name])
    }
  })

  it.each(NAMES)('may not be plain http to another machine in %s', (name) => {
    for (const value of [
      'http://example.com',
      'http://192.168.1.2',
      'http://10.0.0.1',
      'http://0.0.0.0',
      'http://localhost.example.com',
      'http://127.0.0.1.example.com',
      'http://notlocalhost',
    ]) {
      expect(wrong({ WX_PAY_ORIGIN: LOOPBACK, [name]: value }), value).toEqual([name])
    }
  })

  it.each(['http://localhost:8787', 'http://127.0.0.1:8787', 'http://[::1]:8787'])(
    'may be %s in PUBLIC_URL only while WX_PAY_ORIGIN is on this machine too',
    (value) => {
      expect(wrong({ PUBLIC_URL: value, WX_PAY_ORIGIN: LOOPBACK })).toEqual([])
      expect(wrong({ PUBLIC_URL: value })).toEqual(['PUBLIC_URL'])
      expect(wrong({ PUBLIC_URL: value, WX_PAY_ORIGIN: 'https://api.mch.weixin.qq.com' })).toEqual([
        'PUBLIC_URL',
      ])
    },
  )
})

describe('a webhook target', () => {
  const target = (WEBHOOK_URL: string, changes: Record<string, string> = {}) =>
    wrong({ WEBHOOK_URL, WEBHOOK_SECRET, ...changes })

  it('may be any https URL, together with a secret', () => {
    expect(target('https://shop.example.com/hooks/wxpay?x=1')).toEqual([])
    expect(wrong({ WEBHOOK_URL: 'https://shop.example.com/hooks' })).toEqual(['WEBHOOK_SECRET'])
  })

  it('may be on this machine only in development', () => {
    expect(target('http://127.0.0.1:3000/hooks', { WX_PAY_ORIGIN: LOOPBACK })).toEqual([])
    expect(target('http://127.0.0.1:3000/hooks')).toEqual(['WEBHOOK_URL'])
  })

  it.each([
    'http://shop.example.com/hooks',
    'http://10.0.0.1/hooks',
    'http://localhost.example.com/',
    'ftp://shop.example.com/',
    'file:///etc/passwd',
    'shop.example.com/hooks',
    'not an address',
  ])('may not be %s', (url) => {
    expect(target(url)).toEqual(['WEBHOOK_URL'])
    expect(target(url, { WX_PAY_ORIGIN: LOOPBACK })).toEqual(['WEBHOOK_URL'])
  })
})
