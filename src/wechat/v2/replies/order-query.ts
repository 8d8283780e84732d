import type { OrderQueryReply, QueriedOrder, Words } from '../../../ports/wechat.ts'
import type { AuthenticFields } from '../wire/envelope.ts'
import { readPayment } from '../wire/payment-fields.ts'

/**
 * Reads WeChat's answer to orderquery.
 *
 * @param asked The order that our query names. An answer about another order is `unknown`.
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011941065 for `trade_state` and every err_code
 */
export function readOrderQueryReply(fields: AuthenticFields, asked: QueriedOrder): OrderQueryReply {
  if (fields.get('result_code') !== 'SUCCESS') return readRefusal(fields.get('err_code') ?? '')
  const isAsked =
    'outTradeNo' in asked
      ? fields.get('out_trade_no') === asked.outTradeNo
      : fields.get('transaction_id') === asked.transactionId
  if (!isAsked) return { kind: 'unknown', cause: 'other_order' }

  const tradeState = fields.get('trade_state') ?? ''
  switch (tradeState) {
    case 'SUCCESS':
    case 'REFUND': {
      // REFUND means that the payment succeeded and was refunded, at least in part. A refundquery tells the
      // amount.
      const read = readPayment(fields)
      return 'payment' in read
        ? { kind: 'paid', payment: read.payment, refunded: tradeState === 'REFUND' }
        : { kind: 'unknown', cause: `bad ${read.badField}` }
    }
    case 'NOTPAY':
    case 'PAYERROR': // the bank refused; the payer may pay the same number again
      return { kind: 'unpaid' }
    case 'USERPAYING':
    case 'ACCEPT':
      return { kind: 'user_paying' }
    case 'CLOSED':
    case 'REVOKED':
      return { kind: 'closed' }
    default:
      return { kind: 'unknown', cause: `trade_state ${tradeState}` }
  }
}

/** WeChat's own words about the order, or about why the query was refused. */
export function orderQueryWords(fields: AuthenticFields): Words {
  const [code, description] =
    fields.get('result_code') === 'SUCCESS'
      ? ['trade_state', 'trade_state_desc']
      : ['err_code', 'err_code_des']
  return { code: fields.get(code) ?? '', description: fields.get(description) ?? '' }
}

function readRefusal(errCode: string): OrderQueryReply {
  switch (errCode) {
    case 'ORDERNOTEXIST':
      return { kind: 'absent' }
    // Every other err_code says nothing about the order, only that WeChat is busy or our request was wrong. A
    // later query decides.
    case 'SYSTEMERROR':
    case 'FREQUENCY_LIMITED':
    case 'SIGNERROR':
    case 'APPID_NOT_EXIST':
    case 'MCHID_NOT_EXIST':
    case 'APPID_MCHID_NOT_MATCH':
    case 'NOAUTH':
    case 'INVALID_REQUEST':
    case 'PARAM_ERROR':
    case 'LACK_PARAMS':
    case 'XML_FORMAT_ERROR':
    case 'REQUIRE_POST_METHOD':
    case 'POST_DATA_EMPTY':
    case 'NOT_UTF8':
    default:
      return { kind: 'unknown', cause: `err_code ${errCode}` }
  }
}
