/**
 * A run of the cron: calls, statements, rows and CPU time by how much is due, on both plans; and how long a backlog takes.
 * Rows come from D1 in workerd, CPU time from the same run over SQLite in this process. Both must agree about calls and
 * statements.
 */
import { d1Shim } from '../../testing/simulation/d1/d1-shim.ts'
import { Sqlite } from '../../testing/simulation/d1/sqlite.ts'
import { emptyTables } from '../../testing/d1/tables.ts'
import { watchDatabase } from '../../testing/d1/watched-database.ts'
import { inFolder } from '../lib/folder.ts'
import type { Context, Part } from '../lib/part.ts'
import { alternate, digits, median } from '../lib/rounds.ts'
import { openWorld, type Run } from '../lib/world.ts'
import { startDatabase } from '../lib/workerd.ts'

const PLANS = ['free', 'paid'] as const
const ITEMS = [0, 10, 36, 300] as const
/** After so many seconds WeChat is asked about an attempt for the first time. */
const DUE_AFTER_S = 60
/** Noon in Beijing. The same minute in every run, because the minute decides which class of work comes first. */
const START_MS = Date.parse('2026-11-28T04:00:00Z')
/** No run works on the bill of a day. */
const BILLED = "INSERT INTO bills (day, state, counts) VALUES ('2026-11-27', 'reconciled', '{}')"

/** One run. `done`: how many attempts it has asked WeChat about. */
export type TickFigure = Readonly<{
  plan: string
  due: number
  done: number
  calls: number
  statements: number
  rowsRead: number
  rowsWritten: number
  /** CPU time in Node, that of SQLite and of the simulated WeChat included. */
  cpuMs: number
}>
/** A backlog of attempts that are all due at once, while the cron runs once a minute. */
export type DrainFigure = Readonly<{
  plan: string
  backlog: number
  minutes: number
  calls: number
  statements: number
  cpuMsPerRun: number
}>
export type TickResult = Readonly<{ runs: readonly TickFigure[]; drains: readonly DrainFigure[] }>

export const tick: Part<TickResult> = {
  name: 'tick',
  about: 'a run of the cron by how much is due, on both plans, and the drain of a backlog',
  async run(context) {
    return { runs: await measureRuns(context), drains: await measureDrains(context) }
  },
  tables: ({ runs, drains }) => [
    {
      title: 'A run of the cron',
      head: ['plan', 'due', 'done', 'calls', 'statements', 'rows read', 'rows written', 'CPU ms'],
      rows: runs.map(({ plan, ...of }) => [plan, ...valuesOf(of)]),
    },
    {
      title: 'A backlog of attempts that are all due, with a run a minute',
      head: ['plan', 'backlog', 'minutes', 'calls', 'statements', 'CPU ms per run'],
      rows: drains.map(({ plan, ...of }) => [plan, ...valuesOf(of)]),
    },
  ],
}

const valuesOf = (of: object): readonly string[] => Object.values(of).map(String)

async function measureRuns(context: Context): Promise<readonly TickFigure[]> {
  return inFolder(async (folder) => {
    const server = await startDatabase(folder)
    try {
      const figures: TickFigure[] = []
      for (const plan of PLANS) {
        for (const due of ITEMS) figures.push(await measureRun(plan, due, server.db, context))
      }
      return figures
    } finally {
      await server.stop()
    }
  })
}

async function measureRun(
  plan: string,
  due: number,
  d1: D1Database,
  context: Context,
): Promise<TickFigure> {
  context.progress(`a run with ${due} due, plan ${plan}, over D1`)
  await emptyTables(d1)
  await d1.exec(BILLED)
  const watched = watchDatabase(d1)
  const world = openWorld(watched.db, { PLAN: plan }, START_MS)
  await prepare(world, due)
  watched.reset()
  const real = await world.run()
  const [rowsRead, rowsWritten] = [watched.rowsRead(), watched.rowsWritten()]

  const overSqlite = {
    sqlite: async () => {
      const inProcess = openWorld(billedDatabase(), { PLAN: plan }, START_MS)
      await prepare(inProcess, due)
      const before = process.cpuUsage()
      const run = await inProcess.run()
      const { user, system } = process.cpuUsage(before)
      mustAgree(run, real)
      return (user + system) / 1_000
    },
  }
  const rounds = context.quick ? 3 : 9
  const { sqlite } = await alternate(
    overSqlite,
    rounds,
    context,
    `a run with ${due} due, plan ${plan}`,
  )
  const { calls, statements, due: done } = real
  return {
    plan,
    due,
    done,
    calls,
    statements,
    rowsRead,
    rowsWritten,
    cpuMs: digits(median(sqlite)),
  }
}

/** Makes attempts due, after a run has done what a run finds in an empty database. */
async function prepare(world: ReturnType<typeof openWorld>, due: number): Promise<void> {
  await world.run()
  await world.abandon(due)
  world.advance(DUE_AFTER_S)
}

function billedDatabase(): D1Database {
  const sqlite = new Sqlite()
  sqlite.exec(BILLED)
  return d1Shim(sqlite)
}

function mustAgree(one: Run, other: Run): void {
  if (JSON.stringify(one) !== JSON.stringify(other)) {
    throw new Error(`SQLite and D1 disagree: ${JSON.stringify(one)}, ${JSON.stringify(other)}`)
  }
}

async function measureDrains(context: Context): Promise<readonly DrainFigure[]> {
  const backlog = context.quick ? 2_000 : 10_000
  const figures: DrainFigure[] = []
  for (const plan of PLANS) {
    const sqlite = new Sqlite()
    sqlite.exec(BILLED)
    const world = openWorld(d1Shim(sqlite), { PLAN: plan }, START_MS)
    context.progress(`registering ${backlog} orders`)
    await world.abandon(backlog)
    world.advance(DUE_AFTER_S)
    const since = world.nowS()
    let [minutes, calls, statements] = [0, 0, 0]
    const before = process.cpuUsage()
    // An attempt that was asked about is due at a later time than all that were due at the beginning.
    for (const left = () => waiting(sqlite, since); left() > 0; minutes++) {
      context.interrupted.throwIfAborted()
      context.progress(`plan ${plan}, minute ${minutes}: ${left()} of ${backlog} wait`)
      const run = await world.run()
      calls += run.calls
      statements += run.statements
      world.advance(60)
    }
    const { user, system } = process.cpuUsage(before)
    const cpuMsPerRun = digits((user + system) / 1_000 / minutes)
    figures.push({ plan, backlog, minutes, calls, statements, cpuMsPerRun })
  }
  return figures
}

const waiting = (sqlite: Sqlite, since: number): number =>
  Number(sqlite.read(`SELECT count(*) AS n FROM attempts WHERE due_at <= ${since}`)[0]?.['n'])
