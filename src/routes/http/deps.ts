import type { Actor, Operator } from '../../core/actor.ts'
import type { Allowance } from '../../lib/allowance.ts'
import type { DeadlineOutcome } from '../../lib/deadline.ts'
import type { Secret } from '../../lib/secret.ts'
import type { Recent } from '../../lib/recent.ts'
import type { Throttle } from '../../lib/throttle.ts'
import type { Deps } from '../../ports/deps.ts'
import type { NoticeReader } from '../../ports/notices.ts'
import type { DoctorWords } from '../../core/doctor/words.ts'
import type { Health } from '../../core/health.ts'
import type { Metrics } from '../../ports/metrics-store.ts'

/** What the routes need, beyond the dependencies of the use cases. */
export type HttpDeps = Deps &
  Readonly<{
    /** The version of this Worker, shown by `/health`. */
    version: string
    /** The merchant token and, during a rotation, the previous one. */
    merchantTokens: readonly Secret[]
    /** The people who may sign in beside the shop. */
    operators: readonly Operator[]
    /** What `/health` has found lately, shared by all requests of this isolate. */
    recentHealth: Recent<Health>
    /** The token of `/metrics`; undefined when there are none to read. */
    metricsToken: Secret | undefined
    /** What `/metrics` has read lately, shared by all requests of this isolate. */
    recentMetrics: Recent<Metrics>
    /** The sentences of the doctor, in English and Chinese. */
    doctorWords: Readonly<Record<'en' | 'zh', DoctorWords>>
    /** Limits how often this isolate logs refused tokens. */
    refusedTokens: Throttle
    /** The readers of WeChat's notices, one for each URL that WeChat calls. */
    notices: Readonly<{ payment: NoticeReader; refund: NoticeReader }>
    /**
     * Counts a request against the rate limit of a client, who has not proven yet which payer it is. The limit is loose,
     * because the customers of a mobile carrier share addresses. @returns false when the limit is exceeded.
     */
    admitClient: (who: string) => Promise<boolean>
    /** Counts a sign-in to the console against the rate limit of its client. @returns false when the limit is exceeded. */
    admitSignIn: (who: string) => Promise<boolean>
    /** Makes the random number of a session of the console: 32 hexadecimal digits. */
    newSessionId: () => string
    /** The header in which a trusted proxy reports the address of a client; undefined when there is no such proxy. */
    clientIpHeader: string | undefined
    /** Limits the logins that WeChat refuses to clients without an address. */
    refusedLogins: Allowance
    /**
     * The same dependencies for a request of this actor.
     *
     * @param withinMs The deadline of the whole request, in milliseconds from now: calls and the database get
     *   what is left of it. Absent for none.
     */
    as: (actor: Actor, withinMs?: number) => HttpDeps
    /** Waits for work until the request's deadline. What is under way then may still take effect. */
    inTime: <T>(work: () => Promise<T>) => Promise<DeadlineOutcome<T>>
  }>
