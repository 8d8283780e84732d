import type { Merchant } from '../state/merchant.ts'

/** A merchant that does not exist: the ids are from WeChat's public documents, the secrets say that they are not real. */
export const DEMO_MERCHANT: Merchant = {
  appid: 'wxd930ea5d5a258f4f',
  mchId: '10000100',
  // 32 characters, as the API V2 key must have.
  apiKey: 'demoApiKeyNotARealSecret00000000',
  appSecret: 'demoAppSecretNotARealOne00000000',
}
