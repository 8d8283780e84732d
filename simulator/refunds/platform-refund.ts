import { makePlatformRefundNo } from '../lib/identifiers.ts'
import { type BusinessRefusal, REFUND_AMOUNTS_CHANGED } from '../protocol/refusals.ts'
import { type SimulatedRefund, UNSETTLED_FUNDS } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { acceptRefund } from './accept-refund.ts'

export type PlatformRefundRequest = {
  /** Fen. */
  refundFee: number
  /** Default: a number as the platform makes them. */
  outRefundNo?: string
}

/** A person at the merchant's own web page refunds an order: the same books and bounds, no request, no waiting between two. */
export function refundOnPlatform(
  outTradeNo: string,
  { refundFee, outRefundNo }: PlatformRefundRequest,
  world: World,
): SimulatedRefund | BusinessRefusal {
  const now = world.clock.now()
  if (!Number.isSafeInteger(refundFee) || refundFee < 1) {
    throw new RangeError(`a refund is whole fen and not ${refundFee}`)
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
      account: UNSETTLED_FUNDS,
      parameters: new Map(),
    },
    world,
  )
}
