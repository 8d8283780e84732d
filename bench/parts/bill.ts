/**
 * The bill of a very busy day: the real Worker in workerd, over real D1 and KV, reads and reconciles it. CPU and memory are
 * those of the whole workerd process, which includes D1 and KV. The free plan gives a Worker 10 ms of CPU, the paid plan
 * 30 s; both give an isolate 128 MB.
 */
import { join } from 'node:path'
import { createTestHarness } from 'wrangler'
import { CliError } from '../../scripts/cli/command.ts'
import {
  makeBill,
  openidOf,
  ordercodeOf,
  outRefundNoOf,
  refundFeeOf,
  secondOf,
  totalFeeOf,
  transactionIdOf,
} from '../lib/bill-file.ts'
import type { Context, Part, Table } from '../lib/part.ts'
import { Processes } from '../lib/processes.ts'
import { digits } from '../lib/rounds.ts'
import type { Measured, Seed } from '../workers/measured-worker.ts'

const ROOT = join(import.meta.dirname, '../..')
const DAY = '2026-11-22'
const DAY_START_MS = Date.parse(`${DAY}T00:00:00+08:00`)
const READY_MS = Date.parse(`${DAY}T10:10:00+08:00`) + 86_400_000
const APPID = 'wxd930ea5d5a258f4f'
const MCH_ID = '10000100'
const TOKEN = 'merchant-token-of-the-bench-0123456789'
const SEED_ROWS = 2_500
const SCAN = /^SCAN (orders|payments|refunds|attempts|p|r)\b/
const RUNS_MAX = 400
/** Every so many payments one is refunded. */
const REFUND_EVERY = 10
const TIMES = 5
const BUDGETS = {
  'free plan (default)': { TICK_CALLS: '40', TICK_STATEMENTS: '50' },
  'paid plan': { TICK_CALLS: '1000', TICK_STATEMENTS: '1000' },
} as const

type Harness = ReturnType<typeof createTestHarness>
type Worker = Pick<ReturnType<Harness['getWorker']>, 'fetch' | 'scheduled'>
type Bill = ReturnType<typeof makeBill>
type CronRun = Readonly<{
  ms: number
  cpuMs: number
  batches: readonly Measured[]
  statements: number
}>

/** How long a bill is received, unpacked or parsed: the best of several rounds, and the most memory. */
type Reading = Readonly<{ ms: number; cpuMs: number; memoryMb: number }>
/** One day, from the download to "reconciled". */
type Reconciling = Readonly<{
  runs: number
  totalMs: number
  slowestMs: number
  slowestCpuMs: number
  totalCpuMs: number
  d1MsPerPage: number
  rowsRead: number
  rowsWritten: number
  statementsMax: number
  memoryMb: number
}>
export type BillResult = Readonly<{
  payments: number
  rows: number
  gzipMb: number
  plainMb: number
  reading: Readonly<Record<string, Reading>>
  reconciling: Readonly<Record<string, Reconciling>>
  /** Statements whose query plan scans a whole table; must be empty. */
  scans: readonly string[]
}>

export const bill: Part<BillResult> = {
  name: 'bill',
  about: 'the bill of a day with 100000 payments: time, runs of the cron, memory, query plans',
  run: measure,
  tables: ({ payments, rows, reading, reconciling, scans }): readonly Table[] => [
    {
      title: `Reading ${rows} rows in workerd: best time and highest memory of ${TIMES} rounds`,
      head: ['', 'ratio', 'time', 'CPU', 'memory growth'],
      rows: Object.entries(reading).map(([name, { ms, cpuMs, memoryMb }]) => [
        name,
        (ms / (reading['… and parse the rows']?.ms ?? ms)).toFixed(2),
        time(ms),
        time(cpuMs),
        `${memoryMb} MB`,
      ]),
    },
    {
      title: `A day with ${payments} payments, from the download to "reconciled"; ${
        scans.length === 0 ? 'no plan scans a table' : `SCANS: ${scans.join('; ')}`
      }`,
      head: [
        'budget',
        'runs',
        'total',
        'slowest run',
        'its CPU',
        'total CPU',
        'D1 per page',
        'rows read',
        'rows written',
        'max statements',
        'peak memory',
      ],
      rows: Object.entries(reconciling).map(([name, of]) => [
        name,
        String(of.runs),
        ...[of.totalMs, of.slowestMs, of.slowestCpuMs, of.totalCpuMs, of.d1MsPerPage].map(time),
        ...[of.rowsRead, of.rowsWritten, of.statementsMax].map(String),
        `${of.memoryMb} MB`,
      ]),
    },
  ],
}

async function measure({ payments, progress, interrupted }: Context): Promise<BillResult> {
  progress(`generating a bill of ${payments} payments`)
  const file = makeBill({
    day: DAY,
    appid: APPID,
    mchId: MCH_ID,
    payments,
    refundEvery: REFUND_EVERY,
  })
  // wrangler must not use the network, so that the bench runs offline.
  for (const name of ['CLOUDFLARE_CF_FETCH_ENABLED', 'WRANGLER_SEND_METRICS']) {
    process.env[name] ??= 'false'
  }
  const realFetch = globalThis.fetch
  const server = createTestHarness({ workers: [workerInput()] })
  /** The Worker's outgoing requests end here: downloadbill gets the bill, every other call to WeChat gets a 500. */
  globalThis.fetch = (input, init) => {
    const request = new Request(input, init)
    const { hostname, pathname } = new URL(request.url)
    if (!hostname.endsWith('weixin.qq.com')) return realFetch(request)
    if (pathname !== '/pay/downloadbill') return Promise.resolve(new Response('', { status: 500 }))
    return Promise.resolve(new Response(new Uint8Array(file.gzip)))
  }
  try {
    await server.listen()
    const worker = server.getWorker('bench')
    await worker.applyD1Migrations('DB')
    const workerd = new Processes()
    const watching = { progress, interrupted }
    const reading = await measureReading(worker, workerd, file, watching)
    await seed(worker, payments, watching)
    const reconciling: Record<string, Reconciling> = {}
    for (const [name, vars] of Object.entries(BUDGETS)) {
      reconciling[name] = await measureReconciling(worker, workerd, file, name, vars, watching)
    }
    return {
      payments,
      rows: file.rows,
      gzipMb: mb(file.gzip.length),
      plainMb: mb(file.plainBytes),
      reading,
      reconciling,
      scans: await findScans(worker),
    }
  } finally {
    globalThis.fetch = realFetch
    await server.close()
  }
}

type Watching = Pick<Context, 'interrupted' | 'progress'>

/** Measures how long the Worker parses a bill, and for comparison how long it only receives or unpacks it. */
async function measureReading(
  worker: Worker,
  workerd: Processes,
  bill: Bill,
  { progress, interrupted }: Watching,
): Promise<BillResult['reading']> {
  const ways = {
    drain: 'receive the bytes',
    unpack: '… and unpack',
    parse: '… and parse the rows',
  }
  const best = new Map<string, { ms: number; cpuMs: number; grown: number }>()
  for (let round = 0; round < TIMES; round++) {
    progress(`reading, round ${round + 1} of ${TIMES}`)
    for (const way of Object.keys(ways)) {
      interrupted.throwIfAborted()
      workerd.forgetPeak()
      const before = workerd.memory().now
      const [cpu, startedMs] = [workerd.cpuMs(), performance.now()]
      await callWorker(worker, `/bench/${way}`, bill.gzip)
      const ms = performance.now() - startedMs
      const grown = Math.max(0, workerd.memory().peak - before)
      const known = best.get(way) ?? { ms: Infinity, cpuMs: Infinity, grown: 0 }
      best.set(way, {
        ms: Math.min(known.ms, ms),
        cpuMs: Math.min(known.cpuMs, workerd.cpuMs() - cpu),
        grown: Math.max(known.grown, grown),
      })
    }
  }
  return Object.fromEntries(
    Object.entries(ways).map(([way, label]) => {
      const { ms = 0, cpuMs = 0, grown = 0 } = best.get(way) ?? {}
      return [label, { ms: Math.round(ms), cpuMs: Math.round(cpuMs), memoryMb: mb(grown) }]
    }),
  )
}

async function measureReconciling(
  worker: Worker,
  workerd: Processes,
  bill: Bill,
  name: string,
  vars: Record<string, string>,
  { progress, interrupted }: Watching,
): Promise<Reconciling> {
  await callWorker(worker, '/bench/vars', JSON.stringify(vars))
  await seedAll(worker, [
    'DELETE FROM bill_differences',
    'DELETE FROM bills',
    'UPDATE payments SET billed_on = NULL',
    'UPDATE refunds SET billed_on = NULL',
  ])
  await callWorker(worker, '/bench/measured')
  workerd.forgetPeak()
  const runs: CronRun[] = []
  for (let minute = 0; ; minute++) {
    interrupted.throwIfAborted()
    if (minute === RUNS_MAX)
      throw new CliError(`${name}: not reconciled after ${RUNS_MAX} runs of the cron`)
    const [cpu, startedMs] = [workerd.cpuMs(), performance.now()]
    await worker.scheduled({ scheduledTime: new Date(READY_MS + minute * 60_000) })
    const ms = performance.now() - startedMs
    const measured = (await callWorker(worker, '/bench/measured')) as {
      batches: Measured[]
      report: { statements: number }
    }
    runs.push({
      ms,
      cpuMs: workerd.cpuMs() - cpu,
      batches: measured.batches,
      statements: measured.report.statements,
    })
    const report = (await callWorker(worker, `/bills/${DAY}`)) as Record<string, unknown>
    const { rows } = (report['bill'] ?? {}) as { rows?: number }
    progress(`${name}: run ${runs.length}, ${rows ?? 0} of ${bill.rows} rows`)
    if (report['state'] !== 'reconciled') continue
    if (report['difference_count'] !== 0)
      throw new CliError(`${name}: the reconciliation found differences, and must find none`)
    break
  }
  const batches = runs.flatMap((each) => each.batches)
  const sum = (of: (batch: Measured) => number): number =>
    batches.reduce((total, batch) => total + of(batch), 0)
  // The Worker needs two D1 batches for a page of the bill: a single statement looks up what the records have about
  // the page's rows, then several statements store the outcome. Counting only the second one counts each page once.
  const pages = batches.filter(({ sql }) =>
    sql.some((text) => /FROM json_each\(\?1\)\)|SET rows_done/.test(text)),
  )
  const pageCount = pages.filter(({ sql }) => sql.some((text) => text.includes('rows_done'))).length
  const slowest = runs.toSorted((a, b) => b.ms - a.ms)[0]
  return {
    runs: runs.length,
    totalMs: Math.round(runs.reduce((total, { ms }) => total + ms, 0)),
    slowestMs: Math.round(slowest?.ms ?? 0),
    slowestCpuMs: Math.round(slowest?.cpuMs ?? 0),
    totalCpuMs: Math.round(runs.reduce((total, { cpuMs }) => total + cpuMs, 0)),
    d1MsPerPage: digits(pages.reduce((total, { ms }) => total + ms, 0) / Math.max(1, pageCount)),
    rowsRead: sum(({ read }) => read),
    rowsWritten: sum(({ written }) => written),
    statementsMax: Math.max(...runs.map(({ statements }) => statements)),
    memoryMb: mb(workerd.memory().peak),
  }
}

/** The statements of the reconciliation whose query plan scans a whole table of orders, payments or refunds. */
async function findScans(worker: Worker): Promise<readonly string[]> {
  const all = (await callWorker(worker, '/bench/plans')) as { sql: string; plan: string[] }[]
  return all
    .filter(({ sql, plan }) => /bill/.test(sql) && plan.some((step) => SCAN.test(step)))
    .map(({ sql }) => sql.replace(/\s+/g, ' ').slice(0, 110))
}

/** Fills D1 with the orders, attempts, payments and refunds that the bill contains, so that no difference is found. */
async function seed(
  worker: Worker,
  payments: number,
  { progress, interrupted }: Watching,
): Promise<void> {
  for (let from = 0; from < payments; from += SEED_ROWS) {
    interrupted.throwIfAborted()
    progress(`inserting orders into D1: ${from} of ${payments}`)
    const numbers = Array.from({ length: Math.min(SEED_ROWS, payments - from) }, (_, n) => from + n)
    const orders = numbers.map((n) => [
      ordercodeOf(n),
      totalFeeOf(n),
      transactionIdOf(DAY, n),
      DAY_START_MS / 1_000 + secondOf(n),
      openidOf(n),
    ])
    const refunds = numbers
      .filter((n) => n % REFUND_EVERY === 0)
      .map((n) => [
        outRefundNoOf(n),
        ordercodeOf(n),
        transactionIdOf(DAY, n),
        refundFeeOf(n),
        totalFeeOf(n),
        DAY_START_MS / 1_000 + secondOf(n),
      ])
    const [json, refundJson] = [JSON.stringify(orders), JSON.stringify(refunds)]
    const at = (index: number): string => `json_extract(value, '$[${index}]')`
    const seeds: Seed[] = [
      {
        sql: `INSERT INTO orders (ordercode, state, revision, total_fee, body, expires_in, created_at,
                expires_at, transaction_id, paid_at)
              SELECT ${at(0)}, 'paid', 3, ${at(1)}, '图书', 7200, ${at(3)} - 60, ${at(3)} + 7140, ${at(2)},
                ${at(3)} FROM json_each(?)`,
        params: [json],
      },
      {
        sql: `INSERT INTO attempts (ordercode, number, state, appid, mch_id, openid, spbill_create_ip,
                total_fee, body, notify_url, sign_type, time_start, time_expire, sent_at)
              SELECT ${at(0)}, 1, 'paid', ?2, ?3, ${at(4)}, '203.0.113.7', ${at(1)}, '图书',
                'https://pay.test/notify', 'MD5', ${at(3)} - 60, ${at(3)} + 7140, ${at(3)} - 60
              FROM json_each(?1)`,
        params: [json, APPID, MCH_ID],
      },
      {
        sql: `INSERT INTO payments (transaction_id, ordercode, number, openid, trade_type, fee_type,
                total_fee, paid_at)
              SELECT ${at(2)}, ${at(0)}, 1, ${at(4)}, 'JSAPI', 'CNY', ${at(1)}, ${at(3)} FROM json_each(?)`,
        params: [json],
      },
      {
        sql: `INSERT INTO refunds (out_refund_no, ordercode, transaction_id, state, refund_fee, total_fee,
                source, requested_at, started_at, accepted_at, ended_at)
              SELECT ${at(0)}, ${at(1)}, ${at(2)}, 'succeeded', ${at(3)}, ${at(4)}, 'shop', ${at(5)},
                ${at(5)}, ${at(5)}, ${at(5)} FROM json_each(?)`,
        params: [refundJson],
      },
    ]
    await callWorker(worker, '/bench/seed', JSON.stringify(seeds))
  }
}

/** Runs SQL statements without parameters in the Worker's database. */
const seedAll = (worker: Worker, statements: readonly string[]): Promise<unknown> =>
  callWorker(worker, '/bench/seed', JSON.stringify(statements.map((sql) => ({ sql, params: [] }))))

/** Calls the Worker's merchant API, or one of the `/bench/` routes of `measured-worker.ts`. */
async function callWorker(
  worker: Worker,
  path: string,
  body?: string | Uint8Array,
): Promise<unknown> {
  const response = await worker.fetch(`https://pay.test${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  })
  if (response.status >= 500) throw new Error(`${path}: ${await response.text()}`)
  return response.json()
}

const workerInput = () => ({
  config: {
    name: 'bench',
    main: join(ROOT, 'bench/workers/measured-worker.ts'),
    compatibility_date: '2026-10-23',
    d1_databases: [
      {
        binding: 'DB',
        database_name: 'bench',
        database_id: 'bench',
        migrations_dir: join(ROOT, 'src/store/migrations'),
      },
    ],
    kv_namespaces: [{ binding: 'KV', id: 'bench' }],
    vars: {
      WX_APPID: APPID,
      WX_MCH_ID: MCH_ID,
      WX_APP_SECRET: '00000000000000000000000000000000',
      WX_API_KEY: '192006250b4c09247ec02edce69f6a2d',
      MERCHANT_TOKEN: TOKEN,
      PUBLIC_URL: 'https://pay.test',
    },
  },
})

const time = (ms: number): string =>
  ms >= 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms)} ms`
const mb = (bytes: number): number => digits(bytes / 1_048_576)
