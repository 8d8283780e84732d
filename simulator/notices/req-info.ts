import { Buffer } from 'node:buffer'
import { createCipheriv, createHash } from 'node:crypto'

/**
 * Encrypts the inner XML of a refund notice: AES-256-ECB with PKCS#7 padding, as Base64. The AES key is the MD5 of the API key
 * in lower-case hex: its 32 characters, leading zeros included, are the 32 bytes.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937201
 */
export function encryptReqInfo(plaintext: string, apiKey: string): string {
  const key = createHash('md5').update(apiKey, 'utf8').digest('hex')
  // ECB has no IV. Node accepts null as the IV, but workerd only an empty text.
  const cipher = createCipheriv('aes-256-ecb', key, '')
  return Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]).toString('base64')
}
