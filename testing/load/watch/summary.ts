/** What a run of the load simulation was measured by, as plain data. */
import type { LoadResult } from '../run/run-scenario.ts'
import { KINDS, type WorkKind } from '../world/scenarios.ts'

export type Spread = Readonly<{ count: number; median: number; p99: number; max: number }>

/** The figures of one scenario. Units are in the names: `_s` seconds, `_ms` milliseconds. */
export type Summary = Readonly<{
  scenario: string
  plan: string
  /** Abandoned cashiers a minute. */
  rate: number
  seed: number
  minutes: number
  /** Whether every bound held. */
  holds: boolean
  violations: readonly Readonly<{ what: string; times: number; examples: readonly string[] }>[]
  /** The age of the oldest due work before each run of the cron. */
  oldest_due_s: Readonly<Record<WorkKind, Spread>>
  lost_notices_found_s: Spread
  webhooks_told_s: Spread
  counts: Readonly<Record<string, number>>
  runs: Readonly<{ calls: Spread; statements: Spread; cpu_ms: Spread; took_ms: Spread }>
  rows_written_per_minute: number
  /** The share of the time in which D1 was busy, 0 to 1. */
  database_busy: number
  /** Invocations to which the platform refused more, or which it killed, by reason. */
  refused_runs: Readonly<Record<string, number>>
  refused_requests: Readonly<Record<string, number>>
  /** Requests of the shop and of payers that got another answer than they wanted, such as 503 after a slow answer of WeChat. */
  unwanted_answers: Readonly<Record<string, number>>
  /** Failures in the Worker's log, by event and reason. */
  failures: Readonly<Record<string, number>>
}>

export function summarize({ options, minutes, watcher, workers, database }: LoadResult): Summary {
  const { runs } = workers
  const refusedRuns = new Map<string, number>()
  for (const why of runs.flatMap(({ refusals }) => refusals)) {
    refusedRuns.set(why, (refusedRuns.get(why) ?? 0) + 1)
  }
  const ages = Object.fromEntries(
    KINDS.map((each) => [each, spread(watcher.ages[each])]),
  ) as Record<WorkKind, Spread>
  return {
    scenario: options.scenario.name,
    plan: options.plan,
    rate: options.rate,
    seed: options.seed,
    minutes,
    holds: watcher.violations.size === 0,
    violations: [...watcher.violations].map(([what, found]) => ({ what, ...found })),
    oldest_due_s: ages,
    lost_notices_found_s: spread(watcher.lostFoundS),
    webhooks_told_s: spread(watcher.toldS),
    counts: watcher.counts,
    runs: {
      calls: spread(runs.map(({ calls }) => calls)),
      statements: spread(runs.map(({ statements }) => statements)),
      cpu_ms: spread(runs.map(({ cpuMs }) => cpuMs)),
      took_ms: spread(runs.map(({ tookMs }) => tookMs)),
    },
    rows_written_per_minute: Math.round(database.rowsWritten / Math.max(1, minutes)),
    database_busy: database.busyMs / Math.max(1, minutes * 60_000),
    refused_runs: Object.fromEntries(refusedRuns),
    refused_requests: Object.fromEntries(workers.refusedRequests),
    unwanted_answers: Object.fromEntries(watcher.refusals),
    failures: Object.fromEntries(workers.alarms),
  }
}

function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).toSorted()
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0)
  return { count: sorted.length, median: at(0.5), p99: at(0.99), max: at(1) }
}
