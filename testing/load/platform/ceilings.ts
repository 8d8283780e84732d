/**
 * Cloudflare's ceilings, and what the load simulation assumes about times and costs. Each figure says where it comes from.
 *
 * @see https://developers.cloudflare.com/workers/platform/limits/
 * @see https://developers.cloudflare.com/d1/platform/limits/
 */

/** The plans of Cloudflare, by the values of the Worker's variable PLAN. */
export type Plan = 'paid' | 'free'

/** What one invocation of a Worker may use. */
export type Ceilings = Readonly<{
  /** External subrequests: calls to WeChat and webhooks. */
  calls: number
  /** D1 statements. Whether a batch counts as one is not documented, so each of its statements counts. */
  statements: number
  cpuMs: number
}>

export const CEILINGS: Readonly<Record<Plan, Ceilings>> = {
  paid: { calls: 10_000, statements: 1_000, cpuMs: 30_000 },
  free: { calls: 50, statements: 50, cpuMs: 10 },
}

/** How many connections of one invocation may wait for a response at the same time; D1 has as many of its own. */
export const CONNECTIONS_MAX = 6
/** How long a run of the cron may take. */
export const CRON_WALL_MS = 15 * 60_000
/** How long `waitUntil` keeps a Worker alive after its response. */
export const BACKGROUND_MS = 30_000

/**
 * CPU beyond the limit that the platform still tolerates. Cloudflare documents that an isolate has "some built-in
 * flexibility" for a Worker that "infrequently runs over the configured limit", and no figures. The model: what an
 * invocation leaves of its limit is credit for later ones, up to this many limits.
 */
export const CPU_CREDIT_LIMITS = 5

/**
 * CPU of the Worker's own code in milliseconds, with the JIT warm, Node 24. The sum is from a CPU profile of 75 simulated minutes
 * at 40 abandoned cashiers a minute: `src/`, its libraries and a share of the garbage collection took about 8 s for 27 000 calls
 * and 8 500 invocations. How it is divided between the four is an estimate. An isolate that has just started is several
 * times slower, so the free plan's 10 ms may end earlier than here.
 */
export const CPU_MS = {
  /** An invocation: configuration, dependencies, router. */
  invocation: 0.3,
  /** A call to WeChat or a webhook: write, sign, send, read, verify. */
  call: 0.25,
  /** A request to D1. */
  query: 0.05,
  /** A statement and its rows. */
  statement: 0.03,
} as const

/** Latencies in milliseconds. */
export const LATENCY_MS = {
  /** WeChat: log-normal. One answer in ten thousand takes more than the Worker's deadline of 8 s. */
  wechatMedian: 200,
  wechatP99: 2_000,
  /** The shop's receiver. */
  receiver: 100,
  /** A connection that is refused. */
  refused: 20,
  /** From the Worker to D1 and back. */
  database: 5,
} as const

/**
 * For how long D1, which runs one query at a time, is busy with a query. Documented: an indexed read takes less than 1 ms, a
 * write several, because it is stored durably.
 */
export const D1_BUSY_MS = { write: 3, statement: 0.2 } as const
/** A query that waits longer in D1's queue is refused. The figure is not documented. */
export const D1_QUEUE_MAX_MS = 30_000

/** What the platform says when a ceiling is reached. */
export const REFUSALS = {
  calls: 'Too many subrequests.',
  statements: 'D1_ERROR: Too many API requests by single worker invocation.',
  queue: 'D1_ERROR: D1 DB is overloaded. Requests queued for too long.',
} as const
