import { formatBeijingDateTime } from '../lib/clock.ts'
import { makeNoticeNonce } from '../lib/identifiers.ts'
import { happens } from '../lib/random.ts'
import { formatXml } from '../lib/xml.ts'
import { addUndocumentedElement } from '../protocol/answer.ts'
import type { Capture } from '../state/ledger.ts'
import { type SimulatedRefund, successAt } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { encryptReqInfo } from './req-info.ts'

type Changes = Readonly<Record<string, string | undefined>>

/** How a notice differs from a regular one: for wrong and forged notices. */
export type RefundNoticeOptions = {
  /** Outer elements to set, or with `undefined` to leave out: another appid, for example. Refund notices are unsigned. */
  changes?: Changes
  /** Inner elements to set or to leave out before the encryption: another status, an unknown number. */
  info?: Changes
  /** Encrypts with another API key than the merchant's. */
  key?: string
  /** Encrypts this text instead of the inner XML. */
  plaintext?: string
  /** Replaces the value of req_info. */
  reqInfo?: string
}

/**
 * The XML of a refund notice: the outer XML is unsigned, everything about the refund is encrypted in req_info. For a PROCESSING
 * refund the notice reports a made-up SUCCESS, as a forger does; the refund stays PROCESSING.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937201
 */
export function formatRefundNotice(
  refund: SimulatedRefund,
  capture: Capture,
  world: World,
  options: RefundNoticeOptions = {},
): string {
  const { merchant, random, clock, strict } = world
  const plaintext = options.plaintext ?? formatInfo(refund, capture, world, options.info)
  const fields = new Map([
    ['return_code', 'SUCCESS'],
    ['appid', merchant.appid],
    ['mch_id', merchant.mchId],
    ['nonce_str', makeNoticeNonce(random, clock.now())],
    ['req_info', options.reqInfo ?? encryptReqInfo(plaintext, options.key ?? merchant.apiKey)],
  ])
  if (happens(random, strict.undocumentedElementRate)) addUndocumentedElement(fields, random)
  change(fields, options.changes)
  return formatXml(fields, { bare: (name) => name === 'return_code' })
}

function formatInfo(
  refund: SimulatedRefund,
  capture: Capture,
  { clock, random, strict }: World,
  changes?: Changes,
): string {
  const status = refund.status === 'PROCESSING' ? 'SUCCESS' : refund.status
  const fields = new Map([
    ['out_refund_no', refund.outRefundNo],
    ['out_trade_no', refund.outTradeNo],
    ['refund_account', refund.account],
    ['refund_fee', String(refund.refundFee)],
    ['refund_id', refund.refundId],
    ['refund_recv_accout', refund.receivedIn],
    ['refund_request_source', refund.source],
    ['refund_status', status],
    ['settlement_refund_fee', String(refund.settlementRefundFee)],
    ['settlement_total_fee', String(capture.settlementTotalFee ?? capture.totalFee)],
    ['total_fee', String(refund.totalFee)],
    ['transaction_id', refund.transactionId],
  ])
  if (status === 'SUCCESS') {
    fields.set('success_time', formatBeijingDateTime(successAt(refund) ?? clock.now()))
  }
  // cash_refund_fee is on the newer page of the document only.
  if (refund.coupons.length > 0) fields.set('cash_refund_fee', String(refund.cashRefundFee))
  if (happens(random, strict.undocumentedElementRate)) addUndocumentedElement(fields, random)
  change(fields, changes)
  const bare = happens(random, strict.integerStyleRate) ? /_fee$/ : /^$/
  const alphabetical = [...fields].sort(([a], [b]) => (a < b ? -1 : 1))
  return formatXml(alphabetical, { root: 'root', bare: (name) => bare.test(name) }).replace(
    '<root>',
    '<root>\n',
  )
}

function change(fields: Map<string, string>, changes: Changes = {}): void {
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) fields.delete(name)
    else fields.set(name, value)
  }
}
