/** The classes of due work. */
import type { UnixSeconds } from './time.ts'

/**
 * The classes of due work, the most urgent one first. `payments`: attempts that may be paid. `money`: webhooks of the
 * class `money`, and refunds. `closing`: orders that expired. `news`: webhooks of the class `news`. `bills`.
 */
export type DueClass = 'payments' | 'money' | 'closing' | 'news' | 'bills'

/** When the work of each class that is due the longest became due. What is leased to a run is not due. */
export type OldestDue = Readonly<Record<DueClass, UnixSeconds | undefined>>
