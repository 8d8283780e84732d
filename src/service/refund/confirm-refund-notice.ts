import { parseOutTradeNo } from '../../core/ids.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { UnverifiedRefund } from '../../ports/notices.ts'
import { importRefund } from './import-refunds.ts'
import { queryRefund } from './send-refund.ts'

type ConfirmRefundNoticeDeps = Pick<
  Deps,
  'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'
>

const QUERY_INTERVAL_S = 3

type NotConfirmed = Readonly<{ reason: 'unknown_refund' | 'not_final' | 'not_confirmed' }>

/**
 * A refund notice is not signed, so it only says that it is worth asking. `ok` means that the database
 * knows what WeChat knows, and that it is an end, as every notice claims.
 */
export async function confirmRefundNotice(
  deps: ConfirmRefundNoticeDeps,
  hint: UnverifiedRefund,
): Promise<Result<void, NotConfirmed>> {
  const ordercode = parseOutTradeNo(hint.outTradeNo)?.ordercode
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  const isOurs = view?.payments.some((each) => each.transactionId === hint.transactionId)
  if (view === undefined || isOurs !== true) return err({ reason: 'unknown_refund' })
  // A thief of the old key gets few questions.
  const mayQuery =
    !hint.isUnderOldKey ||
    (await deps.orders.claimQuerySlot(hint.outTradeNo, QUERY_INTERVAL_S, deps.now()))
  if (!mayQuery) return err({ reason: 'not_confirmed' })

  const refund = findRefund(view, hint.outRefundNo)
  if (refund === undefined) {
    const { transactionId, outRefundNo } = hint
    const discovered = await importRefund(deps, view, transactionId, outRefundNo)
    if (discovered.known === undefined) return err({ reason: 'not_confirmed' })
    if (discovered.known === 0) return err({ reason: 'unknown_refund' })
    const isOnItsWay = findRefund(discovered.view, outRefundNo)?.state === 'processing'
    return isOnItsWay ? err({ reason: 'not_final' }) : ok(undefined)
  }
  if (refund.state === 'succeeded') return ok(undefined)
  const asked = await queryRefund(deps, view, refund)
  if (asked === 'absent') return err({ reason: 'unknown_refund' })
  if (asked.kind !== 'known') return err({ reason: 'not_confirmed' })
  // WeChat's own answer lags behind, or the notice is not WeChat's: whoever it is may come again.
  return asked.status === 'processing' ? err({ reason: 'not_final' }) : ok(undefined)
}
