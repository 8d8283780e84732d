import type { Secret } from '../../lib/secret.ts'
import type { Deps } from '../../ports/deps.ts'
import type { NoticeReader } from '../../ports/notices.ts'

/** What the routes need beside the use cases' world. */
export type HttpDeps = Deps &
  Readonly<{
    version: string
    /** The merchant's token, and during a rotation the one before it. */
    merchantTokens: readonly Secret[]
    /** By the URL that WeChat calls. */
    notices: Readonly<{ payment: NoticeReader; refund: NoticeReader }>
    /** Whether a client's address may come again so soon. Loose: mobile carriers share addresses. */
    admitAddress: (ip: string) => Promise<boolean>
  }>
