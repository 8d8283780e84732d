import { describe, expect, it } from 'vitest'
import { OPERATORS_MAX, readOperators } from '../src/operators.ts'

const hash = (digit: string): string => digit.repeat(64)
const LI = { token_sha256: hash('a'), role: 'operator' }

/** What is wrong with a value of OPERATORS; undefined when it is well-formed. */
const complaint = (value: unknown): string | undefined => {
  const read = readOperators(typeof value === 'string' ? value : JSON.stringify(value))
  return read.ok ? undefined : read.error
}

describe('OPERATORS', () => {
  it('names people with a role and the hash of a token, whose digits may be upper-case', () => {
    const read = readOperators(
      JSON.stringify({ 'li.wei': LI, Zhang_3: { token_sha256: hash('B'), role: 'viewer' } }),
    )

    if (!read.ok) throw new Error(read.error)
    expect(
      read.value.map(({ name, role, tokenSha256 }) => [name, role, tokenSha256.reveal()]),
    ).toEqual([
      ['li.wei', 'operator', hash('a')],
      ['Zhang_3', 'viewer', hash('b')],
    ])
    expect(complaint({})).toBeUndefined()
  })

  it.each(['x', '0', 'x'.repeat(32), 'constructor', 'prototype', 'A.b_c-9', 'shopkeeper'])(
    'may name %s',
    (name) => {
      const read = readOperators(JSON.stringify({ [name]: LI }))
      expect(read.ok && read.value.map((each) => each.name)).toEqual([name])
    },
  )

  it.each([
    'shop',
    'system',
    'wechat',
    'payer',
    'Shop',
    'SYSTEM',
    '',
    'x'.repeat(33),
    '-rf',
    '.hidden',
    'li wei',
    'li/wei',
    '李伟',
    '__proto__',
    'li\n',
  ])('may not name %j', (name) => {
    expect(complaint(`{${JSON.stringify(name)}: ${JSON.stringify(LI)}}`)).toMatch(/^A name has/)
  })

  it.each([
    ['', 'JSON object'],
    ['li.wei', 'JSON object'],
    ['null', 'JSON object'],
    ['[]', 'JSON object'],
    ['"text"', 'JSON object'],
    [{ li: null }, 'li needs'],
    [{ li: hash('a') }, 'li needs'],
    [{ li: { role: 'viewer' } }, 'li needs'],
    [{ li: { ...LI, role: 'admin' } }, 'li needs'],
    [{ li: { ...LI, role: undefined } }, 'li needs'],
    [{ li: { ...LI, token_sha256: hash('a').slice(1) } }, 'li needs'],
    [{ li: { ...LI, token_sha256: `${hash('a')}a` } }, 'li needs'],
    [{ li: { ...LI, token_sha256: hash('g') } }, 'li needs'],
    [{ li: LI, zhang: { ...LI, role: 'viewer' } }, 'zhang has the token of another operator'],
    [{ li: LI, zhang: { ...LI, token_sha256: hash('A') } }, 'zhang has the token of another'],
  ])('is refused as a whole when it is %j', (value, why) => {
    expect(complaint(value)).toContain(why)
    expect(complaint(value)).not.toMatch(/[0-9a-f]{32}/i)
  })

  it('has room for forty', () => {
    const people = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, at) => [
          `operator-${at}`,
          { token_sha256: String(at).padStart(64, '0'), role: 'viewer' },
        ]),
      )
    expect(OPERATORS_MAX).toBe(40)
    expect(complaint(people(40))).toBeUndefined()
    expect(complaint(people(41))).toContain('At most 40')
  })
})
