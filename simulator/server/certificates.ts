import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import type * as X509 from '@peculiar/x509'

// The simulator's own certificate authority, made at every start. It signs the certificate of the simulator's server and, as
// WeChat's authority does for a merchant, the client certificate that refunds require. Keys are not stored here: each lives as
// long as the process that made it.

/** A certificate and its private key, both in PEM. */
export type KeyPair = { cert: string; key: string }

/** Everything that mutual TLS between a shop and the simulator needs. */
export type Certificates = {
  /** The authority's certificate in PEM, with which a client verifies the server. */
  authority: string
  server: KeyPair
  merchant: KeyPair
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const HOUR_MS = 3_600_000
/** How long the certificates are valid: longer than a simulator usually runs, too short to be relied on. */
const LIFE_MS = 30 * 24 * HOUR_MS

/**
 * Makes a certificate authority, and the server and client certificates that it signs.
 * @param mchId The common name of the client certificate, as in WeChat's own certificates.
 * @param hosts Names and addresses of the server, in addition to localhost and 127.0.0.1.
 */
export async function makeCertificates(
  mchId: string,
  hosts: readonly string[] = [],
): Promise<Certificates> {
  const x509 = await loadLibrary()
  const nowMs = Date.now()
  // The certificates are valid from an hour ago, because the clock of the verifying client can be slow.
  const life = { notBefore: new Date(nowMs - HOUR_MS), notAfter: new Date(nowMs + LIFE_MS) }

  const authorityKeys = await newKeys()
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...life,
    name: [{ O: ['wxpay-edge simulator'] }, { CN: ['Simulated WeChat Pay CA'] }],
    keys: authorityKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey),
    ],
  })
  const issuerId = await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey)

  const issue = async (
    commonName: string,
    usage: X509.ExtendedKeyUsage,
    names: readonly string[],
  ): Promise<KeyPair> => {
    const keys = await newKeys()
    const certificate = await x509.X509CertificateGenerator.create({
      ...life,
      subject: [{ O: ['wxpay-edge simulator'] }, { CN: [commonName] }],
      issuer: authority.subject,
      publicKey: keys.publicKey,
      signingKey: authorityKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([usage]),
        issuerId,
        ...(names.length === 0
          ? []
          : [new x509.SubjectAlternativeNameExtension(names.map(alternativeName))]),
      ],
    })
    const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
    return {
      cert: `${certificate.toString('pem')}\n`,
      key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
    }
  }

  const names = [...new Set(['localhost', '127.0.0.1', ...hosts])]
  return {
    authority: `${authority.toString('pem')}\n`,
    server: await issue('localhost', x509.ExtendedKeyUsage.serverAuth, names),
    merchant: await issue(mchId, x509.ExtendedKeyUsage.clientAuth, []),
  }
}

const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

const alternativeName = (value: string): X509.JsonGeneralName => ({
  type: isIP(value) === 0 ? 'dns' : 'ip',
  value,
})

/**
 * Loads @peculiar/x509. The library depends on a container for dependency injection that refuses to load without
 * `Reflect.getMetadata`. The container calls it only for classes with injected parameters, and the library has none, so a stub
 * is enough.
 */
async function loadLibrary(): Promise<typeof X509> {
  if (!('getMetadata' in Reflect)) {
    const none = () => undefined
    Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none })
  }
  return import('@peculiar/x509')
}
