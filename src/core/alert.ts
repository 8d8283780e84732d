/**
 * Alerts: messages to the operators' chat group about what a person must look at. Pure.
 *
 * A run of the cron compares what it sees with what was told, and sends at most one message. What was told is stored
 * after the send, so a crash in between repeats a message and loses none.
 */
import type { HealthComponent } from './health.ts'
import type { ReviewKind } from './review.ts'
import { HOUR_S, later, MINUTE_S, type UnixSeconds } from './time.ts'

/** A review in an alert. It has no amount and no payer: a group has more readers than the console. */
export type AlertReview = Readonly<{ id: string; kind: ReviewKind; ordercode: string | undefined }>

/** A component of `/health` as an alert names it: `payments.backlog`. */
export type Trouble = string

/** A trouble that was seen: when it was seen last, and whether a message has told of it. */
type SeenTrouble = Readonly<{ seenAt: UnixSeconds; isTold: boolean }>

/** What was told so far. */
export type AlertState = Readonly<{
  /** Changes with every write, so that two runs do not send the same message. */
  version: number
  troubles: Readonly<Record<Trouble, SeenTrouble>>
  /** Whether a review that was told of was open when the last message left. */
  hasToldReviews: boolean
  /** The number of failed tries of the message that is to be sent. */
  tries: number
  /** When the next message may be sent. */
  dueAt: UnixSeconds
  /** Why the last try failed; undefined after a message was sent. */
  failure: AlertFailure | undefined
}>

/**
 * Why a message was not sent. `busy`: too many messages. `no_answer`: no or no clear answer. `refused`: the address or
 * the secret is wrong, so that a person must correct them.
 */
export type AlertFailure = 'busy' | 'no_answer' | 'refused'

/** What a run of the cron sees. */
export type Sight = Readonly<{
  /** Open reviews that were not told of, the oldest first. */
  untold: readonly AlertReview[]
  hasOpenReviews: boolean
  components: readonly HealthComponent[]
}>

/** What a message says. */
export type Alert = Readonly<{
  reviews: readonly AlertReview[]
  /** Troubles that began. */
  began: readonly Trouble[]
  /** Troubles that are over. */
  ended: readonly Trouble[]
  /** Whether the last open review was resolved. */
  allResolved: boolean
}>

/** A message that tells nothing but that messages arrive. No run of the cron sends it. */
export const TEST_ALERT: Alert = { reviews: [], began: [], ended: [], allResolved: false }

/** The state before the first message. */
export const NOTHING_TOLD: AlertState = {
  version: 0,
  troubles: {},
  hasToldReviews: false,
  tries: 0,
  dueAt: 0 as UnixSeconds,
  failure: undefined,
}

/** A trouble that was not seen for so long is over. One that comes and goes every minute is told once. */
const OVER_AFTER_S = 5 * MINUTE_S
/** Components that stand for reviews, which alerts tell one by one, and the one about alerts themselves. */
const NOT_TOLD: readonly string[] = ['reviews', 'refunds', 'webhooks', 'alerts']
/** The pauses after failed tries, in seconds. A group bot that was called too often is silent for ten minutes. */
const PAUSES_S: Readonly<Record<AlertFailure, readonly [number, ...number[]]>> = {
  busy: [10 * MINUTE_S],
  no_answer: [MINUTE_S, 2 * MINUTE_S, 5 * MINUTE_S, 10 * MINUTE_S],
  refused: [HOUR_S],
}

const troublesIn = (components: readonly HealthComponent[]): readonly Trouble[] => [
  ...new Set(
    components
      .filter(({ name, reason }) => reason === 'misconfigured' || !NOT_TOLD.includes(name))
      .map(({ name, reason }) => `${name}.${reason}`),
  ),
]

/** Notes which troubles are there now. @returns the state before any message about them. */
export function see(before: AlertState, { components }: Sight, now: UnixSeconds): AlertState {
  const troubles = { ...before.troubles }
  for (const [name, { seenAt, isTold }] of Object.entries(troubles)) {
    if (!isTold && now >= later(seenAt, OVER_AFTER_S)) delete troubles[name]
  }
  for (const name of troublesIn(components)) {
    troubles[name] = { seenAt: now, isTold: before.troubles[name]?.isTold ?? false }
  }
  return { ...before, troubles }
}

/** What a message would say now; undefined when there is nothing new. */
export function newsOf(state: AlertState, sight: Sight, now: UnixSeconds): Alert | undefined {
  const names = Object.entries(state.troubles)
  const current = troublesIn(sight.components)
  const began = current.filter((name) => state.troubles[name]?.isTold !== true)
  const ended = names.filter(([, each]) => each.isTold && now >= later(each.seenAt, OVER_AFTER_S))
  const allResolved = state.hasToldReviews && !sight.hasOpenReviews
  if (sight.untold.length + began.length + ended.length === 0 && !allResolved) return undefined
  return { reviews: sight.untold, began, ended: ended.map(([name]) => name), allResolved }
}

/** The state after a message was sent. */
export function told(
  state: AlertState,
  alert: Alert,
  hasOpenReviews: boolean,
  now: UnixSeconds,
): AlertState {
  const left = Object.entries(state.troubles).filter(([name]) => !alert.ended.includes(name))
  const troubles = left.map(([name, each]): [Trouble, SeenTrouble] => [
    name,
    { ...each, isTold: each.isTold || alert.began.includes(name) },
  ])
  return {
    ...state,
    troubles: Object.fromEntries(troubles),
    hasToldReviews: hasOpenReviews,
    tries: 0,
    dueAt: now,
    failure: undefined,
  }
}

/** The state after a try failed: the next message tells the same, and what came since. */
export function notTold(state: AlertState, failure: AlertFailure, now: UnixSeconds): AlertState {
  const pauses = PAUSES_S[failure]
  const pause = pauses[Math.min(state.tries, pauses.length - 1)] ?? pauses[0]
  return { ...state, tries: state.tries + 1, dueAt: later(now, pause), failure }
}
