/** The order in which the classes of due work come in a run of the cron. */
import type { DueClass } from '../core/due.ts'
import { MINUTE_S, type UnixSeconds } from '../core/time.ts'
import type { Queue } from './queue.ts'

/**
 * The class that comes first in the run of each minute. In a run with a small budget the first class may leave nothing,
 * so every class with due work has its turn at least every ten minutes, and what matters most has it most often.
 */
const TURNS: readonly DueClass[] = [
  'payments',
  'money',
  'bills',
  'money',
  'closing',
  'money',
  'payments',
  'bills',
  'payments',
  'news',
]
/** The classes for which the others wait. */
const URGENT: readonly DueClass[] = ['payments', 'money']
/** The order of the other classes. */
const ORDER: readonly DueClass[] = ['payments', 'money', 'closing', 'news', 'bills']

/** The minute of ten in which the bills come first although none is known to be due: only looking shows a new day's bill. */
const LOOK_AT_BILLS = TURNS.indexOf('bills')

/**
 * The queues in the order of a run: the class whose turn it is, then one of the urgent classes, then the others. Nothing that
 * is not due takes a turn.
 */
export function inTurn(
  queues: readonly Queue[],
  at: UnixSeconds,
  isDue: (of: DueClass) => boolean,
): readonly Queue[] {
  const minute = Math.floor(at / MINUTE_S)
  const first = firstOf(minute, ORDER.filter(isDue))
  const urgent = minute % 2 === 0 ? URGENT : URGENT.toReversed()
  const second = urgent.find((of) => of !== first && isDue(of))
  const rank = (queue: Queue): number =>
    queue.class === first ? -2 : queue.class === second ? -1 : ORDER.indexOf(queue.class)
  return queues.toSorted((a, b) => rank(a) - rank(b))
}

/** A turn of which nothing is due goes to the urgent classes in turn, and to all that is due when only one of these is. */
function firstOf(minute: number, due: readonly DueClass[]): DueClass | undefined {
  const turn = minute % TURNS.length
  const own = TURNS[turn]
  if (turn === LOOK_AT_BILLS || (own !== undefined && due.includes(own))) return own
  const areUrgentDue = URGENT.every((of) => due.includes(of))
  return areUrgentDue ? URGENT[minute % 2] : due[Math.floor(minute / 2) % due.length]
}

/**
 * The queues of a further round. In its first round a run has given every class its part. From then on, nothing else
 * takes time or budget while work of an urgent class is due.
 */
export function urgentFirst(open: readonly Queue[]): readonly Queue[] {
  const urgent = open.filter((queue) => URGENT.includes(queue.class))
  return urgent.length > 0 ? urgent : open
}
