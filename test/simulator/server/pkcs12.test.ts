import { execFileSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { describe, expect, it } from 'vitest'
import { makeCertificates } from '../../../simulator/server/certificates.ts'
import { formatPkcs12 } from '../../../simulator/server/pkcs12.ts'

const MCH_ID = '1900000109'

const hasOpenssl = (() => {
  try {
    return execFileSync('openssl', ['version']).toString().startsWith('OpenSSL')
  } catch {
    return false
  }
})()

describe('the PKCS#12 file of the merchant', async () => {
  const { merchant } = await makeCertificates(MCH_ID)

  it('is read by Node with the merchant number as password, and with no other', () => {
    const pfx = Buffer.from(formatPkcs12(merchant, MCH_ID))

    expect(() => createSecureContext({ pfx, passphrase: MCH_ID })).not.toThrow()
    expect(() => createSecureContext({ pfx, passphrase: '1900000108' })).toThrow('mac verify')
    const damaged = Buffer.from(pfx)
    damaged[200] = (damaged[200] ?? 0) ^ 1
    expect(() => createSecureContext({ pfx: damaged, passphrase: MCH_ID })).toThrow()
  })

  it.each([1, 50, 63, 64])('can have a password of %i characters', (length) => {
    const passphrase = '7'.repeat(length)

    const pfx = Buffer.from(formatPkcs12(merchant, passphrase))

    expect(() => createSecureContext({ pfx, passphrase })).not.toThrow()
  })

  it.runIf(hasOpenssl)('holds the certificate and the key, as openssl reads them', () => {
    const openssl = (...args: string[]) =>
      execFileSync('openssl', ['pkcs12', '-passin', `pass:${MCH_ID}`, ...args], {
        input: formatPkcs12(merchant, MCH_ID),
        stdio: ['pipe', 'pipe', 'pipe'],
      }).toString()

    const text = openssl('-nodes')

    const pem = (label: string) =>
      new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`).exec(text)?.[0] ?? ''
    expect(new X509Certificate(pem('CERTIFICATE')).raw).toEqual(
      new X509Certificate(merchant.cert).raw,
    )
    const key = createPrivateKey(pem('PRIVATE KEY'))
    expect(key.equals(createPrivateKey(merchant.key))).toBe(true)
    const ids = [...text.matchAll(/localKeyID: ([0-9A-F ]+)/g)].map(([, id = '']) => id.trim())
    expect(ids).toHaveLength(2)
    expect(ids[0]).toBe(ids[1])
    expect(text).toContain('friendlyName: Tenpay Certificate')
  })
})
