import type { BillEscapes, BillLayout } from './bill-plan.ts'

/**
 * Settings for behaviour that the protocol leaves open, or in which WeChat's real gateways differ. Rates are probabilities from
 * 0 to 1.
 */
export type Strictness = {
  /**
   * closeorder refuses orders younger than this, with TRADE_STATE_ERROR. WeChat's document says five minutes; the real gateways
   * use 0.
   */
  refuseCloseUnderMs: number
  /** How often an answer or a notice contains a signed element that is in none of WeChat's documents. */
  undocumentedElementRate: number
  /** How often an integer is written in CDATA where WeChat usually writes plain text, and the other way round. */
  integerStyleRate: number
  /**
   * How often a payment notice signed with HMAC-SHA256 contains the element `sign_type`, which is then signed, too. Shops have
   * published real notices of both kinds.
   */
  signTypeElementRate: number
  /** Accepts a notify_url that only this machine or its network can reach, also with http. */
  allowLoopbackNotifyUrl: boolean
  /** Requires https for every notify_url that is reachable from outside, as WeChat's newer document does. */
  requireHttpsNotifyUrl: boolean
  /** Treats an unknown openid of the right shape as a user of the mini program. */
  acceptAnyOpenid: boolean
  /**
   * How WeChat answers an identical unifiedorder after time_expire. Reports contradict each other: some shops got a prepay_id
   * (`accept`), others the error 201 (`refuse`).
   */
  reorderAfterExpiry: 'accept' | 'refuse'
  /**
   * How WeChat answers a second new refund of one order within a minute: with the err_code INVALID_REQ_TOO_MUCH or
   * FREQUENCY_LIMITED, or with success (`accept`).
   */
  refundsTooFast: 'INVALID_REQ_TOO_MUCH' | 'FREQUENCY_LIMITED' | 'accept'
  /**
   * How WeChat answers a refund whose appid is not that of the order, although both are bound to the merchant number. WeChat's
   * support says that they must be equal (`refuse`); shops report that it does not matter (`accept`).
   */
  refundByOtherAppid: 'refuse' | 'accept'
  /** The layout of the bill of a day for which the bill plan orders no layout. `old` has 24 columns and five totals. */
  billLayout: BillLayout
  /** The escapes in the bill of a day for which the bill plan orders no others. */
  billEscapes: BillEscapes
  /** appids that exist but are not bound to the merchant. The gateway refuses them with APPID_NOT_BOUND. */
  unboundAppids: readonly string[]
}

/**
 * The preset that behaves like the real WeChat: it tolerates what WeChat's real gateways tolerate, and a tenth of the messages
 * deviates from the usual shape.
 */
export const DEFAULT_STRICTNESS: Strictness = {
  refuseCloseUnderMs: 0,
  undocumentedElementRate: 0.1,
  integerStyleRate: 0.1,
  signTypeElementRate: 0.1,
  allowLoopbackNotifyUrl: true,
  requireHttpsNotifyUrl: true,
  acceptAnyOpenid: true,
  reorderAfterExpiry: 'accept',
  refundsTooFast: 'INVALID_REQ_TOO_MUCH',
  refundByOtherAppid: 'refuse',
  billLayout: 'new',
  billEscapes: 'backslash',
  unboundAppids: [],
}
