import type { Refund, RefundRecord } from '../../../core/order/refund.ts'
import type {
  Busy,
  Misconfigured,
  RefundReply,
  Refused,
  Unknown,
  Waiting,
} from '../../../ports/wechat.ts'
import type { AuthenticFields } from '../wire/envelope.ts'

/** The answer to one message; of several with the same words, the gateway makes one reply. */
export type OneRefundReply =
  | Extract<RefundReply, Readonly<{ kind: 'accepted' }>>
  | Waiting
  | Misconfigured
  | Refused
  | Unknown
  | Busy

/**
 * Reads the answer to a refund. Even a refusal is confirmed by a query before it is believed.
 *
 * @param asked The refund that was sent: an answer about another one proves nothing.
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
    case 'NOTENOUGH': // until somebody fills up the merchant's account
    case 'INVALID_REQ_TOO_MUCH':
    case 'FREQUENCY_LIMITED':
    case 'ORDER_NOT_READY':
    case 'ERROR': // whatever its description says: a person reads it, and the reservation stays
      return { kind: 'waiting', errCode, errCodeDes }
    case 'TRADE_OVERDUE': // older than a year
    case 'USER_ACCOUNT_ABNORMAL':
    case 'ORDERNOTEXIST':
    case 'REFUND_FEE_INVALID': // more than is left, by WeChat's books
    case 'REFUND_FEE_MISMATCH':
    case 'TRADE_STATE_ERROR':
    case 'INVALID_REQUEST': // the number was used for another amount
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
    default: // A word we do not know is not a no. A person reads it.
      return errCode === ''
        ? { kind: 'unknown', cause: 'no err_code' }
        : { kind: 'waiting', errCode, errCodeDes }
  }
}
