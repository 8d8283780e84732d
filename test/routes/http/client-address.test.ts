import { describe, expect, it } from 'vitest'
import { clientAddress } from '../../../src/routes/http/client-address.ts'

const PAYER = '203.0.113.7'
const PROXY = '198.51.100.1'

const addressIn = (headers: Readonly<Record<string, string>>, clientIpHeader?: string) =>
  clientAddress({ headers: new Headers(headers) }, { clientIpHeader })?.text

describe('the address of a client', () => {
  it('is what Cloudflare reports, and no header that the client sends', () => {
    const claimed = { 'x-forwarded-for': PAYER, 'x-real-ip': PAYER, 'true-client-ip': PAYER }
    expect(addressIn({ 'cf-connecting-ip': PROXY, ...claimed })).toBe(PROXY)
    expect(addressIn(claimed)).toBeUndefined()
  })

  it.each([
    // what the proxy's header has, whose address it is
    [PAYER, PAYER],
    [` ${PAYER} `, PAYER],
    ['2001:db8::7', '2001:db8::7'],
    // The client sent 192.0.2.66; the proxy appended the client's own address.
    [`192.0.2.66, ${PAYER}`, PAYER],
    [`192.0.2.66,192.0.2.67,${PAYER}`, PAYER],
    // Cloudflare appended the proxy's address.
    [`${PAYER}, ${PROXY}`, PAYER],
    [`192.0.2.66, ${PAYER}, ${PROXY}`, PAYER],
    [`192.0.2.66, ${PAYER}, ::ffff:${PROXY}`, PAYER],
    // The request did not come through the proxy, or the proxy reports nothing.
    [PROXY, PROXY],
    ['', PROXY],
    ['unknown', PROXY],
    [`${PAYER}, unknown`, PROXY],
    [`${PAYER}, unknown, ${PROXY}`, PROXY],
    [`${PAYER},`, PROXY],
    [`${PAYER}:4711`, PROXY],
  ])('is, with the header of a trusted proxy, of %j the address %s', (reported, address) => {
    const headers = { 'cf-connecting-ip': PROXY, 'x-forwarded-for': reported }
    expect(addressIn(headers, 'X-Forwarded-For')).toBe(address)
  })

  it('is Cloudflare’s when the proxy’s header is absent, and none when both are', () => {
    expect(addressIn({ 'cf-connecting-ip': PROXY }, 'x-real-ip')).toBe(PROXY)
    expect(addressIn({ 'x-real-ip': PAYER }, 'x-real-ip')).toBe(PAYER)
    expect(addressIn({}, 'x-real-ip')).toBeUndefined()
  })
})
