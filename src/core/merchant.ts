import type { Secret } from '../lib/secret.ts'

/** The appid and the merchant number under which WeChat knows an attempt, its payment and its refunds. */
export type MerchantIds = Readonly<{ appid: string; mchId: string }>

/** The merchant for whom this Worker calls WeChat. `apiKey` is the API V2 key, 32 characters. */
export type Merchant = MerchantIds & Readonly<{ apiKey: Secret }>

type HasMchId = Pick<MerchantIds, 'mchId'>

/**
 * Whether WeChat can be asked about an attempt, a payment or a refund. The API key and the certificate belong to one
 * merchant number. With them nothing can be asked about another number: WeChat would answer "no such order" or "no
 * such refund", and that would prove nothing. The appid does not matter, because all mini programs of a merchant
 * number share its key.
 *
 * @param merchant The merchant of the configuration.
 */
export const isOurs = (ids: HasMchId, merchant: HasMchId): boolean => ids.mchId === merchant.mchId

/** Whether both are of the same mini program of the same merchant number. */
export const haveSameIds = (a: MerchantIds, b: MerchantIds): boolean =>
  a.appid === b.appid && a.mchId === b.mchId
