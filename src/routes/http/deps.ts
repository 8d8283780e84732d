import type { Secret } from '../../lib/secret.ts'
import type { Deps } from '../../ports/deps.ts'
import type { NoticeReader } from '../../ports/notices.ts'

/** What the routes need, beyond the dependencies of the use cases. */
export type HttpDeps = Deps &
  Readonly<{
    /** The version of this Worker, shown by `/health`. */
    version: string
    /** The merchant token and, during a rotation, the previous one. */
    merchantTokens: readonly Secret[]
    /** The readers of WeChat's notices, one for each URL that WeChat calls. */
    notices: Readonly<{ payment: NoticeReader; refund: NoticeReader }>
    /** Loose rate limit of a client's address, since mobile carriers share them. False when exceeded. */
    admitAddress: (ip: string) => Promise<boolean>
  }>
