import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCertificate } from '../../../scripts/setup/ask/certificate.ts'
import {
  PLAN,
  refusedTogether,
  REQUIRED_VARS,
  secretOf,
} from '../../../scripts/setup/ask/values.ts'
import { languageOf } from '../../../scripts/setup/words.ts'
import { withSecretsFile } from '../../../scripts/setup/wrangler.ts'
import { writeCertificate } from '../../../testing/cloudflare/project.ts'

const valueOf = (name: string) =>
  [...REQUIRED_VARS, PLAN].find((each) => each.name === name) ?? secretOf(name)
const judge = (name: string, typed: string) => {
  const value = valueOf(name)
  return value.wrong(value.normalize(typed))
}

describe('a value', () => {
  it.each([
    ['WX_APPID', ' wxd678efh567hg6787 '],
    ['WX_MCH_ID', '1900009191'],
    ['WX_MCH_ID', '10000100'],
    ['WX_APP_SECRET', '0123456789abcdef0123456789abcdef'],
    ['WX_API_KEY', 'abcdefghijklmnopqrstuvwxyz012345'],
    ['MERCHANT_TOKEN', 'x'.repeat(32)],
    ['PUBLIC_URL', 'pay.example.com'],
    ['PUBLIC_URL', 'https://Pay.Example.com/'],
    ['PLAN', 'free'],
  ])('%s may be "%s"', (name, typed) => {
    expect(judge(name, typed)).toBeUndefined()
  })

  it.each([
    ['WX_APPID', '1900009191', 'wx'],
    ['WX_MCH_ID', 'wx0123456789abcdef', '8 to 10 digits'],
    ['WX_MCH_ID', '190000919', undefined],
    ['WX_APP_SECRET', 'two words', 'no spaces'],
    ['WX_API_KEY', 'x'.repeat(31), 'exactly 32'],
    ['WX_API_KEY', '密'.repeat(32), 'exactly 32'],
    ['MERCHANT_TOKEN', 'short', '32 to 512'],
    ['PUBLIC_URL', 'https://pay.example.com/notify', 'no path'],
    ['PUBLIC_URL', 'http://pay.example.com', 'no path'],
    ['PUBLIC_URL', 'pay.example.com:8443', 'no path'],
    ['PUBLIC_URL', '203.0.113.7', 'no path'],
    ['PUBLIC_URL', 'localhost', 'no path'],
    ['PUBLIC_URL', '*.example.com', 'no path'],
    ['PUBLIC_URL', 'shop.workers.dev', 'workers.dev'],
    ['PLAN', 'pro', '"paid" or "free"'],
  ])('%s may not be "%s"', (name, typed, why) => {
    const wrong = judge(name, typed)
    if (why === undefined) return expect(wrong).toBeUndefined()
    expect(wrong?.en).toContain(why)
    expect(wrong?.zh).toMatch(/[\u4e00-\u9fff]/)
  })

  it('is judged together with the others by the rules of the Worker', () => {
    const vars = {
      WX_APPID: 'wx0123456789abcdef',
      WX_MCH_ID: '1900009191',
      PUBLIC_URL: 'https://pay.example.com',
    }
    const twice = { WX_APP_SECRET: 'x'.repeat(32), WX_API_KEY: 'x'.repeat(32) }

    expect(refusedTogether(vars, {}, false)).toEqual([])
    expect(refusedTogether(vars, twice, false)).toEqual(['WX_APP_SECRET', 'WX_API_KEY'])
    expect(refusedTogether({ ...vars, LATE_PAYMENT: 'refund' }, {}, false)).toEqual([
      'LATE_PAYMENT',
    ])
    expect(refusedTogether({ ...vars, LATE_PAYMENT: 'refund' }, {}, true)).toEqual([])
  })
})

describe('the certificate', () => {
  let folder = ''
  let path = ''
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'wxpay-edge-test-'))
    path = await writeCertificate(folder, '1900009191')
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const read = (key?: string, merchant = '1900009191', nowMs = Date.now()) =>
    readCertificate(path, key, merchant, nowMs)

  it('is read with the key beside it, and tells its last day', () => {
    const { keyPath, lastDay, serial } = read()
    expect(keyPath).toBe(join(folder, 'apiclient_key.pem'))
    // The simulator's certificates live for thirty days.
    expect(lastDay).toBe(new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10))
    expect(serial > 0n).toBe(true)
  })

  it("is refused when it is another merchant's, has ended, or has another key", async () => {
    expect(() => read(undefined, '10000100')).toThrow('belongs to the merchant number 1900009191')
    expect(() => read(undefined, undefined, Date.now() + 31 * 86_400_000)).toThrow('ended on')
    const other = mkdtempSync(join(folder, 'other-'))
    await writeCertificate(other, '1900009191')
    expect(() => read(join(other, 'apiclient_key.pem'))).toThrow('is not the key of')
  })

  it('is refused with the name of the file when it cannot be read or is no PEM', () => {
    expect(() => read(join(folder, 'nowhere.pem'))).toThrow('nowhere.pem cannot be read')
    const p12 = join(folder, 'apiclient_cert.p12')
    writeFileSync(p12, Buffer.from([0x30, 0x82, 0x0a]))
    expect(() => readCertificate(p12, undefined, undefined, Date.now())).toThrow(
      'not the .p12 file',
    )
    expect(() => read(path)).toThrow('no private key')
  })
})

describe('on Windows, the file with the secrets', () => {
  it('is gone afterwards, also when wrangler fails', async () => {
    let seen = ''
    const use = async (path: string) => {
      seen = path
      throw new Error('wrangler failed')
    }
    await expect(withSecretsFile('{}', use)).rejects.toThrow('wrangler failed')
    expect(() => writeFileSync(seen, '', { flag: 'r+' })).toThrow('ENOENT')
  })
})

describe('the language', () => {
  it.each([
    [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
    [{ LANG: 'en_US.UTF-8' }, 'en'],
    [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
    [{ LANG: 'en_US.UTF-8', LC_ALL: '', LC_MESSAGES: 'zh_TW' }, 'zh'],
    [{}, 'en'],
  ])('of %o is %s', (env, language) => {
    expect(languageOf(env)).toBe(language)
  })
})
