import type { Secret } from '../lib/secret.ts'

/** Who we are to WeChat. */
export type Merchant = Readonly<{ appid: string; mchId: string; apiKey: Secret }>
