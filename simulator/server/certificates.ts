/**
 * WeChat's certificate authority, made anew at every start and known to nobody else. It signs this machine's server and, as
 * the real one does for a merchant, the client certificate that refunds need. Nothing is kept: a key lives as long as its process.
 */
import { webcrypto } from 'node:crypto'
import { isIP } from 'node:net'
import type * as X509 from '@peculiar/x509'

/** PEM, both. */
export type KeyPair = { cert: string; key: string }

export type Certificates = {
  /** The certificate of the authority, in PEM: what the server is verified with. */
  authority: string
  server: KeyPair
  merchant: KeyPair
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const HOUR_MS = 3_600_000
/** Longer than anybody leaves a simulator running, shorter than anybody could come to rely on. */
const LIFE_MS = 30 * 24 * HOUR_MS

/**
 * @param mchId Becomes the common name of the client certificate, as WeChat has it.
 * @param hosts Names and addresses of the server beside localhost and 127.0.0.1.
 */
export async function makeCertificates(
  mchId: string,
  hosts: readonly string[] = [],
): Promise<Certificates> {
  const x509 = await loadLibrary()
  const nowMs = Date.now()
  // From an hour ago: whoever verifies may have a clock of its own.
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
 * Underneath, a container for dependency injection refuses to load where nobody has added the metadata of decorators to
 * `Reflect`. It only asks for that of classes that are given something, and of these the library has none.
 */
async function loadLibrary(): Promise<typeof X509> {
  if (!('getMetadata' in Reflect)) {
    const none = () => undefined
    Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none })
  }
  return import('@peculiar/x509')
}
