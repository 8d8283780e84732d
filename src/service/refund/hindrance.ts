import type { OrderView } from '../../core/order/order.ts'
import type { Refund } from '../../core/order/refund.ts'
import type { Deps } from '../../ports/deps.ts'
import { confirmPayment } from './confirm-payment.ts'

/** Why a refund must not be sent now. `isFinal`: never, because its payment is not what it was said to be. */
export type Hindrance = Readonly<{ errCode: string; errCodeDes: string; isFinal: boolean }>

/**
 * Why a refund must not be sent: WeChat does not confirm its payment. WeChat is asked before an automatic refund is
 * sent for the first time, and before any refund of a payment that only a notice reported.
 *
 * @returns undefined when the refund may be sent.
 */
export async function hindranceTo(
  deps: Pick<Deps, 'deliverSoon' | 'log' | 'now' | 'orders' | 'reviews' | 'wechat'>,
  view: OrderView,
  refund: Refund,
): Promise<Hindrance | undefined> {
  const payment = view.payments.find((each) => each.transactionId === refund.transactionId)
  const isFirstSend = refund.startedAt === undefined
  const isCertain =
    payment?.confirmedAt !== undefined && !(refund.source === 'automatic' && isFirstSend)
  if (payment === undefined || isCertain) return undefined
  const { kind, words } = await confirmPayment(deps, view.order.ordercode, payment)
  if (kind === 'confirmed') return undefined
  const isFinal = kind === 'contradicted'
  const errCode = isFinal ? 'TRANSACTION_CONFLICT' : words.code
  const errCodeDes = isFinal
    ? 'the transaction_id belongs to another order, payer or amount at WeChat'
    : words.description
  return { errCode, errCodeDes, isFinal }
}
