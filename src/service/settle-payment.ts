import type { OrderView } from '../core/order.ts'
import { parseOutTradeNo } from '../core/ids.ts'
import type { Payment, Source } from '../core/payment.ts'
import { err, ok, type Result } from '../core/result.ts'
import { applyEvent, type ApplyError } from './apply-event.ts'
import type { Deps } from './ports.ts'

/**
 * Books a payment that WeChat vouches for, once however often it is told, or says why not.
 *
 * The usual cases, a fresh payment and one that is booked already, take one round trip to the
 * database. `transition` explains every other one from what that round trip read back.
 */
export async function settlePayment(
  deps: Pick<Deps, 'store' | 'now' | 'log'>,
  payment: Payment,
  source: Source,
): Promise<Result<OrderView, ApplyError>> {
  const settled = await book(deps, payment, source)
  const ours = parseOutTradeNo(payment.outTradeNo)
  deps.log({
    event: settled.ok ? 'payment_settled' : 'payment_rejected',
    ...(ours === undefined ? {} : { ordercode: ours.ordercode }),
    out_trade_no: payment.outTradeNo,
    transaction_id: payment.transactionId,
    source,
    ...(settled.ok ? {} : { reason: settled.error.reason }),
  })
  return settled
}

async function book(
  deps: Pick<Deps, 'store' | 'now'>,
  payment: Payment,
  source: Source,
): Promise<Result<OrderView, ApplyError>> {
  const usual = payment.feeType === 'CNY' && payment.tradeType === 'JSAPI'
  const { booked, view } = usual
    ? await deps.store.book(payment, source, deps.now())
    : { booked: false, view: await loadOrderOf(deps, payment) }
  if (view === undefined) return err({ reason: 'unknown_order' })
  if (booked) return ok(view)
  return applyEvent(deps, view, { type: 'payment_booked', payment, source })
}

async function loadOrderOf(
  deps: Pick<Deps, 'store'>,
  payment: Payment,
): Promise<OrderView | undefined> {
  const ours = parseOutTradeNo(payment.outTradeNo)
  return ours === undefined ? undefined : deps.store.load(ours.ordercode)
}
