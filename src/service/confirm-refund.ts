import { parseOutTradeNo, type OutTradeNo, type TransactionId } from '../core/ids.ts'
import { findRefund } from '../core/refund-transition.ts'
import type { OutRefundNo } from '../core/refund.ts'
import { err, ok, type Result } from '../core/result.ts'
import { discoverRefund } from './discover-refunds.ts'
import type { Deps } from './ports.ts'
import { askRefund } from './send-refund.ts'

export type RefundHint = Readonly<{
  outRefundNo: OutRefundNo
  transactionId: TransactionId
  outTradeNo: OutTradeNo
}>

/**
 * A refund notice is not signed, so it only says that it is worth asking. `ok` means that the database
 * knows what WeChat knows.
 */
export async function confirmRefund(
  deps: Deps,
  hint: RefundHint,
): Promise<Result<void, Readonly<{ reason: 'unknown_refund' | 'not_confirmed' }>>> {
  const ordercode = parseOutTradeNo(hint.outTradeNo)?.ordercode
  const view = ordercode === undefined ? undefined : await deps.store.load(ordercode)
  const isOurs = view?.payments.some((each) => each.transactionId === hint.transactionId)
  if (view === undefined || isOurs !== true) return err({ reason: 'unknown_refund' })

  const refund = findRefund(view, hint.outRefundNo)
  if (refund === undefined) {
    const { transactionId, outRefundNo } = hint
    const { known } = await discoverRefund(deps, view, transactionId, outRefundNo)
    if (known === undefined) return err({ reason: 'not_confirmed' })
    return known === 0 ? err({ reason: 'unknown_refund' }) : ok(undefined)
  }
  if (refund.state === 'succeeded') return ok(undefined)
  const asked = await askRefund(deps, view, refund)
  if (asked === 'absent') return err({ reason: 'unknown_refund' })
  return asked.outcome === 'known' ? ok(undefined) : err({ reason: 'not_confirmed' })
}
