/**
 * The only merchant of the simulated WeChat: its first mini program, merchant account, API V2 key and the mini program's secret.
 * `Platform.bindMiniProgram` adds mini programs.
 */
export type Merchant = { appid: string; mchId: string; apiKey: string; appSecret: string }
