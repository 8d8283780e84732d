/** The only merchant of the simulated WeChat: mini program, merchant account, API V2 key and the mini program's secret. */
export type Merchant = { appid: string; mchId: string; apiKey: string; appSecret: string }
