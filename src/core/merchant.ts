import type { Secret } from '../lib/secret.ts'

/** The merchant for whom this Worker calls WeChat. `apiKey` is the API V2 key, 32 characters. */
export type Merchant = Readonly<{ appid: string; mchId: string; apiKey: Secret }>
