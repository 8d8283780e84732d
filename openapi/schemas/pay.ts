/** What the mini program gets. */
import * as v from 'valibot'
import { Fen, TimeOrNull, told } from './fields.ts'

export const PayParameters = v.object({
  timeStamp: v.string(),
  nonceStr: v.string(),
  package: v.string(),
  signType: v.picklist(['MD5', 'HMAC-SHA256']),
  paySign: v.string(),
  ticket: told(v.string(), 'for /result, valid for 24 hours'),
})

export const PayResult = v.object({
  ordercode: v.string(),
  state: v.picklist(['created', 'paying', 'paid', 'closed']),
  total_fee: Fen,
  paid_at: TimeOrNull,
})
