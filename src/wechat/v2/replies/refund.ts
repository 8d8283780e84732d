import type { Refund, RefundRecord } from '../../../core/order/refund.ts'
import type {
  Busy,
  Doubtful,
  Misconfigured,
  RefundReply,
  Refused,
  Unknown,
  Waiting,
} from '../../../ports/wechat.ts'
import type { AuthenticFields } from '../wire/envelope.ts'

/**
 * WeChat's answer to one send of a refund. The gateway may send a refund twice, and makes one
 * {@link RefundReply} of the answers.
 */
export type OneRefundReply =
  | Extract<RefundReply, Readonly<{ kind: 'accepted' }>>
  | Waiting
  | Doubtful
  | Misconfigured
  | Refused
  | Unknown
  | Busy

/**
 * Reads WeChat's answer to a refund. The caller must confirm even a refusal by a query.
 *
 * @param asked The refund that was sent. An answer about another refund is `unknown`.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011937624 for every err_code
 */
export function readRefundReply(fields: AuthenticFields, asked: Refund): OneRefundReply {
  if (fields.get('result_code') === 'SUCCESS') {
    const record: RefundRecord = {
      outRefundNo: asked.outRefundNo,
      transactionId: asked.transactionId,
      refundId: fields.get('refund_id') ?? '',
      refundFee: asked.refundFee,
      status: 'processing',
      succeededAt: undefined,
      receivedBy: undefined,
    }
    const isAsked =
      fields.get('out_refund_no') === asked.outRefundNo &&
      fields.get('transaction_id') === asked.transactionId &&
      fields.get('refund_fee') === String(asked.refundFee)
    return isAsked && record.refundId !== ''
      ? { kind: 'accepted', record }
      : { kind: 'unknown', cause: 'other_refund' }
  }

  const errCode = fields.get('err_code') ?? ''
  const errCodeDes = fields.get('err_code_des') ?? ''
  switch (errCode) {
    case 'SYSTEMERROR':
    case 'BIZERR_NEED_RETRY':
      return { kind: 'busy' }
    case 'NOTENOUGH': // until the merchant adds money to the account
    case 'INVALID_REQ_TOO_MUCH':
    case 'FREQUENCY_LIMITED':
    case 'ORDER_NOT_READY':
      return { kind: 'waiting', errCode, errCodeDes }
    case 'TRADE_OVERDUE': // the payment is older than a year
    case 'USER_ACCOUNT_ABNORMAL':
    case 'ORDERNOTEXIST':
    case 'REFUND_FEE_INVALID': // more than is left of the payment, according to WeChat
    case 'REFUND_FEE_MISMATCH':
    case 'TRADE_STATE_ERROR':
    case 'INVALID_REQUEST': // the out_refund_no was used for another amount
    case 'INVALID_TRANSACTIONID':
    case 'PARAM_ERROR':
      return { kind: 'refused', errCode, errCodeDes }
    case 'CERT_ERROR':
    case 'NOAUTH':
    case 'SIGNERROR':
    case 'APPID_NOT_EXIST':
    case 'MCHID_NOT_EXIST':
    case 'REQUIRE_POST_METHOD':
    case 'XML_FORMAT_ERROR':
      return { kind: 'misconfigured', errCode, errCodeDes }
    default: // `ERROR`, whose description may say anything, and err_codes that are not documented
      return errCode === ''
        ? { kind: 'unknown', cause: 'no err_code' }
        : { kind: 'doubtful', errCode, errCodeDes }
  }
}
