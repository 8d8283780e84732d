import type { Merchant } from '../../../core/merchant.ts'
import type { SignType } from '../../../core/order/attempt.ts'
import { ok, type Result } from '../../../lib/result.ts'
import type { Secret } from '../../../lib/secret.ts'
import type { NoticeReader, NoticeReply, NoticeTask } from '../../../ports/notices.ts'
import { readPaymentNotice } from './payment.ts'
import { readRefundNotice } from './refund.ts'

const answer = (code: 'SUCCESS' | 'FAIL', message: string): string =>
  `<xml><return_code><![CDATA[${code}]]></return_code><return_msg><![CDATA[${message}]]></return_msg></xml>`

/**
 * The Worker's answers to a notice. All refusals have the same text, so that a forger does not learn which
 * check failed.
 */
export const NOTICE_REPLY: NoticeReply = {
  contentType: 'text/xml; charset=utf-8',
  accepted: answer('SUCCESS', 'OK'),
  refused: answer('FAIL', 'REFUSED'),
}

/** What a notice is checked against: the merchant with its API key, and the sign type. */
export type NoticeKeys = Readonly<{
  merchant: Merchant
  signType: SignType
  /** The previous API key, during a rotation. */
  oldKey: Secret | undefined
}>

/** Creates the reader of API V2's payment notices, which are XML with the signature in the field `sign`. */
export const paymentNoticeReader = ({ merchant, signType, oldKey }: NoticeKeys): NoticeReader =>
  xmlReader(async (bytes) => {
    const read = await readPaymentNotice(bytes, merchant, signType, oldKey)
    if (!read.ok) return read
    const { payment, isUnderOldKey } = read.value
    return ok({ kind: isUnderOldKey ? 'confirm_payment' : 'record_payment', payment })
  })

/** Creates the reader of API V2's refund notices, which are encrypted XML without a signature. */
export const refundNoticeReader = ({ merchant, oldKey }: NoticeKeys): NoticeReader => {
  const keys = [merchant.apiKey, oldKey].filter((key) => key !== undefined)
  return xmlReader(async (bytes) => {
    const read = readRefundNotice(bytes, merchant, keys)
    return read.ok ? ok({ kind: 'confirm_refund', refund: read.value }) : read
  })
}

/** Creates a reader that ignores the HTTP headers, because API V2 has the signature in the body. */
const xmlReader = (
  read: (bytes: Uint8Array) => Promise<Result<NoticeTask, Readonly<{ reason: string }>>>,
): NoticeReader => ({
  read: async (_headers, bytes) => ({ task: await read(bytes), reply: NOTICE_REPLY }),
  replyTo: () => NOTICE_REPLY,
})
