/** The only merchant of the simulated WeChat: mini program, merchant account, API V2 key. */
export type Merchant = { appid: string; mchId: string; apiKey: string; appSecret: string }
