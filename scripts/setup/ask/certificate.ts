/** Reads the merchant certificate and its key, and refuses what WeChat or Cloudflare would not accept. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Stop, text } from '../words.ts'

export type Certificate = Readonly<{
  path: string
  keyPath: string
  serial: bigint
  /** The last day on which it is valid in UTC, `2027-01-31`. */
  lastDay: string
}>

export const KEY_FILE = 'apiclient_key.pem'

/**
 * Reads both files.
 *
 * @param merchant The merchant number; WeChat writes it into the certificate's subject as CN.
 * @throws Stop that says what is wrong. No part of the key is in it.
 */
export function readCertificate(
  path: string,
  keyPath: string | undefined,
  merchant: string | undefined,
  nowMs: number,
): Certificate {
  const paths = { path: resolve(path), keyPath: resolve(keyPath ?? join(dirname(path), KEY_FILE)) }
  const certificate = parse(paths.path, (pem) => new X509Certificate(pem), 'certificate')
  const key = parse(paths.keyPath, (pem) => createPrivateKey(pem), 'key')
  if (!certificate.checkPrivateKey(key)) {
    throw new Stop(
      text(
        `${paths.keyPath} is not the key of ${paths.path}: both come from the same download at pay.weixin.qq.com.`,
        `${paths.keyPath} 不是 ${paths.path} 的私钥：两个文件应来自 pay.weixin.qq.com 的同一次下载。`,
      ),
    )
  }
  const lastDay = new Date(certificate.validTo).toISOString().slice(0, 10)
  if (Date.parse(certificate.validTo) < nowMs) {
    throw new Stop(
      text(
        `The certificate ended on ${lastDay}. Get a new one: pay.weixin.qq.com → 账户中心 → API安全.`,
        `证书已于 ${lastDay} 过期。请重新申请：pay.weixin.qq.com → 账户中心 → API安全。`,
      ),
    )
  }
  const [, owner] = /^CN=(\d+)$/m.exec(certificate.subject) ?? []
  if (owner !== undefined && merchant !== undefined && owner !== merchant) {
    throw new Stop(
      text(
        `The certificate belongs to the merchant number ${owner}, and WX_MCH_ID is ${merchant}.`,
        `证书属于商户号 ${owner}，而 WX_MCH_ID 是 ${merchant}。`,
      ),
    )
  }
  return { ...paths, serial: BigInt(`0x${certificate.serialNumber}`), lastDay }
}

function parse<T>(path: string, read: (pem: Buffer) => T, what: 'certificate' | 'key'): T {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch {
    throw new Stop(text(`${path} cannot be read.`, `无法读取 ${path}。`))
  }
  try {
    return read(bytes)
  } catch {
    throw new Stop(
      what === 'certificate'
        ? text(
            `${path} is no certificate in PEM form. Of WeChat's download take apiclient_cert.pem, not the .p12 file.`,
            `${path} 不是 PEM 格式的证书。请使用下载包中的 apiclient_cert.pem，而不是 .p12 文件。`,
          )
        : text(
            `${path} is no private key in PEM form. Of WeChat's download take ${KEY_FILE}.`,
            `${path} 不是 PEM 格式的私钥。请使用下载包中的 ${KEY_FILE}。`,
          ),
    )
  }
}
