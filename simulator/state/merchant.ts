/** The one merchant this WeChat knows. */
export type Merchant = { appid: string; mchId: string; apiKey: string; appSecret: string }
