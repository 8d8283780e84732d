/** What is wrong with an installation, judged by what its database says. Pure. */
import { DAY_S, HOUR_S, later, MINUTE_S, type UnixSeconds } from './time.ts'
import type { DueClass, OldestDue } from './due.ts'

/** `degraded`: a person should look at it; `down`: payments are late until it is mended. */
export type HealthStatus = 'ok' | 'degraded' | 'down'

/** One thing that is not in order. `name` and `reason` are codes, which strangers may read. */
export type HealthComponent = Readonly<{
  name: string
  status: Exclude<HealthStatus, 'ok'>
  reason: string
}>

/** What the store knows about the installation. */
export type HealthFacts = Readonly<{
  /** When the last finished run of the cron had started; undefined when no run has finished. */
  lastCronAt: UnixSeconds | undefined
  /** Until when runs use the budget of the free plan; undefined while they use their own. */
  reducedUntil: UnixSeconds | undefined
  /** Whether WeChat refused our key in the last run that it answered at all; undefined when none is known. */
  key: 'accepted' | 'refused' | undefined
  /** When the work of each class that is due the longest became due. */
  oldestDue: OldestDue
  /** Whether a refund waits, and a review tells why. */
  hasWaitingRefunds: boolean
  /** When the oldest open review about money was opened. */
  oldestMoneyReviewAt: UnixSeconds | undefined
  /** Whether a webhook was given up, and no person has looked at it. */
  hasGivenUpWebhooks: boolean
  /** The size of the database in bytes, and how large the plan lets it grow. */
  bytes: number
  bytesMax: number
}>

/** What is not in order. `facts` are those of the database; undefined when it gave none. */
export type Health = Readonly<{
  components: readonly HealthComponent[]
  facts: HealthFacts | undefined
}>

/** Only the cron finds payments whose notices are lost, and it runs every minute. */
const CRON_SILENCE_MAX_S = 5 * MINUTE_S
/** How long due work of each class may wait, in seconds. */
const WAIT_MAX_S: Readonly<Record<DueClass, number>> = {
  payments: 3 * MINUTE_S,
  money: 3 * MINUTE_S,
  closing: 10 * MINUTE_S,
  news: 10 * MINUTE_S,
  bills: 10 * MINUTE_S,
}
const REVIEW_WAIT_S = HOUR_S
/** The parts of the plan's limit from which on the size of the database is told. A full database stops payments. */
const NEARLY_FULL = 0.8
const FULL = 0.95

/** Lists what is not in order. */
export function judgeHealth(facts: HealthFacts, now: UnixSeconds): readonly HealthComponent[] {
  const found: HealthComponent[] = []
  const tell = (name: string, status: HealthComponent['status'], reason: string): void =>
    void found.push({ name, status, reason })

  const { lastCronAt, oldestDue, bytes, bytesMax } = facts
  if (lastCronAt === undefined || now > later(lastCronAt, CRON_SILENCE_MAX_S)) {
    tell('cron', 'down', 'cron_silent')
  }
  if (facts.reducedUntil !== undefined && facts.reducedUntil > now) {
    tell('cron', 'degraded', 'plan_exceeded')
  }
  if (facts.key === 'refused') tell('wechat', 'down', 'key_refused')
  for (const [name, since] of Object.entries(oldestDue) as [DueClass, UnixSeconds | undefined][]) {
    if (since !== undefined && now > later(since, WAIT_MAX_S[name])) {
      tell(name, 'degraded', 'backlog')
    }
  }
  if (facts.hasWaitingRefunds) tell('refunds', 'degraded', 'refunds_wait')
  const { oldestMoneyReviewAt: review } = facts
  if (review !== undefined && now > later(review, REVIEW_WAIT_S)) {
    tell('reviews', 'degraded', 'reviews_wait')
  }
  if (facts.hasGivenUpWebhooks) tell('webhooks', 'degraded', 'webhooks_given_up')
  if (bytes >= bytesMax * FULL) tell('database', 'degraded', 'full')
  else if (bytes >= bytesMax * NEARLY_FULL) tell('database', 'degraded', 'nearly_full')
  return found
}

/** How long before its end the merchant's certificate must be replaced, in seconds. */
const CERTIFICATE_WARNING_S = 30 * DAY_S

/** What is wrong with the merchant's certificate. @param expiresAt Undefined when it is not known. */
export function judgeCertificate(
  expiresAt: UnixSeconds | undefined,
  now: UnixSeconds,
): readonly HealthComponent[] {
  if (expiresAt === undefined || now < later(expiresAt, -CERTIFICATE_WARNING_S)) return []
  const reason = now < expiresAt ? 'expires_soon' : 'expired'
  return [{ name: 'certificate', status: 'degraded', reason }]
}

/** The status of the whole: that of its worst component. */
export const overall = (components: readonly Pick<HealthComponent, 'status'>[]): HealthStatus =>
  components.some(({ status }) => status === 'down')
    ? 'down'
    : components.length > 0
      ? 'degraded'
      : 'ok'
