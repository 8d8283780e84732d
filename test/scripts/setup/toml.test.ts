import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import {
  diffLines,
  edit,
  type Wanted,
  withStaging,
} from '../../../scripts/setup/toml/wrangler-edits.ts'
import { readFile, readInstallation } from '../../../scripts/setup/toml/wrangler-file.ts'

const OURS = readFileSync(join(import.meta.dirname, '../../../wrangler.toml'), 'utf8')
const ID = '0123456789abcdef0123456789abcdef'
const ALL: Wanted = {
  accountId: 'a'.repeat(32),
  vars: { WX_APPID: 'wx0123456789abcdef', PLAN: 'free', WX_CERT_EXPIRES: '2031-01-31' },
  kvId: ID,
  certificateId: 'c1',
  domain: 'pay.example.com',
}

/** The comments of a text, with how often each occurs. */
const comments = (text: string): string[] =>
  text.split('\n').flatMap((line) => /(?:^|\s)(#.*)$/.exec(line)?.[1] ?? [])

describe('an edit of wrangler.toml', () => {
  it('changes what is wanted, and nothing else', () => {
    const after = edit(OURS, undefined, ALL)

    expect(readInstallation(after, undefined)).toMatchObject({
      accountId: 'a'.repeat(32),
      vars: {
        WX_APPID: 'wx0123456789abcdef',
        PLAN: 'free',
        WX_CERT_EXPIRES: '2031-01-31',
        WX_MCH_ID: '',
      },
      kvId: ID,
      certificateId: 'c1',
      routes: [{ pattern: 'pay.example.com', custom_domain: true }],
    })
    const {
      account_id: _account,
      routes: _routes,
      mtls_certificates: _certificate,
      ...rest
    } = parse(after)
    const { vars: _vars, kv_namespaces: _kv, ...others } = rest
    const { vars: _varsBefore, kv_namespaces: _kvBefore, ...before } = parse(OURS)
    expect(others).toEqual(before)
  })

  it('keeps every comment but those that become lines', () => {
    const after = comments(edit(OURS, undefined, ALL))
    const gone = comments(OURS).filter((comment) => !after.includes(comment))

    expect(gone).toEqual([
      '# routes = [{ pattern = "pay.example.com", custom_domain = true }]',
      '# [[mtls_certificates]]',
      '# binding = "WX_CERT"',
      '# certificate_id = "00000000-0000-0000-0000-000000000000"',
    ])
  })

  it('is the same when it is made again, and can be changed', () => {
    const once = edit(OURS, undefined, ALL)
    expect(edit(once, undefined, ALL)).toBe(once)

    const other = edit(once, undefined, { certificateId: 'c2', domain: 'other.example.com' })
    expect(readInstallation(other, undefined)).toMatchObject({
      certificateId: 'c2',
      routes: [{ pattern: 'other.example.com' }],
    })
    expect(diffLines(once, other)).toHaveLength(4)
  })

  it('takes a domain out as a comment, and puts it back', () => {
    const one = edit(OURS, undefined, { domain: 'pay.shop.example' })
    const without = edit(one, undefined, { domain: null })

    expect(readInstallation(without, undefined).routes).toEqual([])
    expect(edit(without, undefined, { domain: 'pay.shop.example' })).toBe(one)
  })

  it('shows what changed, with line numbers', () => {
    const after = edit(OURS, undefined, { vars: { WX_MCH_ID: '1900009191' } })
    const line = OURS.split('\n').findIndex((each) => each.startsWith('WX_MCH_ID')) + 1

    expect(diffLines(OURS, after)).toEqual([
      `  ${line} - WX_MCH_ID = ""  # your merchant number`,
      `  ${line} + WX_MCH_ID = "1900009191"  # your merchant number`,
    ])
  })

  const MINIMAL = `name = "mine"
[[d1_databases]]
binding = "DB"
database_name = "mine"
`
  it.each([
    [
      'quotes of the other kind',
      `${MINIMAL}[vars]\nPLAN = 'paid' # mine\n`,
      `PLAN = "free" # mine`,
    ],
    ['a table that is missing', MINIMAL, `[vars]\nPLAN = "free"`],
    [
      'a key that is missing',
      `${MINIMAL}[vars]\nOTHER = "1"\n\n[triggers]\ncrons = []\n`,
      'OTHER = "1"\nPLAN = "free"\n',
    ],
  ])('finds its line with %s', (_what, text, expected) => {
    expect(edit(text, undefined, { vars: { PLAN: 'free' } })).toContain(expected)
  })

  it.each([
    [
      'a value over several lines',
      `${MINIMAL}[vars]\nPLAN = """\npaid"""\n`,
      { vars: { PLAN: 'free' } },
    ],
    ['variables in one line', `vars = { PLAN = "paid" }\n${MINIMAL}`, { vars: { PLAN: 'free' } }],
    [
      'routes over several lines',
      `routes = [\n  { pattern = "a.example.com", custom_domain = true },\n]\n${MINIMAL}`,
      { domain: 'b.example.com' },
    ],
  ])('is refused, with what to write by hand, for %s', (_what, text, wanted) => {
    expect(() => edit(text, undefined, wanted)).toThrow(/by hand.*(free|b\.example\.com)/)
  })

  it('is refused for routes that the setup does not know', () => {
    const several = `routes = ["a.example.com/*", "b.example.com/*"]\n${MINIMAL}`
    expect(() => readInstallation(several, undefined)).toThrow('several routes')
    const plain = `routes = ["a.example.com/*"]\n${MINIMAL}`
    expect(() => edit(plain, undefined, { domain: 'a.example.com' })).toThrow('no custom domain')
  })

  it('is refused for what is no TOML', () => {
    expect(() => readInstallation('name = ', undefined)).toThrow('wrangler.toml is not valid')
  })
})

describe('staging', () => {
  const after = edit(withStaging(OURS), 'staging', {
    vars: { WX_APPID: 'wx0123456789abcdef' },
    certificateId: 'c9',
    kvId: ID,
  })

  it('has a database, limits, secrets and variables of its own, and no domain by inheritance', () => {
    expect(readInstallation(after, 'staging')).toMatchObject({
      worker: 'wxpay-edge-staging',
      database: { name: 'wxpay-edge-staging', migrations: 'src/store/migrations' },
      secrets: ['WX_APP_SECRET', 'WX_API_KEY', 'MERCHANT_TOKEN'],
      vars: { WX_APPID: 'wx0123456789abcdef', WEBHOOK_URL: '' },
      kvId: ID,
      certificateId: 'c9',
      routes: [],
      hasEnvironments: true,
    })
    const { env, ratelimits, vars } = readFile(after)
    const { staging } = env
    expect(Object.keys(staging?.vars ?? {})).toEqual(Object.keys(vars))
    expect(staging?.ratelimits.map(({ name }) => name)).toEqual(ratelimits.map(({ name }) => name))
    const ids = [...ratelimits, ...(staging?.ratelimits ?? [])].map((each) => each.namespace_id)
    expect(new Set(ids).size).toBe(6)
  })

  it('changes nothing above itself', () => {
    expect(after.startsWith(OURS.trimEnd())).toBe(true)
    const { env: _env, ...top } = parse(after)
    expect(top).toEqual(parse(OURS))
  })
})
