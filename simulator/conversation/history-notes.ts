import type { HistoryEntry } from '../state/history.ts'
import type { Party, Said } from './message.ts'

/**
 * What an event at the simulated WeChat adds to the conversation. `undefined` for an event that the messages already show, and
 * for what a developer ordered, such as a fault.
 */
export function describeEvent(entry: HistoryEntry): Said | undefined {
  const fields = fieldsOf(entry)
  switch (entry.type) {
    case 'cashier_opened':
    case 'cashier_refused': {
      const ok = entry.type === 'cashier_opened'
      const check = { what: 'paySign', ok: ok || !isSignProblem(entry), ...why(entry, ok) }
      const refusal = { what: 'cashier', ok, ...why(entry, ok) }
      return {
        kind: 'request',
        from: 'phone',
        to: 'wechat',
        what: 'requestPayment',
        fields,
        checks: check.ok && !ok ? [check, refusal] : [check],
      }
    }
    case 'paid':
      return note('phone', 'payer_paid', fields)
    case 'cancelled':
      return note('phone', 'payer_cancelled', fields)
    case 'pay_refused':
      return note('wechat', 'pay_refused', fields)
    case 'refund_settled':
      return note('wechat', 'refund_settled', fields)
    case 'notice_sent':
      if (entry.outcome?.endsWith('lost') !== true) return undefined
      return {
        kind: 'request',
        from: 'wechat',
        to: 'worker',
        what: entry.outRefundNo === undefined ? 'notice' : 'refund_notice',
        fields,
        lost: true,
      }
    default:
      return undefined
  }
}

const note = (at: Party, what: string, fields: Record<string, string>): Said => ({
  kind: 'note',
  from: at,
  to: at,
  what,
  fields,
})

const isSignProblem = ({ outcome = '' }: HistoryEntry): boolean =>
  outcome.startsWith('支付验证签名失败')

const why = ({ outcome }: HistoryEntry, ok: boolean) =>
  ok || outcome === undefined ? {} : { why: outcome }

/** The events whose outcome says more than their name. */
const TELLING: readonly string[] = ['cashier_refused', 'pay_refused', 'refund_settled']

function fieldsOf(entry: HistoryEntry): Record<string, string> {
  const { type, outTradeNo, outRefundNo, outcome, fields } = entry
  return {
    ...fields,
    ...(outTradeNo === undefined ? {} : { out_trade_no: outTradeNo }),
    ...(outRefundNo === undefined ? {} : { out_refund_no: outRefundNo }),
    ...(outcome === undefined || !TELLING.includes(type) ? {} : { outcome }),
  }
}
