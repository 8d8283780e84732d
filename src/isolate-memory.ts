/** What the requests of one isolate share. Cloudflare runs many isolates and ends them at any time. */
import { Allowance } from './lib/allowance.ts'
import { Pace } from './lib/pace.ts'
import { Recent } from './lib/recent.ts'
import { Throttle } from './lib/throttle.ts'
import type { Health } from './core/health.ts'
import type { KeptCheckup } from './ports/doctor.ts'
import type { Metrics } from './ports/metrics-store.ts'
import { OriginHealth } from './wechat/transport.ts'

/** An isolate logs refused tokens at most once in this time. */
const REFUSED_TOKEN_LOG_S = 10
/** The minimum time between two queries about one order, however many pages and notices ask for one. */
const QUERY_INTERVAL_S = 3
/** So many orders can be remembered in a few megabytes, and no isolate queries as many within the interval. */
const QUERIED_ORDERS_MAX = 10_000
/**
 * How many logins WeChat may refuse to clients without an address within {@link REFUSED_LOGINS_S}. Honest payers are
 * hardly ever refused, and what is accepted does not count.
 */
const REFUSED_LOGINS_MAX = 200
const REFUSED_LOGINS_S = 10

/** How long `/health` is answered from memory, in seconds. */
const HEALTH_KEEP_S = 10

/** How long `/metrics` is answered from memory, in seconds: several Prometheus servers cost no more than one. */
const METRICS_KEEP_S = 15

/** An isolate runs the doctor at most once in this time, and as often with the checks that leave a trace. */
const CHECKUP_KEEP_S = 30

/** The memory of one isolate. If it is lost, WeChat is asked once more, and a line is logged once more. */
export class IsolateMemory {
  /** Which of WeChat's two origins failed lately. */
  readonly originHealth = new OriginHealth()
  /** What `/health` has found lately. */
  readonly health = new Recent<Health>(HEALTH_KEEP_S)
  /** What `/metrics` has read lately. */
  readonly metrics = new Recent<Metrics>(METRICS_KEEP_S)
  /** The last runs of the doctor. */
  readonly checkups = {
    usual: new Recent<KeptCheckup>(CHECKUP_KEEP_S),
    thorough: new Recent<KeptCheckup>(CHECKUP_KEEP_S),
  }
  /** Limits the lines of the log about refused tokens. */
  readonly refusedTokens = new Throttle(REFUSED_TOKEN_LOG_S)
  /** Limits the queries about each order. */
  readonly queries = new Pace(QUERY_INTERVAL_S, QUERIED_ORDERS_MAX)
  /** Limits the logins of clients without an address that WeChat refuses. */
  readonly refusedLogins = new Allowance(REFUSED_LOGINS_MAX, REFUSED_LOGINS_S)
}
