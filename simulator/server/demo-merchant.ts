import type { Merchant } from '../state/merchant.ts'

/**
 * A merchant that does not exist. The ids are from WeChat's public documents; the secrets say in plain words that they are not
 * real.
 */
export const DEMO_MERCHANT: Merchant = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  // An API V2 key must have 32 characters.
  apiKey: 'demoApiKeyNotARealSecret00000000',
  appSecret: 'demoAppSecretNotARealOne00000000',
}
