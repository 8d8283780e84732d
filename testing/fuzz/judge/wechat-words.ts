/** What WeChat really said during an input: the answers that carry its signature, read by the simulator's XML and signature. */
import { createDecipheriv, createHash } from 'node:crypto'
import { parseXml } from '../../../simulator/lib/xml.ts'
import type { SqlRow } from '../../simulation/d1/sqlite.ts'
import { API_KEY, type Exchange, type FuzzWorld, MERCHANT, OLD_KEY } from '../run/world.ts'
import { type Fields, signedFields } from './oracle.ts'

/** A refund as a signed answer to refundquery reports it. */
export type RefundWord = Readonly<{
  number: string
  transactionId: string
  refundFee: string
  status: string
}>

/** The signed answers of one endpoint, of our merchant number and mini program. */
export const signedAnswers = (world: FuzzWorld, endpoint: string): readonly Fields[] =>
  merchantAnswers(world, endpoint).filter((fields) => fields.get('appid') === MERCHANT.appid)

/** The signed answers of one endpoint, also about other mini programs of our merchant number: they share its key. */
export const merchantAnswers = ({ exchanges }: FuzzWorld, endpoint: string): readonly Fields[] =>
  exchanges
    .filter((each) => each.endpoint === endpoint)
    .map(({ got }) => (got === undefined ? undefined : signedFields(got, API_KEY)))
    .filter((fields) => fields !== undefined)
    .filter(
      (fields) =>
        fields.get('return_code') === 'SUCCESS' && fields.get('mch_id') === MERCHANT.mchId,
    )

/** The refunds that WeChat reported during the input. */
export const refundWords = (world: FuzzWorld): readonly RefundWord[] =>
  signedAnswers(world, 'refundquery')
    .filter((fields) => fields.get('result_code') === 'SUCCESS')
    .flatMap((fields) =>
      Array.from({ length: Math.min(50, Number(fields.get('refund_count')) || 0) }, (_, n) => ({
        number: fields.get(`out_refund_no_${n}`) ?? '',
        transactionId: fields.get('transaction_id') ?? '',
        refundFee: fields.get(`refund_fee_${n}`) ?? '',
        status: fields.get(`refund_status_${n}`) ?? '',
      })),
    )

/** Whether a report is about this very refund: number, payment and amount. */
export const isAbout = (word: RefundWord, refund: SqlRow): boolean =>
  word.number === refund['out_refund_no'] &&
  word.transactionId === refund['transaction_id'] &&
  word.refundFee === String(refund['refund_fee'])

/** Whether WeChat said that it has no refund of the number that it was asked about. */
export const isAbsent = (world: FuzzWorld): boolean =>
  signedAnswers(world, 'refundquery').some(
    (fields) =>
      fields.get('result_code') !== 'SUCCESS' && fields.get('err_code') === 'REFUNDNOTEXIST',
  )

/** The elements of the request that the Worker sent. */
export function sentFields({ sent }: Exchange): Fields {
  const parsed = parseXml(new TextDecoder().decode(sent))
  return parsed.ok ? parsed.fields : new Map()
}

/** Decrypts a refund notice with the present or the previous key. @returns its inner elements, or undefined. */
export function decryptedNotice(bytes: Uint8Array): Fields | undefined {
  const outer = parsedXml(new TextDecoder().decode(bytes), 'xml')
  if (outer?.get('return_code') !== 'SUCCESS' || outer.get('mch_id') !== MERCHANT.mchId) return
  const encrypted = Buffer.from(outer.get('req_info') ?? '', 'base64')
  for (const key of [API_KEY, OLD_KEY]) {
    try {
      const aesKey = createHash('md5').update(key).digest('hex')
      const cipher = createDecipheriv('aes-256-ecb', aesKey, null)
      const text = Buffer.concat([cipher.update(encrypted), cipher.final()]).toString('utf8')
      const inner = parsedXml(text, 'root')
      if (inner !== undefined) return new Map([...inner, ['appid', outer.get('appid') ?? '']])
    } catch {
      // Another key encrypted it.
    }
  }
  return undefined
}

function parsedXml(text: string, root: string): Fields | undefined {
  const trimmed = text.replace(/^\ufeff/, '').trim()
  for (const variant of [trimmed, trimmed.replaceAll(/(<\/?\w+)\s+(\/?>)/g, '$1$2')]) {
    const parsed = parseXml(variant, root)
    if (parsed.ok) return parsed.fields
  }
  return undefined
}
