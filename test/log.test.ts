import { describe, expect, it } from 'vitest'
import { Secret } from '../src/lib/secret.ts'
import { guardedLog } from '../src/log.ts'
import type { LogEntry } from '../src/ports/deps.ts'

const KEY = 'a key, with blanks and 密钥'
const OPENID = 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o'

/** What is written of a field. */
function logged(fields: Readonly<Record<string, string | number | undefined>>): LogEntry {
  const written: LogEntry[] = []
  const log = guardedLog((entry) => void written.push(entry), [new Secret(KEY), new Secret('x')])
  log({ event: 'test', ...fields })
  expect(written).toHaveLength(1)
  return written[0] ?? { event: '' }
}
const errorOf = (error: string): unknown => logged({ error })['error']

describe('a line of the log', () => {
  it.each(['error', 'reason', 'path', 'ordercode', 'a_new_field'])(
    'has no configured secret in %s',
    (name) => {
      expect(logged({ [name]: `before ${KEY} after ${KEY}` })[name]).toBe(
        'before [secret] after [secret]',
      )
    },
  )

  it.each([
    ['an openid', OPENID],
    ['a login code', '0a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTu'],
    ['a signature', 'C380BEC2BFD727A4B6845133519F3AD6'],
    ['a token of another installation', 'sk_live_0123456789abcdef01234567'],
    ['a session_key', 'HyVFkGl5F5OQWJZZaNzBBg=='],
    ['a webhook secret', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
  ])('has only the first four characters of %s', (_, token) => {
    expect(errorOf(`openid=${token}, refused`)).not.toContain(token)
    expect(errorOf(`the value ${token} is refused`)).toBe(
      `the value ${token.slice(0, 4)}… is refused`,
    )
    expect(logged({ a_new_field: token })['a_new_field']).toBe(`${token.slice(0, 4)}…`)
  })

  it.each([
    'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
    'UNIQUE constraint failed: orders.ordercode: SQLITE_CONSTRAINT (extended: SQLITE_CONSTRAINT_PRIMARYKEY)',
    '此商家的收款功能已被限制，暂无法支付。商家可登录微信商户平台/微信支付商家助手小程序查看原因和解决方案。',
    'invalid code, rid: 60c1a2b3-1e2f3a4b-5c6d7e8f9a0b',
    'internal error; reference = v3k8s9d0f1g2h3j4k5l6m7n8',
    'no such table: a_table_with_a_really_long_name',
  ])('keeps the words of other systems: %s', (words) => {
    expect(errorOf(words)).toBe(words)
  })

  it('keeps the numbers of orders, payments and refunds, which may be as long as a token', () => {
    const numbers = {
      ordercode: 'order-2026-11-23-0000000001a',
      out_trade_no: 'order-2026-11-23-0000000001a*2',
      out_refund_no: 'auto*4200000109201911239876543210',
      transaction_id: '4200000109201911239876543210',
      subject: 'auto*4200000109201911239876543210',
      id: 'order.paid.4200000109201911239876543210',
    }
    expect(logged(numbers)).toEqual({ event: 'test', ...numbers })
  })

  it('keeps numbers and missing values, and ends a value after 800 characters', () => {
    expect(logged({ status: 502, stack: undefined })).toEqual({
      event: 'test',
      status: 502,
      stack: undefined,
    })
    expect(errorOf('字 '.repeat(10_000))).toHaveLength(801)
  })
})
