import type { OrderView } from '../../core/order/order.ts'
import type { Refund } from '../../core/order/refund.ts'
import type { Deps } from '../../ports/deps.ts'
import { confirmPayment } from './confirm-payment.ts'
import { importRefunds } from './import-refunds.ts'

/**
 * Why a refund must not be sent now. `isFinal`: never, because its payment is not what it was said to be. `isAnswered`:
 * whether WeChat gave a clear answer about the payment.
 */
export type Hindrance = Readonly<{
  errCode: string
  errCodeDes: string
  isFinal: boolean
  isAnswered: boolean
}>

const NOT_LISTED: Hindrance = {
  errCode: 'REFUNDS_NOT_LISTED',
  errCodeDes: 'WeChat did not list the refunds that were made before the database was restored',
  isFinal: false,
  isAnswered: false,
}

/**
 * Why a refund must not be sent: WeChat does not confirm its payment. WeChat is asked before an automatic refund is
 * sent for the first time, and before any refund of a payment that only a notice reported, or that was confirmed
 * before the database was restored.
 *
 * @returns undefined when the refund may be sent.
 */
export async function hindranceTo(
  deps: Pick<Deps, 'deliverSoon' | 'log' | 'now' | 'orders' | 'refunds' | 'reviews' | 'wechat'>,
  view: OrderView,
  refund: Refund,
): Promise<Hindrance | undefined> {
  const payment = view.payments.find((each) => each.transactionId === refund.transactionId)
  const isFirstSend = refund.startedAt === undefined
  const { recoveredAt = 0 } = view.order
  const isCertain =
    (payment?.confirmedAt ?? -1) > recoveredAt && !(refund.source === 'automatic' && isFirstSend)
  if (payment === undefined || isCertain) return undefined
  const { kind, words, refunded } = await confirmPayment(deps, view.order.ordercode, payment)
  if (kind === 'confirmed') {
    if (!refunded || recoveredAt === 0) return undefined
    // The database was restored since the payment was confirmed, so refunds may be missing in our records.
    const { known } = await importRefunds(deps, view, payment)
    return known === undefined ? NOT_LISTED : undefined
  }
  const isFinal = kind === 'contradicted'
  const errCode = isFinal ? 'TRANSACTION_CONFLICT' : words.code
  const errCodeDes = isFinal
    ? 'the transaction_id belongs to another order, payer or amount at WeChat'
    : words.description
  return { errCode, errCodeDes, isFinal, isAnswered: kind !== 'unknown' }
}
