import { makePlatformRefundNo } from '../lib/identifiers.ts'
import { type BusinessRefusal, REFUND_AMOUNTS_CHANGED } from '../protocol/refusals.ts'
import { type RefundAccount, type SimulatedRefund, UNSETTLED_FUNDS } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { acceptRefund } from './accept-refund.ts'

/** A refund that the merchant makes manually on the merchant platform. */
export type PlatformRefundRequest = {
  /** The amount of the refund, in fen. */
  refundFee: number
  /** Default: a new number in the merchant platform's own format. */
  outRefundNo?: string
  /** The account from which the merchant pays the refund. Default: the unsettled funds. */
  account?: RefundAccount
}

/**
 * Refunds an order as the merchant does on the merchant platform: with the ledger and limits of the API, but without a request,
 * and without a minute between two refunds. Throws a RangeError for an amount that is not whole fen.
 */
export function refundOnPlatform(
  outTradeNo: string,
  { refundFee, outRefundNo, account = UNSETTLED_FUNDS }: PlatformRefundRequest,
  world: World,
): SimulatedRefund | BusinessRefusal {
  const now = world.clock.now()
  if (!Number.isSafeInteger(refundFee) || refundFee < 1) {
    throw new RangeError(`a refund is a whole number of fen, at least 1, not ${refundFee}`)
  }
  let number = outRefundNo ?? makePlatformRefundNo(world.random, now)
  while (outRefundNo === undefined && world.refunds.find(number) !== undefined) {
    number = makePlatformRefundNo(world.random, now)
  }
  if (world.refunds.find(number) !== undefined) return REFUND_AMOUNTS_CHANGED
  return acceptRefund(
    world.ledger.find(outTradeNo, now),
    {
      outRefundNo: number,
      refundFee,
      source: 'VENDOR_PLATFORM',
      account,
      parameters: new Map(),
    },
    world,
  )
}
