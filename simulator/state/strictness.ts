import type { BillLayout } from './bill-plan.ts'

/** Behaviour that the protocol leaves open, or in which real gateways differ. Rates are probabilities from 0 to 1. */
export type Strictness = {
  /** closeorder refuses orders younger than this (TRADE_STATE_ERROR). The document says five minutes; real gateways use 0. */
  refuseCloseUnderMs: number
  /** How often a reply or a notice contains a signed element that no document names. */
  undocumentedElementRate: number
  /** How often an integer is written in CDATA where WeChat usually writes it bare, and the other way round. */
  integerStyleRate: number
  /** Allows as notify_url what only this machine or its network can reach, with http, too. */
  allowLoopbackNotifyUrl: boolean
  /** Requires https for every other notify_url, as the newer document does. */
  requireHttpsNotifyUrl: boolean
  /** Treats an unknown openid of the right shape as a user of this mini program. */
  acceptAnyOpenid: boolean
  /** What an identical unifiedorder after time_expire gets: reports contradict each other, some got a prepay_id, some 201. */
  reorderAfterExpiry: 'accept' | 'refuse'
  /** What a second new refund of one order within a minute gets. */
  refundsTooFast: 'INVALID_REQ_TOO_MUCH' | 'FREQUENCY_LIMITED' | 'accept'
  /** The layout of bills on days without an ordered layout. `old` has 24 columns and five totals. */
  billLayout: BillLayout
  /** appids that exist but are not bound to the merchant. */
  unboundAppids: readonly string[]
}

/** Lenient where real gateways are; a tenth of the messages differs from the usual shape. */
export const DEFAULT_STRICTNESS: Strictness = {
  refuseCloseUnderMs: 0,
  undocumentedElementRate: 0.1,
  integerStyleRate: 0.1,
  allowLoopbackNotifyUrl: true,
  requireHttpsNotifyUrl: true,
  acceptAnyOpenid: true,
  reorderAfterExpiry: 'accept',
  refundsTooFast: 'INVALID_REQ_TOO_MUCH',
  billLayout: 'new',
  unboundAppids: [],
}
