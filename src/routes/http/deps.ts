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
    /**
     * Counts a request against the rate limit of a client's address. The limit is loose, because the
     * customers of a mobile carrier share addresses. @returns false when the limit is exceeded.
     */
    admitAddress: (ip: string) => Promise<boolean>
  }>
