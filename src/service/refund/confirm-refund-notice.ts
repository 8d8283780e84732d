import { parseOutTradeNo } from '../../core/ids.ts'
import { isOurs } from '../../core/merchant.ts'
import { findRefund } from '../../core/order/refund-transition.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports/deps.ts'
import type { UnverifiedRefund } from '../../ports/notices.ts'
import { importRefund } from './import-refunds.ts'
import { queryRefund } from './refund-status.ts'

type ConfirmRefundNoticeDeps = Pick<
  Deps,
  | 'config'
  | 'deliverSoon'
  | 'log'
  | 'mayQuery'
  | 'now'
  | 'orders'
  | 'refunds'
  | 'reviews'
  | 'wechat'
>

/**
 * Why a refund notice was not confirmed. `wrong_merchant`: it names another mini program than the payment's.
 * `other_merchant`: the payment belongs to another merchant number, about which WeChat cannot be asked.
 * `not_final`: WeChat confirms the refund, but reports it as processing.
 */
type NotConfirmed = Readonly<{
  reason: 'unknown_refund' | 'wrong_merchant' | 'other_merchant' | 'not_final' | 'not_confirmed'
}>

/**
 * Confirms a refund notice by a query, because a refund notice is not signed
 * and proves nothing. `ok` means that our records agree with WeChat's answer,
 * and that the refund is no longer processing, as every refund notice claims.
 */
export async function confirmRefundNotice(
  deps: ConfirmRefundNoticeDeps,
  unverified: UnverifiedRefund,
): Promise<Result<void, NotConfirmed>> {
  const ordercode = parseOutTradeNo(unverified.outTradeNo)?.ordercode
  const view = ordercode === undefined ? undefined : await deps.orders.load(ordercode)
  const payment = view?.payments.find((each) => each.transactionId === unverified.transactionId)
  if (view === undefined || payment === undefined) return err({ reason: 'unknown_refund' })
  if (!isOurs(payment, deps.config)) return err({ reason: 'other_merchant' })
  if (payment.appid !== unverified.appid) return err({ reason: 'wrong_merchant' })
  // Queries are limited per order, so that a forger with the leaked previous key cannot make the Worker query WeChat
  // without end.
  if (unverified.isUnderOldKey && !deps.mayQuery(view.order.ordercode)) {
    return err({ reason: 'not_confirmed' })
  }

  const refund = findRefund(view, unverified.outRefundNo)
  if (refund === undefined) {
    const { outRefundNo } = unverified
    const imported = await importRefund(deps, view, payment, outRefundNo)
    if (imported.known === undefined) return err({ reason: 'not_confirmed' })
    if (imported.known === 0) return err({ reason: 'unknown_refund' })
    const isProcessing = findRefund(imported.view, outRefundNo)?.state === 'processing'
    return isProcessing ? err({ reason: 'not_final' }) : ok(undefined)
  }
  if (refund.state === 'succeeded') return ok(undefined)
  const asked = await queryRefund(deps, view, refund)
  if (asked === 'absent') return err({ reason: 'unknown_refund' })
  if (asked.kind !== 'known') return err({ reason: 'not_confirmed' })
  // Either WeChat's query lags behind its notice, or the
  // notice is forged. WeChat delivers a real notice again.
  return asked.status === 'processing' ? err({ reason: 'not_final' }) : ok(undefined)
}
