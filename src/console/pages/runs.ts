/** `/console/runs`: when the cron ran, how long it took, and what it did. */
import type { StoredRun } from '../../ports/run-store.ts'
import { listRuns } from '../../service/run/runs.ts'
import type { PageHandler, Visit } from '../http/visit.ts'
import { clockOf, count, shortDay, timeText } from '../view/format.ts'
import { heading } from '../view/heading.ts'
import { empty, pageOf, pager, spanOf } from '../view/lists.ts'
import { markup, type Markup, type Value } from '../view/markup.ts'
import { note } from '../view/note.ts'
import { table } from '../view/table.ts'
import { dayOf } from '../../core/day.ts'
import { isDead, runStrip } from '../parts/run-strip.ts'

const ROWS = 60
/** When so many of the last runs left work behind, the budget is too small. */
const BACKLOG_RUNS = 5
const FIGURES = ['due', 'booked', 'waiting', 'refunds', 'told', 'left', 'failed'] as const

export const showRuns: PageHandler = async (visit) => {
  const { url, words, deps, now } = visit
  const { runs } = words
  const page = pageOf(url, ROWS)
  const found = await listRuns(deps, page.before.at, ROWS + 1)
  const rows = found.slice(0, ROWS)
  const last = rows.at(-1)
  const next = found.length > ROWS && last !== undefined ? { at: last.id, key: '' } : undefined
  const columns = [
    { head: runs.begun, css: 's-a' },
    { head: runs.took, css: 'num s-b' },
    ...FIGURES.slice(0, 2).map((name) => ({ head: runs[name], css: 'num wide' })),
    { head: runs.closed, css: 'num wide' },
    ...FIGURES.slice(2).map((name) => ({ head: runs[name], css: 'num wide' })),
    { head: runs.bill, css: 'num wide' },
  ]
  const body =
    rows.length === 0
      ? empty(runs.none, runs.noneHow)
      : table(
          columns,
          rows.map((run) => cells(visit, run)),
        )
  const span = spanOf(rows, ({ startedAt }) => timeText(startedAt, now))
  const strip = rows.toReversed().map((run) => ({
    seconds: (run.finishedAt ?? run.startedAt) - run.startedAt,
    isDead: isDead(run, now),
  }))
  return {
    section: 'runs',
    title: runs.title,
    main: markup`${heading(runs.title, runs.about)}${warnings(visit, rows)}<section class="card" aria-label="${runs.title}">${rows.length > 0 && markup`<div class="pad">${runStrip(strip)}</div>`}${body}${pager(words, url, next, span, ROWS)}</section>`,
  }
}

const figure = ({ report }: StoredRun, name: string): number => {
  const value = report[name]
  return typeof value === 'number' ? value : 0
}

/** A figure of zero is faint, so that the others are seen. */
const shown = (value: number, isBad = false): Markup =>
  value === 0
    ? markup`<span class="faint">0</span>`
    : markup`<span class="${isBad && 'mark'}">${count(value)}</span>`

function cells({ words, now, today }: Visit, run: StoredRun): readonly Value[] {
  const { runs } = words
  const { startedAt, finishedAt, report } = run
  const took =
    finishedAt === undefined
      ? isDead(run, now)
        ? markup`<span class="mark">${runs.unfinished}</span>`
        : runs.running
      : runs.seconds(finishedAt - startedAt)
  const day = dayOf(startedAt)
  const begun = day === today ? clockOf(startedAt) : `${shortDay(day, today)} ${clockOf(startedAt)}`
  const bill = report['bill']
  return [
    begun,
    took,
    shown(figure(run, 'due')),
    shown(figure(run, 'booked')),
    shown(figure(run, 'closed') + figure(run, 'expired')),
    shown(figure(run, 'waiting')),
    shown(figure(run, 'refunds')),
    shown(figure(run, 'told')),
    shown(figure(run, 'left'), true),
    shown(figure(run, 'failed'), true),
    typeof bill === 'string' && bill.slice(5),
  ]
}

function warnings({ words, url }: Visit, rows: readonly StoredRun[]): readonly (Markup | false)[] {
  const { runs } = words
  if (url.searchParams.has('cursor')) return []
  const finished = rows.filter(({ finishedAt }) => finishedAt !== undefined)
  const recent = finished.slice(0, BACKLOG_RUNS)
  const isBehind = recent.length === BACKLOG_RUNS && recent.every((run) => figure(run, 'left') > 0)
  return [
    isBehind && note({ tone: 'bad', text: runs.backlog }),
    finished[0]?.report['reduced'] === true && note({ tone: 'bad', text: runs.reduced }),
  ]
}
