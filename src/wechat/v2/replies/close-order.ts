import type { CloseOrderReply } from '../../../ports/wechat.ts'
import type { AuthenticFields } from '../wire/envelope.ts'

/**
 * Reads WeChat's answer to closeorder. The caller must confirm even `closed` by a query.
 *
 * @see https://pay.weixin.qq.com/doc/v2/merchant/4011941070 for every err_code
 */
export function readCloseOrderReply(fields: AuthenticFields): CloseOrderReply {
  if (fields.get('result_code') === 'SUCCESS') return { kind: 'closed' }
  const errCode = fields.get('err_code') ?? ''
  switch (errCode) {
    case 'ORDERCLOSED':
      return { kind: 'closed' }
    case 'ORDERPAID':
      return { kind: 'order_paid' }
    case 'ORDERNOTEXIST':
      return { kind: 'absent' }
    case 'TRADE_STATE_ERROR':
      return { kind: 'not_closable' }
    // Every other err_code says nothing about the order, only that WeChat is busy or our request was wrong. A
    // later query decides.
    case 'SYSTEMERROR':
    case 'FREQUENCY_LIMITED':
    case 'SIGNERROR':
    case 'REQUIRE_POST_METHOD':
    case 'XML_FORMAT_ERROR':
    default:
      return { kind: 'unknown', cause: `err_code ${errCode}` }
  }
}
