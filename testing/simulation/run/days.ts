/** Days in Beijing, computed without code of the Worker. */

/** One day in milliseconds. */
export const DAY_MS = 86_400_000
const BEIJING_MS = 8 * 3_600_000
/** 10:10 in Beijing: from then on the cron fetches the bill of the day before. */
const READY_MS = (10 * 60 + 10) * 60_000

/** The day of a time in milliseconds: `2026-11-23`. */
export const dayOf = (ms: number): string => new Date(ms + BEIJING_MS).toISOString().slice(0, 10)

/** `2026-11-23` → `20261123` */
export const compact = (day: string): string => day.replaceAll('-', '')

/** Midnight in Beijing at which the day begins, in milliseconds. */
export const startOf = (day: string): number => Date.parse(`${day}T00:00:00Z`) - BEIJING_MS

/** When the cron begins to look for the bill of `day`: 10:10 in Beijing on the day after, in milliseconds. */
export const billTimeOf = (day: string): number => startOf(day) + DAY_MS + READY_MS
