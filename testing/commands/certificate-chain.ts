/** Certificates for servers of tests: a root, an intermediate authority, and a server with what is wrong about it. */
import { webcrypto } from 'node:crypto'
import type * as X509 from '@peculiar/x509'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY_MS = 86_400_000

/** What a server's certificate is like. */
export type ServerCertificate = Readonly<{
  /** The name that it is for; default localhost. */
  name?: string
  /** In how many days it ends; default 90. Negative for one that has ended. */
  daysLeft?: number
  /** Whether the intermediate certificate is sent with it; default true. */
  isWhole?: boolean
}>

/** An authority, and servers' certificates that its intermediate authority signs; all in PEM. */
export async function certificateChain() {
  // A container that the library depends on refuses to load without these functions; none of its classes needs them.
  if (!('getMetadata' in Reflect)) {
    const none = () => undefined
    Object.assign(Reflect, { getMetadata: none, getOwnMetadata: none })
  }
  const x509 = await import('@peculiar/x509')
  const newKeys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])

  const issue = (
    subject: string,
    keys: CryptoKeyPair,
    issuer: string,
    issuerKeys: CryptoKeyPair,
    daysLeft: number,
    extensions: X509.Extension[],
  ) =>
    x509.X509CertificateGenerator.create({
      subject: `CN=${subject}`,
      issuer: `CN=${issuer}`,
      notBefore: new Date(Date.now() - 200 * DAY_MS),
      notAfter: new Date(Date.now() + daysLeft * DAY_MS),
      publicKey: keys.publicKey,
      signingKey: issuerKeys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions,
    })
  const authority = [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
  ]
  const [rootKeys, middleKeys] = [await newKeys(), await newKeys()]
  const root = await issue('Root of tests', rootKeys, 'Root of tests', rootKeys, 900, authority)
  const middle = await issue(
    'Middle of tests',
    middleKeys,
    'Root of tests',
    rootKeys,
    900,
    authority,
  )

  return {
    root: `${root.toString('pem')}\n`,
    async server({ name = 'localhost', daysLeft = 90, isWhole = true }: ServerCertificate = {}) {
      const keys = await newKeys()
      const leaf = await issue(name, keys, 'Middle of tests', middleKeys, daysLeft, [
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      ])
      const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
      return {
        cert: `${leaf.toString('pem')}\n${isWhole ? `${middle.toString('pem')}\n` : ''}`,
        key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
      }
    },
  }
}
