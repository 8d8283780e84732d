/** Days in Beijing, reckoned without the Worker's help. */

export const DAY_MS = 86_400_000
const BEIJING_MS = 8 * 3_600_000
/** From then on the bill of the day before is fetched. */
const READY_MS = (10 * 60 + 10) * 60_000

/** `2026-11-23` */
export const dayOf = (ms: number): string => new Date(ms + BEIJING_MS).toISOString().slice(0, 10)

/** `20261123` */
export const compact = (day: string): string => day.replaceAll('-', '')

export const startOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) - BEIJING_MS

/** When the bill of that day is looked for: at 10:10 the morning after. */
export const billTimeOf = (day: string): number => startOf(day) + DAY_MS + READY_MS
