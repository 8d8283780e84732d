import { isSignedBy, isSignType, type SignType } from '../lib/sign.ts'
import type { SimulatedOrder } from '../state/ledger.ts'
import type { Check } from './message.ts'

/** Whether a message is signed with the merchant's key, by the algorithm that it names or that fits. */
export function checkSign(fields: ReadonlyMap<string, string>, apiKey: string): Check {
  const given = fields.get('sign')
  if (given === undefined) return { what: 'sign', ok: false, why: 'there is no sign' }
  const named = fields.get('sign_type') ?? ''
  const type: SignType = isSignType(named) ? named : given.length > 32 ? 'HMAC-SHA256' : 'MD5'
  if (isSignedBy(fields, apiKey, type)) return { what: 'sign', ok: true, why: type }
  return { what: 'sign', ok: false, why: `${type} of these fields is not this sign` }
}

/** What the Worker compares before it books a payment: order, amount and payer. */
export function checkPayment(
  fields: ReadonlyMap<string, string>,
  order: SimulatedOrder | undefined,
): Check[] {
  if (order === undefined) return []
  const expected = {
    out_trade_no: order.outTradeNo,
    total_fee: String(order.totalFee),
    openid: order.openid,
  }
  return Object.entries(expected)
    .filter(([name]) => fields.has(name))
    .map(([what, value]) => ({ what, ok: fields.get(what) === value }))
}
