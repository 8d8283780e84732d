/** A synchronous `crypto.subtle`. The real one works on other threads, whose order cannot be repeated. */
import { createHash, createHmac, createSecretKey, KeyObject, type webcrypto } from 'node:crypto'

type Bytes = ArrayBuffer | ArrayBufferView

const toBuffer = (bytes: Bytes): Buffer =>
  bytes instanceof ArrayBuffer
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const toArrayBuffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

const hashName = (algorithm: unknown): string => {
  const name = typeof algorithm === 'string' ? algorithm : nameIn(algorithm)
  return name.replace('-', '').toLowerCase()
}

function nameIn(algorithm: unknown): string {
  if (typeof algorithm !== 'object' || algorithm === null) throw new TypeError('no algorithm')
  if ('hash' in algorithm) return hashName(algorithm.hash)
  return 'name' in algorithm ? String(algorithm.name) : ''
}

/** Keys that were imported before: making a key takes longer than using it. */
const keys = new Map<string, webcrypto.CryptoKey>()

const METHODS = {
  digest: async (algorithm: unknown, data: Bytes) =>
    toArrayBuffer(createHash(hashName(algorithm)).update(toBuffer(data)).digest()),

  importKey: async (
    format: string,
    data: Bytes,
    algorithm: { name: string; hash: string },
    _extractable: boolean,
    usages: KeyUsage[],
  ) => {
    if (format !== 'raw') throw new TypeError(`the simulation imports raw keys, not ${format}`)
    const bytes = toBuffer(data)
    const id = `${bytes.toString('hex')} ${algorithm.name} ${algorithm.hash} ${usages.join()}`
    // The key is made extractable even if the caller does not ask for it, because our HMAC must read its bytes.
    const key = keys.get(id) ?? createSecretKey(bytes).toCryptoKey(algorithm, true, usages)
    keys.set(id, key)
    return key
  },

  sign: async (_algorithm: unknown, key: webcrypto.CryptoKey, data: Bytes) =>
    toArrayBuffer(hmac(key, data)),

  verify: async (_algorithm: unknown, key: webcrypto.CryptoKey, signature: Bytes, data: Bytes) =>
    hmac(key, data).equals(toBuffer(signature)),
}

type KeyUsage = 'sign' | 'verify'

const hmac = (key: webcrypto.CryptoKey, data: Bytes): Buffer =>
  createHmac(hashName(key.algorithm), KeyObject.from(key)).update(toBuffer(data)).digest()

/** Replaces `crypto.subtle`'s methods. @returns a function that restores them. */
export function installInstantCrypto(): () => void {
  for (const [name, value] of Object.entries(METHODS)) {
    Object.defineProperty(crypto.subtle, name, { value, configurable: true, writable: true })
  }
  return () => {
    // The real methods are on the prototype of `crypto.subtle`: once the own properties are deleted, the real methods are
    // used again.
    for (const name of Object.keys(METHODS)) Reflect.deleteProperty(crypto.subtle, name)
  }
}
