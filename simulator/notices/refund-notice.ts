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

/** How a refund notice differs from a regular one, for tests of wrong and forged notices. */
export type RefundNoticeOptions = {
  /**
   * Elements of the outer XML to set, or to leave out if `undefined`: another appid, for example. Refund notices are unsigned.
   */
  changes?: Changes
  /**
   * Elements of the inner XML to set or to leave out before the encryption: another status or an unknown refund number, for
   * example.
   */
  info?: Changes
  /** The API key to encrypt with instead of the merchant's. */
  key?: string
  /** The text to encrypt instead of the inner XML. */
  plaintext?: string
  /** The value of req_info instead of the encrypted inner XML. */
  reqInfo?: string
}

/**
 * Writes the XML of a refund notice. The outer XML is unsigned; everything about the refund is in the inner XML, which is
 * encrypted in req_info. For a PROCESSING refund the notice reports a made-up SUCCESS, as a forger does; the refund stays
 * PROCESSING.
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
    ['appid', capture.appid],
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
  // Only the newer of WeChat's two pages about refund notices lists cash_refund_fee. The simulator sends it only for a refund
  // of a payment with coupons.
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
