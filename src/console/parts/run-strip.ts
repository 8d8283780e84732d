/** The last runs of the cron as bars. */
import type { StoredRun } from '../../ports/run-store.ts'
import { markup, type Markup } from '../view/markup.ts'

/** A run that has not ended after three minutes never will. */
export const isDead = ({ startedAt, finishedAt }: StoredRun, now: number): boolean =>
  finishedAt === undefined && now - startedAt > 180

/** A bar for each run: how long it took; red if it did not finish. */
export function runStrip(runs: readonly Readonly<{ seconds: number; isDead: boolean }>[]): Markup {
  const most = Math.max(5, ...runs.map(({ seconds }) => seconds))
  const slot = 340 / 60
  const bars = runs.map(({ seconds, isDead: isBad }, at) => {
    const tall = isBad ? 34 : Math.max(4, Math.round((seconds / most) * 34))
    return markup`<rect class="${isBad && 'miss'}" x="${Math.round(at * slot * 10) / 10}" y="${34 - tall}" width="3.6" height="${tall}"/>`
  })
  return markup`<svg class="ticks" viewBox="0 0 340 34" preserveAspectRatio="none" aria-hidden="true">${bars}</svg>`
}
