import type { BillLayout } from './bill-plan.ts'

/** Where the protocol leaves room, or real gateways differ. Rates are shares from 0 to 1. */
export type Strictness = {
  /** closeorder refuses orders younger than this (TRADE_STATE_ERROR). The rule says five minutes, practice 0. */
  refuseCloseUnderMs: number
  /** How often a reply or a notice carries a signed element that no document names. */
  undocumentedElementRate: number
  /** How often an integer is written in CDATA where it is usually bare, and the other way round. */
  integerStyleRate: number
  /** Addresses that only this machine or its network can reach are allowed as notify_url, and with http. */
  allowLoopbackNotifyUrl: boolean
  /** Every other notify_url must be https, as the newer text wants. */
  requireHttpsNotifyUrl: boolean
  /** An openid of right shape that was never seen is taken for one of this mini program's. */
  acceptAnyOpenid: boolean
  /** An identical unifiedorder after time_expire: reports contradict each other, some got a prepay_id, some 201. */
  reorderAfterExpiry: 'accept' | 'refuse'
  /** What is said to a second new refund of one order within a minute. */
  refundsTooFast: 'INVALID_REQ_TOO_MUCH' | 'FREQUENCY_LIMITED' | 'accept'
  /** How bills are laid out on days for which nothing else was ordered. `old` has 24 columns and a total of five. */
  billLayout: BillLayout
  /** appids that exist but are not bound to the merchant. */
  unboundAppids: readonly string[]
}
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
