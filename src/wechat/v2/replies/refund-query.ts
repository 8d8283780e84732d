import { parseTransactionId, type TransactionId } from '../../../core/ids.ts'
import { parseFen } from '../../../core/money.ts'
import { parseOutRefundNo, type RefundRecord } from '../../../core/order/refund.ts'
import { parseBeijingDashed } from '../../../core/time.ts'
import type { RefundQueryReply } from '../../../ports/wechat.ts'
import type { AuthenticFields } from '../wire/envelope.ts'

/** The maximum number of refunds that WeChat returns per query. */
const PAGE_MAX = 10
/** The maximum number of refunds that WeChat allows for one payment. */
const TOTAL_MAX = 50

/**
 * Reads WeChat's answer to refundquery. The fields of each refund end with its index: `out_refund_no_0`,
 * `out_refund_no_1`, …
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011939577 for `refund_status` and every err_code
 */
export function readRefundQueryReply(fields: AuthenticFields): RefundQueryReply {
  if (fields.get('result_code') !== 'SUCCESS') {
    const errCode = fields.get('err_code') ?? ''
    return errCode === 'REFUNDNOTEXIST'
      ? { kind: 'absent' }
      : { kind: 'unknown', cause: `err_code ${errCode}` }
  }
  const transactionId = parseTransactionId(fields.get('transaction_id') ?? '')
  if (transactionId === undefined) return { kind: 'unknown', cause: 'bad transaction_id' }
  const count = parseFen(fields.get('refund_count') ?? '')
  if (count === undefined || count > PAGE_MAX) return { kind: 'unknown', cause: 'bad refund_count' }

  const records: RefundRecord[] = []
  for (let n = 0; n < count; n++) {
    const record = readRecord(fields, n, transactionId)
    if (typeof record === 'string') return { kind: 'unknown', cause: `bad ${record}_${n}` }
    records.push(record)
  }
  const total = parseFen(fields.get('total_refund_count') ?? '') ?? count
  return { kind: 'found', records, total: Math.min(total, TOTAL_MAX) }
}

/**
 * Reads the `n`-th refund, from 0.
 *
 * @returns the refund, or the name of the field that is missing or invalid.
 */
function readRecord(
  fields: AuthenticFields,
  n: number,
  transactionId: TransactionId,
): RefundRecord | string {
  const text = (name: string): string => fields.get(`${name}_${n}`) ?? ''

  const outRefundNo = parseOutRefundNo(text('out_refund_no'))
  if (outRefundNo === undefined) return 'out_refund_no'
  const refundFee = parseFen(text('refund_fee'))
  if (refundFee === undefined || refundFee === 0) return 'refund_fee'
  const status = STATUS.get(text('refund_status'))
  if (status === undefined) return 'refund_status'
  const receivedBy = text('refund_recv_accout') // WeChat spells "account" as `accout`
  return {
    outRefundNo,
    transactionId,
    refundId: text('refund_id'),
    refundFee,
    status,
    succeededAt: parseBeijingDashed(text('refund_success_time')),
    receivedBy: receivedBy === '' ? undefined : receivedBy,
  }
}

const STATUS: ReadonlyMap<string, RefundRecord['status']> = new Map([
  ['SUCCESS', 'succeeded'],
  ['PROCESSING', 'processing'],
  ['REFUNDCLOSE', 'closed'],
  ['CHANGE', 'abnormal'],
])
