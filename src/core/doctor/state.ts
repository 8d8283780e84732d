/** Judges what the database says: itself, the cron, webhooks, bills, reviews, alerts. Pure. */
import type { AlertFailure } from '../alert.ts'
import type { BillState } from '../bill/bill.ts'
import { startOf, type BeijingDay } from '../day.ts'
import { type HealthFacts, judgeHealth } from '../health.ts'
import { HOUR_S, later, type UnixSeconds } from '../time.ts'
import { type Finding, fine, finding } from './finding.ts'

/** What one read of the database shows. */
export type StoreLook = Readonly<{
  /** How long it took, in milliseconds. */
  ms: number
  /** Where the database is, in Cloudflare's words; undefined when Cloudflare does not say it. */
  region: string | undefined
  /** The last migration that was applied; undefined when none was. */
  migration: string | undefined
  /** How many migrations were applied. */
  count: number
}>

/** The migrations that this version knows. */
export type Schema = Readonly<{ last: string; count: number }>

const SLOW_MS = 300

/** Judges the database. It is far away unless it is near WeChat. */
export function judgeStore(look: StoreLook, schema: Schema): readonly Finding[] {
  const { ms, region, migration = '', count } = look
  const answers = 'store.answers'
  const seen = [...(region === undefined ? [] : [region]), `${ms} ms`].join(', ')
  const migrations = 'store.migrations'
  return [
    region !== undefined && region !== 'APAC'
      ? finding(answers, 'warn', 'far', seen)
      : ms > SLOW_MS
        ? finding(answers, 'warn', 'slow', seen)
        : fine(answers, seen),
    migration > schema.last
      ? finding(migrations, 'warn', 'ahead', migration)
      : migration < schema.last || count < schema.count
        ? finding(migrations, 'fail', 'behind', migration === '' ? 'none' : migration)
        : fine(migrations, migration),
  ]
}

/** A run of the cron, as far as its report tells whether it kept up. */
export type RunFigures = Readonly<{ left: number; failed: number }>

/** So many runs in a row that leave work behind mean that the budget is too small. */
export const RUNS_BEHIND = 5

/** Judges the cron. @param runs The last finished runs. */
export function judgeCron(
  facts: HealthFacts,
  runs: readonly RunFigures[],
  now: UnixSeconds,
): readonly Finding[] {
  const wrong = judgeHealth(facts, now)
  const has = (reason: string): boolean => wrong.some((each) => each.reason === reason)
  const { lastCronAt } = facts
  const seen = lastCronAt === undefined ? undefined : `${now - lastCronAt} s`
  const keepsUp = 'cron.keeps_up'
  const late = wrong.filter(({ reason }) => reason === 'backlog').map(({ name }) => name)
  const isBehind = runs.length >= RUNS_BEHIND && runs.every(({ left }) => left > 0)
  const failed = runs.reduce((sum, each) => sum + each.failed, 0)
  return [
    has('cron_silent')
      ? finding('cron.alive', 'fail', lastCronAt === undefined ? 'never' : 'silent', seen)
      : fine('cron.alive', seen),
    has('plan_exceeded')
      ? finding(keepsUp, 'warn', 'plan')
      : late.length > 0 || isBehind
        ? finding(keepsUp, 'warn', 'behind', late.join(', '))
        : failed > 0
          ? finding(keepsUp, 'warn', 'failed', String(failed))
          : fine(keepsUp),
  ]
}

/** What is known of a webhook that was tried. */
export type TriedWebhook = Readonly<{
  state: 'pending' | 'delivered' | 'given_up' | 'no_target'
  tries: number
  triedAt: UnixSeconds | undefined
  lastStatus: number | undefined
  lastError: string | undefined
}>

/** Judges the receiver by the webhook that was tried last. @returns undefined when none was tried. */
export function judgeTried(webhooks: readonly TriedWebhook[]): Finding | undefined {
  const id = 'webhook.target'
  const [last] = webhooks
    .filter(({ state, tries }) => state !== 'no_target' && tries > 0)
    .toSorted((a, b) => (b.triedAt ?? 0) - (a.triedAt ?? 0))
  if (last === undefined) return undefined
  if (last.state === 'delivered') return fine(id)
  const answer = last.lastStatus === undefined ? last.lastError : `HTTP ${last.lastStatus}`
  const seen = `${answer} × ${last.tries}`
  return last.state === 'given_up'
    ? finding(id, 'fail', 'given_up', seen)
    : finding(id, 'warn', 'failing', seen)
}

/** What a receiver answered that was only looked at: an HTTP status, or why there was none. */
export type Look = Readonly<{ status: number } | { error: string }>

/** Judges a receiver to which nothing was sent yet. Any answer but a failure of its own shows that it is there. */
export function judgeLook(look: Look): Finding {
  const id = 'webhook.target'
  if ('error' in look) return finding(id, 'warn', 'absent', look.error)
  const seen = `HTTP ${look.status}`
  return look.status < 500 ? fine(id, seen) : finding(id, 'warn', 'absent', seen)
}

/** Until when WeChat's bill of the day before may be late, in seconds of the Beijing day. */
const BILL_LATE_S = 12 * HOUR_S

/** Judges yesterday's bill. @param bill Undefined when the day has none, because nothing was sold before. */
export function judgeBill(
  bill: Readonly<{ state: BillState; lastError: string | undefined }> | undefined,
  today: BeijingDay,
  now: UnixSeconds,
): Finding {
  const id = 'bills.yesterday'
  if (bill === undefined || bill.state === 'reconciled') return fine(id)
  if (bill.state === 'unavailable') return finding(id, 'warn', 'gone')
  return now < later(startOf(today), BILL_LATE_S)
    ? finding(id, 'skip', 'early')
    : finding(id, 'warn', 'open', bill.lastError ?? bill.state)
}

/** Judges the reviews. @param open How many are open. */
export const judgeReviews = (open: number): Finding =>
  open === 0 ? fine('reviews.open') : finding('reviews.open', 'warn', 'open', String(open))

/** What is known of a message to the operators' group that did not arrive. */
export type FailedAlert = Readonly<{ failure: AlertFailure; words: string }>

/** DingTalk and Feishu demand a proof of the sender; their codes say that it is missing or wrong. */
const WANTS_PROOF = /"(?:errcode|code)"\s*:\s*(?:310000|19021|19022|19024)\b/

/** Judges the operators' group by a message. @param failed Undefined when the message arrived. */
export function judgeAlert(failed: FailedAlert | undefined): Finding {
  const id = 'alerts.target'
  if (failed === undefined) return fine(id)
  const { failure, words } = failed
  return finding(id, 'warn', WANTS_PROOF.test(words) ? 'proof' : failure, words)
}

/** How long before its end the merchant's certificate must be replaced is judged by `/health`, too. */
export function judgeCertificateEnd(
  expiresAt: UnixSeconds | undefined,
  isBound: boolean,
  component: Readonly<{ reason: string }> | undefined,
): Finding {
  const id = 'cert.expiry'
  if (!isBound) return finding(id, 'skip', 'unbound')
  if (expiresAt === undefined) return finding(id, 'skip', 'unknown')
  const seen = new Date(expiresAt * 1_000).toISOString().slice(0, 10)
  if (component === undefined) return fine(id, seen)
  const isOver = component.reason === 'expired'
  return finding(id, isOver ? 'fail' : 'warn', isOver ? 'ended' : 'soon', seen)
}
