import { isIP } from 'node:net'
import { describe, expect, it } from 'vitest'
import { readIpAddress } from '../../src/lib/ip-address.ts'
import { seeded } from '../../testing/wire/seeded.ts'

const SEED = 20261128

describe('an address', () => {
  it.each([
    // text as a client may send it, text as WeChat gets it, whom a rate limit counts
    ['203.0.113.7', '203.0.113.7', '203.0.113.7'],
    ['0.0.0.0', '0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255', '255.255.255.255'],
    // An IPv4 address inside an IPv6 one.
    ['::ffff:203.0.113.7', '203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7', '203.0.113.7'],
    ['0:0:0:0:0:ffff:cb00:7107', '203.0.113.7', '203.0.113.7'],
    ['0000:0000:0000:0000:0000:ffff:203.0.113.7', '203.0.113.7', '203.0.113.7'],
    // Every spelling of one IPv6 address, and its neighbours in the /64.
    ['2001:db8::7', '2001:db8::7', '2001:db8:0:0::/64'],
    ['2001:DB8::7', '2001:db8::7', '2001:db8:0:0::/64'],
    ['2001:0db8:0000:0000:0000:0000:0000:0007', '2001:db8::7', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:0:0:0.0.0.7', '2001:db8::7', '2001:db8:0:0::/64'],
    ['2001:db8::0.0.0.7', '2001:db8::7', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:ffff:ffff:ffff:ffff', '2001:db8::ffff:ffff:ffff:ffff', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::7', '2001:db8:0:1::7', '2001:db8:0:1::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', '1:2:3:4::/64'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8', '0:2:3:4::/64'],
    ['::', '::', '0:0:0:0::/64'],
    ['::1', '::1', '0:0:0:0::/64'],
    // A zone is the business of the host that has the interface.
    ['fe80::1%eth0', 'fe80::1', 'fe80:0:0:0::/64'],
    ['fe80::1%25en1', 'fe80::1', 'fe80:0:0:0::/64'],
    ['FE80::1%3', 'fe80::1', 'fe80:0:0:0::/64'],
    // These only look like ::ffff:0:0/96.
    ['::fffe:cb00:7107', '::fffe:cb00:7107', '0:0:0:0::/64'],
    ['::1:ffff:cb00:7107', '::1:ffff:cb00:7107', '0:0:0:0::/64'],
    ['::203.0.113.7', '::cb00:7107', '0:0:0:0::/64'],
  ])('%s is %s, and counts as %s', (given, text, network) => {
    expect(readIpAddress(given)).toEqual({ text, network })
  })

  it.each([
    '',
    ' ',
    'unknown',
    '-',
    'localhost',
    'pay.example.com',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '01.2.3.4',
    '0x1.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4:80',
    '1.2.3.4%eth0',
    '1.2.3.4, 5.6.7.8',
    '[2001:db8::7]',
    '[2001:db8::7]:443',
    '2001:db8::7]/[',
    '2001:db8::7/64',
    '2001:db8::7%',
    '2001:db8::7%a b',
    '2001:db8',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '::1.2.3',
    '::1.2.3.256',
    '::01.2.3.4',
    '1.2.3.4::',
    '::ffff:1.2.3.4:5',
    ':1:2:3:4:5:6:7',
    '１.2.3.4',
    '::1\n',
    `${'0'.repeat(60)}::1`,
  ])('is not %j', (text) => {
    expect(readIpAddress(text)).toBeUndefined()
  })

  it('has one network for every spelling of every address in it', () => {
    const { below } = seeded(SEED)
    const bit = (): boolean => below(2) === 0
    for (let count = 0; count < 2_000; count++) {
      const groups = Array.from({ length: 8 }, () => (bit() ? 0 : below(0x10000)))
      const host = [...groups.slice(0, 4), ...Array.from({ length: 4 }, () => below(0x10000))]
      if (groups.slice(0, 4).every((group) => group === 0)) continue
      const network = `${groups
        .slice(0, 4)
        .map((group) => group.toString(16))
        .join(':')}::/64`
      const spelled = spell(groups, bit, below)
      expect(readIpAddress(spelled)?.network, spelled).toBe(network)
      expect(readIpAddress(spell(host, bit, below))?.network).toBe(network)
      const text = readIpAddress(spelled)?.text ?? ''
      expect(isIP(text), text).toBe(6)
      expect(readIpAddress(text)?.text, 'it is one text, however it was spelled').toBe(text)
      expect(readIpAddress(spell(groups, bit, below))?.text).toBe(text)
    }
  })

  it('is what Node takes for one, among texts that are almost addresses', () => {
    const { below } = seeded(SEED + 1)
    const pieces = [
      '0',
      '1',
      'ff',
      'FFFF',
      '00a',
      '12345',
      ':',
      ':',
      '::',
      '.',
      '1.2.3.4',
      '256',
      'g',
    ]
    let addresses = 0
    for (let count = 0; count < 50_000; count++) {
      const length = 1 + below(15)
      const text = Array.from({ length }, () => pieces[below(pieces.length)]).join('')
      expect(readIpAddress(text) !== undefined, text).toBe(isIP(text) !== 0)
      if (isIP(text) !== 0) addresses++
    }
    expect(addresses).toBeGreaterThan(500)
  })
})

/** Spells an IPv6 address in one of the ways that are allowed: any letter case, leading zeros, `::` at any zeros, an IPv4 tail. */
function spell(
  groups: readonly number[],
  bit: () => boolean,
  below: (count: number) => number,
): string {
  const hex = groups.map((group) => {
    const digits = group.toString(16)
    const long = bit() ? digits.padStart(4, '0') : digits
    return bit() ? long.toUpperCase() : long
  })
  const [high = 0, low = 0] = groups.slice(6)
  const tail = bit() ? [[high >> 8, high & 255, low >> 8, low & 255].join('.')] : hex.slice(6)
  const parts = [...hex.slice(0, 6), ...tail]
  const from = below(6)
  const zeros = groups.slice(from, 6).findIndex((group) => group !== 0)
  const run = zeros < 0 ? 6 - from : zeros
  if (run === 0) return parts.join(':')
  return `${parts.slice(0, from).join(':')}::${parts.slice(from + run).join(':')}`
}
