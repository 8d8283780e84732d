import { describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.ts'
import { useCaseConfig } from '../src/use-case-config.ts'

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
      REQUIRE_OPENID: 'no',
      LATE_PAYMENT: 'accept',
      SHARED_APPID: 'no',
      PLAN: 'paid',
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
    'WX_APP_SECRET_OLD',
    'WX_API_KEY_OLD',
    'REQUIRE_OPENID',
    'WEBHOOK_URL',
    'WEBHOOK_SECRET',
    'WEBHOOK_SECRET_OLD',
    'LATE_PAYMENT',
    'SHARED_APPID',
    'PLAN',
    'TICK_CALLS',
    'TICK_STATEMENTS',
  ])('treats an empty %s like a missing one', (name) => {
    expect(read({ [name]: '' })).toEqual(read())
  })

  it('names every wrong variable once, those of switched-off features too', () => {
    const names = readConfig({ WX_SIGN_TYPE: 'RSA', WEBHOOK_URL: 'https://shop.test/' })

    expect(!names.ok && [...names.error].sort()).toEqual(
      [...Object.keys(ENV), 'WX_SIGN_TYPE', 'WEBHOOK_SECRET'].sort(),
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
    ['WX_APP_SECRET_OLD', 'has a blank'],
    ['REQUIRE_OPENID', 'true'],
    ['REQUIRE_OPENID', 'YES'],
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

  it('names the two when the AppSecret and the API key are the same text', () => {
    expect(wrong({ WX_APP_SECRET: KEY })).toEqual(['WX_APP_SECRET', 'WX_API_KEY'])
  })

  it('warns of an origin on workers.dev, which mainland China cannot reach, and works with it', () => {
    const warning = [{ variable: 'PUBLIC_URL', reason: 'workers_dev' }]
    expect(read({ PUBLIC_URL: 'https://wxpay-edge.shop.workers.dev' }).warnings).toEqual(warning)
    expect(read({ PUBLIC_URL: 'https://workers.dev.shop.test' }).warnings).toEqual([])
    expect(read().warnings).toEqual([])
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
      read({
        MERCHANT_TOKEN_OLD: 'o'.repeat(32),
        WX_API_KEY_OLD: 'p'.repeat(32),
        WX_APP_SECRET_OLD: 'q'.repeat(32),
        WEBHOOK_SECRET,
      }),
    )

    expect(printed).not.toContain(KEY)
    expect(printed).not.toContain(ENV.WX_APP_SECRET)
    expect(printed).not.toContain(ENV.MERCHANT_TOKEN)
    expect(printed).not.toContain('o'.repeat(32))
    expect(printed).not.toContain('p'.repeat(32))
    expect(printed).not.toContain('q'.repeat(32))
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
  const target = (changes: Record<string, string>) =>
    read({ WEBHOOK_URL: 'https://shop.test/hooks', WEBHOOK_SECRET, ...changes })
  const off = (...variables: string[]) => [{ feature: 'webhooks', variables }]
  const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 0xa7).toString('base64')}`

  it('may be any https URL, together with a secret', () => {
    const vars = target({ WEBHOOK_URL: 'https://shop.example.com/hooks/wxpay?x=1' })
    expect(vars.WEBHOOK_URL).toBe('https://shop.example.com/hooks/wxpay?x=1')
    expect(vars.WEBHOOK_SECRET?.reveal()).toBe(WEBHOOK_SECRET)
    expect(vars.off).toEqual([])
    expect(read().off).toEqual([])
    expect(read({ WEBHOOK_SECRET }).off).toEqual([])
  })

  it('without a secret switches webhooks off, because every webhook is signed', () => {
    expect(target({ WEBHOOK_SECRET: '' }).off).toEqual(off('WEBHOOK_SECRET'))
  })

  it('may be on this machine only in development', () => {
    const WEBHOOK_URL = 'http://127.0.0.1:3000/hooks'
    expect(target({ WEBHOOK_URL, WX_PAY_ORIGIN: LOOPBACK }).off).toEqual([])
    expect(target({ WEBHOOK_URL, WX_PAY_ORIGIN: LOOPBACK }).WX_PAY_ORIGIN).toBe(LOOPBACK)
    expect(target({ WEBHOOK_URL }).off).toEqual(off('WEBHOOK_URL'))
  })

  it.each([
    'http://shop.example.com/hooks',
    'http://10.0.0.1/hooks',
    'http://localhost.example.com/',
    'ftp://shop.example.com/',
    'file:///etc/passwd',
    'https://user:pass@shop.example.com/hooks',
    'shop.example.com/hooks',
    'not an address',
  ])('may not be %s: webhooks are off, and everything else works', (url) => {
    for (const WX_PAY_ORIGIN of ['', LOOPBACK]) {
      const vars = target({ WEBHOOK_URL: url, WX_PAY_ORIGIN })
      expect(vars.off).toEqual(off('WEBHOOK_URL'))
      expect([vars.WEBHOOK_URL, vars.WEBHOOK_SECRET]).toEqual([undefined, undefined])
      expect(JSON.stringify(vars)).not.toContain(url)
    }
  })

  it.each(['WEBHOOK_SECRET', 'WEBHOOK_SECRET_OLD'])(
    'has in %s the Base64 of 24 to 64 bytes behind whsec_; any other text switches webhooks off',
    (name) => {
      for (const bytes of [24, 25, 26, 64]) {
        expect(target({ [name]: secretOf(bytes) }).off, String(bytes)).toEqual([])
      }
      for (const value of [
        secretOf(23),
        secretOf(65),
        secretOf(24).replace('whsec_', ''),
        secretOf(24).toUpperCase(),
        'whsec_',
        'whsec_short',
        // 33 characters: no number of bytes has a Base64 of this length.
        `${secretOf(24)}A`,
        `${secretOf(24)}=`,
        secretOf(25).replace('=', ''),
        secretOf(24).replace(/.$/, '-'),
        secretOf(24).replace(/.$/, ' '),
        `${secretOf(24)}\n`,
      ]) {
        expect(target({ [name]: value }).off, value).toEqual(off(name))
      }
    },
  )
})

describe('the keys of tickets', () => {
  const keysOf = (vars: ReturnType<typeof read>) =>
    useCaseConfig(vars, { paused: false, perDay: undefined }, false).ticketKeys()

  it('are derived once for all requests of a configuration', async () => {
    const vars = read()
    const [first] = await keysOf(vars)
    expect((await keysOf(vars))[0]).toBe(first)
  })

  it('are others when the configuration is read anew, as after a new AppSecret', async () => {
    const text = new TextEncoder().encode('x')
    const macWith = async (changes: Record<string, unknown>): Promise<string> => {
      const [key] = await keysOf(read(changes))
      return Buffer.from(await crypto.subtle.sign('HMAC', key, text)).toString('hex')
    }
    const old = await macWith({})
    expect(await macWith({ WX_APP_SECRET: 'f123456789abcdef0123456789abcdef' })).not.toBe(old)
    expect(await macWith({})).toBe(old)
  })
})
