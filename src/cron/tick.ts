/**
 * One tick of the cron: takes what is due, asks WeChat, tells the shop, writes what came of it. Due
 * rows carry their own time, so an outage of any length leaves a backlog and loses nothing.
 */
import { DAY_S, fromMillis, later, type UnixSeconds } from '../core/time.ts'
import type { Deps } from '../service/ports.ts'
import { tellDue } from './tell-due.ts'
import { askDue, type AskReport } from './ask-due.ts'

/** Webhooks get at least this share of the calls, and what the questions to WeChat leave over. */
const TELL_SHARE = 0.1
/** Runs and delivered webhooks are kept this long; a few go with each tick. */
const KEEP_S = 90 * DAY_S
const SWEEP_ROWS = 50

type Report = AskReport & Readonly<{ told: number; calls: number; statements: number }>

/** @param scheduledMs When the platform meant to call. A test moves time with it. */
export async function tick(base: Deps, scheduledMs: number): Promise<void> {
  const scheduled = fromMillis(scheduledMs)
  const now = (): UnixSeconds => {
    const clock = base.now()
    return clock > scheduled ? clock : scheduled
  }
  // What this run books is told within its own budget, not beside it.
  const written: string[] = []
  const deps: Deps = { ...base, now, announce: (ids) => void written.push(...ids) }

  const run = await deps.store.startRun(now())
  const { calls } = deps.config.tick
  const asked = await askDue(deps, calls - Math.ceil(calls * TELL_SHARE))
  const told = await tellDue(deps, written, calls)
  await deps.store.sweep(later(now(), -KEEP_S), SWEEP_ROWS)

  const report: Report = {
    ...asked,
    told,
    calls: deps.callsUsed(),
    statements: deps.store.statementsUsed(),
  }
  await deps.store.finishRun(run, now(), JSON.stringify(report))
  deps.log({ event: 'tick_finished', ...report })
}
