/** Prints the figures of the load simulation as tables. */
import { KINDS } from '../../testing/load/world/scenarios.ts'
import type { Spread, Summary } from '../../testing/load/watch/summary.ts'
import { bold, green, red, say, table } from '../cli/terminal.ts'

export function printFigures(summaries: readonly Summary[]): void {
  const head = ['scenario', 'rate', ...KINDS, 'lost found', 'told']
  const rows = summaries.map(({ scenario, rate, oldest_due_s, ...rest }) => [
    scenario,
    String(rate),
    ...KINDS.map((each) => maxAndP99(oldest_due_s[each])),
    maxAndP99(rest.lost_notices_found_s),
    maxAndP99(rest.webhooks_told_s),
  ])
  say(
    bold(
      'Age of the oldest due work, time until a lost notice was found and a payment told: max / p99',
    ),
  )
  for (const line of table(head, rows)) say(line)
  say()
  say(bold('Runs of the cron: median / max'))
  const runHead = [
    'scenario',
    'runs',
    'calls',
    'statements',
    'cpu ms',
    'seconds',
    'rows/min',
    'D1',
    'refused',
  ]
  const runRows = summaries.map(({ scenario, runs, ...rest }) => [
    scenario,
    String(runs.calls.count),
    medianAndMax(runs.calls),
    medianAndMax(runs.statements),
    medianAndMax(runs.cpu_ms),
    medianAndMax(runs.took_ms, 1_000),
    String(rest.rows_written_per_minute),
    `${Math.round(rest.database_busy * 100)} %`,
    counted({ ...rest.refused_runs, ...prefixed(rest.refused_requests, 'request ') }),
  ])
  for (const line of table(runHead, runRows)) say(line)
  for (const { scenario, holds, violations, unwanted_answers, failures } of summaries) {
    say()
    say(holds ? green(`${scenario}: every bound held.`) : red(`${scenario}: bounds are broken.`))
    for (const { what, times, examples } of violations) {
      say(red(`  ${what}: ${times} times, such as ${examples.join('; ')}`))
    }
    const others = counted({ ...unwanted_answers, ...failures })
    if (others !== 'none') say(`  unwanted answers and failures: ${others}`)
  }
}

const minutesAndSeconds = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.round(seconds) % 60).padStart(2, '0')}`

const maxAndP99 = ({ count, max, p99 }: Spread): string =>
  count === 0 ? '–' : `${minutesAndSeconds(max)} / ${minutesAndSeconds(p99)}`

const medianAndMax = ({ median, max }: Spread, unit = 1): string =>
  `${Math.round(median / unit)} / ${Math.round(max / unit)}`

const prefixed = (counts: Readonly<Record<string, number>>, prefix: string) =>
  Object.fromEntries(Object.entries(counts).map(([name, count]) => [prefix + name, count]))

const counted = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || 'none'
