import { OUT_TRADE_NO, REFUND_NOTIFY_URL, shop, SUCCESS_REPLY } from './simulated-shop.ts'

type Options = Parameters<typeof shop>[0]

/** A shop whose only order is paid and whose notice is due. */
export async function paidShop(options: Options = {}, changes = {}) {
  const world = shop(options)
  await world.unifiedOrder(changes)
  const paid = world.wechat.payer.pay(OUT_TRADE_NO)
  if (!paid.ok) throw new Error(paid.why)
  return { ...world, notice: paid.notice, transactionId: paid.transactionId }
}

/** A shop with a payment, and a refund of it in state PROCESSING. */
export async function refundedShop(options: Options = {}) {
  const world = shop(options)
  const transactionId = await world.paid()
  const { refund_id: refundId = '' } = await world.refund()
  return { ...world, transactionId, refundId }
}

/**
 * A shop with a payment whose notice is delivered, and a refund of it in state PROCESSING. So the next notice is the
 * refund's, or none when `notifyUrl` is undefined.
 */
export async function shopAwaitingRefundNotice(
  options: Options = {},
  notifyUrl: string | undefined = REFUND_NOTIFY_URL,
) {
  const world = shop(options)
  const transactionId = await world.paid()
  await world.wechat.notices.deliverDue(async () => new Response(SUCCESS_REPLY))
  const { refund_id: refundId = '' } = await world.refund({ notify_url: notifyUrl })
  return { ...world, transactionId, refundId }
}
