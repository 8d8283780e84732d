/** The situations that the load simulation plays. Minutes count from the beginning of the run. */

/** How a host answers at a time: as usual, not at all (until the caller gives up), or by refusing the connection. */
export type Presence = 'here' | 'hangs' | 'refuses'

/**
 * The kinds of due work, in the order of the classes in which a run of the cron takes them: attempts that may be paid; webhooks
 * about money, and refunds; orders that expired with an attempt and untouched ones; other webhooks; bills.
 */
export const KINDS = [
  'attempts',
  'webhooks',
  'refunds',
  'expired',
  'untouched',
  'news',
  'bills',
] as const
export type WorkKind = (typeof KINDS)[number]

/** How old the oldest due work of each kind may become, in seconds: 3 minutes in the first two classes, 10 in the others. */
export const BOUND_S: Readonly<Record<WorkKind, number>> = {
  attempts: 180,
  webhooks: 180,
  refunds: 180,
  expired: 600,
  untouched: 600,
  news: 600,
  bills: 600,
}

/** A time in which one side is away, and how long the bounds then need to hold again. */
export type Absence = Readonly<{
  fromMinute: number
  toMinute: number
  /** Minutes after `toMinute` until which the bounds of `kinds` may be exceeded. */
  recovery: number
  /** The kinds of work that need the side that is away. The others keep their bounds. */
  kinds: readonly WorkKind[]
}>

export type Scenario = Readonly<{
  name: string
  about: string
  minutes: number
  /** By how much the rate is multiplied in a minute. */
  rateAt?: (minute: number) => number
  absence?: Absence
  wechat?: Presence
  receiver?: Presence
  /** How many runs of the cron begin in a minute. */
  cronsAt?: (minute: number) => number
}>

const DAY = 1_440
/** When the trouble of a scenario begins: late enough for orders to expire and for closed attempts to be queried again. */
const TROUBLE = 180
const CALM_AFTER = 180

const FLASH_MINUTES = 10
const HOUR = 60
const SILENCE = 20

export const SCENARIOS: readonly Scenario[] = [
  { name: 'steady', about: 'three days at the same rate', minutes: 3 * DAY },
  {
    name: 'flash',
    about: 'ten times the rate for ten minutes',
    minutes: TROUBLE + FLASH_MINUTES + CALM_AFTER,
    rateAt: (minute) => (minute >= TROUBLE && minute < TROUBLE + FLASH_MINUTES ? 10 : 1),
  },
  {
    name: 'wechat-away',
    about: 'WeChat hangs for an hour',
    minutes: TROUBLE + HOUR + CALM_AFTER,
    wechat: 'hangs',
    absence: {
      fromMinute: TROUBLE,
      toMinute: TROUBLE + HOUR,
      recovery: 15,
      kinds: ['attempts', 'refunds', 'expired', 'bills'],
    },
  },
  ...(['refuses', 'hangs'] as const).map((receiver): Scenario => ({
    name: `receiver-${receiver}`,
    about: `the shop's receiver ${receiver === 'hangs' ? 'hangs' : 'refuses connections'} for a day`,
    minutes: TROUBLE + DAY + CALM_AFTER,
    receiver,
    absence: {
      fromMinute: TROUBLE,
      toMinute: TROUBLE + DAY,
      recovery: 30,
      kinds: ['webhooks', 'news'],
    },
  })),
  {
    name: 'two-crons',
    about: 'two runs of the cron begin every minute',
    minutes: TROUBLE + CALM_AFTER,
    cronsAt: () => 2,
  },
  {
    name: 'cron-skips',
    about: 'every third run of the cron is missing',
    minutes: TROUBLE + CALM_AFTER,
    cronsAt: (minute) => (minute % 3 === 2 ? 0 : 1),
  },
  {
    name: 'cron-silent',
    about: 'no run of the cron for twenty minutes',
    minutes: TROUBLE + SILENCE + CALM_AFTER,
    cronsAt: (minute) => (minute >= TROUBLE && minute < TROUBLE + SILENCE ? 0 : 1),
    absence: {
      fromMinute: TROUBLE,
      toMinute: TROUBLE + SILENCE,
      recovery: 10,
      kinds: KINDS,
    },
  },
]

/**
 * Finds a scenario.
 *
 * @param minutes Replaces its length. An absence of WeChat or of the receiver becomes shorter by as much, so that what comes
 *   before and after it stays; any other scenario ends sooner.
 * @throws RangeError when there is none of this name, or when nothing of its absence would be left.
 */
export function scenarioOf(name: string, minutes?: number): Scenario {
  const found = SCENARIOS.find((each) => each.name === name)
  if (found === undefined) throw new RangeError(`there is no scenario ${name}`)
  if (minutes === undefined) return found
  const { absence, wechat, receiver } = found
  if (absence === undefined || (wechat === undefined && receiver === undefined)) {
    return { ...found, minutes: name === 'steady' ? minutes : Math.min(minutes, found.minutes) }
  }
  const toMinute = Math.min(minutes - CALM_AFTER, absence.toMinute)
  if (toMinute <= absence.fromMinute) {
    throw new RangeError(`${name} takes more than ${absence.fromMinute + CALM_AFTER} minutes`)
  }
  return { ...found, minutes: toMinute + CALM_AFTER, absence: { ...absence, toMinute } }
}

/** Whether the bound of a kind does not apply in a minute, because the side that it needs is or was away. */
export function isExcused({ absence }: Scenario, kind: WorkKind, minute: number): boolean {
  if (absence === undefined || !absence.kinds.includes(kind)) return false
  return minute >= absence.fromMinute && minute < absence.toMinute + absence.recovery
}
