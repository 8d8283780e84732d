import { Buffer } from 'node:buffer'
import { createHash, createHmac, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import type { KeyPair } from './certificates.ts'

// PKCS#12 (RFC 7292) is the format of apiclient_cert.p12, the file that WeChat gives to merchants and that many clients read
// instead of PEM. Only what such a file needs is written here: one certificate, and its key encrypted by node:crypto.

type Der = Uint8Array

const MAC_ITERATIONS = 2_048
/** The block length of SHA-256, in bytes. */
const BLOCK = 64

const TAG = { integer: 2, octets: 4, null: 5, objectId: 6, bmp: 0x1e, sequence: 0x30, set: 0x31 }
/** The tag of a context-specific element [0] that wraps another one. */
const EXPLICIT_0 = 0xa0

const DATA = objectId('1.2.840.113549.1.7.1')
const SHA256 = objectId('2.16.840.1.101.3.4.2.1')
const X509_CERTIFICATE = objectId('1.2.840.113549.1.9.22.1')
const ENCRYPTED_KEY_BAG = objectId('1.2.840.113549.1.12.10.1.2')
const CERTIFICATE_BAG = objectId('1.2.840.113549.1.12.10.1.3')
const FRIENDLY_NAME = objectId('1.2.840.113549.1.9.20')
const LOCAL_KEY_ID = objectId('1.2.840.113549.1.9.21')

/**
 * Writes a certificate and its private key, both in PEM, as a PKCS#12 file. The key is encrypted with AES-256, the certificate is
 * not, and an HMAC with SHA-256 protects both.
 * @param password Protects the file. WeChat uses the merchant number.
 * @see https://www.rfc-editor.org/rfc/rfc7292
 */
export function formatPkcs12({ cert, key }: KeyPair, password: string): Uint8Array {
  const certificate = new X509Certificate(cert).raw
  const encryptedKey = createPrivateKey(key).export({
    type: 'pkcs8',
    format: 'der',
    cipher: 'aes-256-cbc',
    passphrase: password,
  })
  // Java finds the certificate of a key by their common id, and needs a name.
  const attributes = der(
    TAG.set,
    attribute(FRIENDLY_NAME, der(TAG.bmp, utf16('Tenpay Certificate'))),
    attribute(LOCAL_KEY_ID, der(TAG.octets, createHash('sha1').update(certificate).digest())),
  )
  const bags = der(
    TAG.sequence,
    bag(
      CERTIFICATE_BAG,
      der(TAG.sequence, X509_CERTIFICATE, der(EXPLICIT_0, der(TAG.octets, certificate))),
      attributes,
    ),
    bag(ENCRYPTED_KEY_BAG, encryptedKey, attributes),
  )
  const contents = der(TAG.sequence, data(bags))
  return der(TAG.sequence, integer(3), data(contents), macOf(contents, password))
}

function macOf(contents: Der, password: string): Der {
  const salt = randomBytes(BLOCK)
  const digest = createHmac('sha256', macKey(password, salt)).update(contents).digest()
  const algorithm = der(TAG.sequence, SHA256, der(TAG.null))
  return der(
    TAG.sequence,
    der(TAG.sequence, algorithm, der(TAG.octets, digest)),
    der(TAG.octets, salt),
    integer(MAC_ITERATIONS),
  )
}

/** Derives the key of the HMAC (RFC 7292, appendix B.2). The key is one hash long, so the loop over blocks has one round. */
function macKey(password: string, salt: Uint8Array): Uint8Array {
  const fill = (bytes: Uint8Array) => Buffer.alloc(Math.ceil(bytes.length / BLOCK) * BLOCK, bytes)
  const purpose = Buffer.alloc(BLOCK, 3)
  let hash: Uint8Array = Buffer.concat([purpose, fill(salt), fill(utf16(`${password}\0`))])
  for (let n = 0; n < MAC_ITERATIONS; n++) hash = createHash('sha256').update(hash).digest()
  return hash
}

const data = (content: Der): Der =>
  der(TAG.sequence, DATA, der(EXPLICIT_0, der(TAG.octets, content)))

const bag = (type: Der, value: Der, attributes: Der): Der =>
  der(TAG.sequence, type, der(EXPLICIT_0, value), attributes)

const attribute = (type: Der, value: Der): Der => der(TAG.sequence, type, der(TAG.set, value))

/** Writes one DER element (X.690): tag, length, content. */
function der(tag: number, ...parts: readonly Der[]): Der {
  const content = Buffer.concat(parts)
  const length = base(256, content.length)
  const isShort = content.length < 128
  return Buffer.from([
    tag,
    ...(isShort ? [content.length] : [0x80 + length.length, ...length]),
    ...content,
  ])
}

function integer(value: number): Der {
  const bytes = base(256, value)
  // A leading bit of 1 would make the number negative.
  return der(TAG.integer, Buffer.from((bytes[0] ?? 0) < 128 ? bytes : [0, ...bytes]))
}

function objectId(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const arcs = [first * 40 + second, ...rest].flatMap((arc) =>
    base(128, arc).map((digit, n, all) => (n === all.length - 1 ? digit : digit + 128)),
  )
  return der(TAG.objectId, Buffer.from(arcs))
}

/** The digits of a number in a base, the most significant first. */
function base(radix: number, value: number): number[] {
  return value < radix ? [value] : [...base(radix, Math.floor(value / radix)), value % radix]
}

function utf16(text: string): Uint8Array {
  return Buffer.from(text, 'utf16le').swap16()
}
