/**
 * `npm run bench`: reads and reconciles the bill of a very busy day with the real Worker in workerd, over real D1 and
 * KV.
 */
import { join } from 'node:path'
import { createTestHarness } from 'wrangler'
import { CliError, readOptions, run } from '../scripts/cli/command.ts'
import { onInterrupt } from '../scripts/cli/interrupt.ts'
import { bold, dim, red, say, table } from '../scripts/cli/terminal.ts'
import {
  makeBill,
  openidOf,
  ordercodeOf,
  outRefundNoOf,
  refundFeeOf,
  secondOf,
  totalFeeOf,
  transactionIdOf,
} from './bill-file.ts'
import type { Measured, Seed } from './bill-worker.ts'
import { Processes } from './lib/processes.ts'

const HELP = `Measures how the bill of a busy day is read and reconciled with our records: time, cron runs, memory, query plans.

Usage: npm run bench
       npm run bench -- --payments 20000

  --payments N   payments of the day, each with its order in D1 (default 100000)
  --refund N     every N-th payment is refunded (default 10)
  --times N      how often reading is measured (default 5)
  --help         print this text

Asserts nothing. CPU and memory are read from /proc, so they are shown on Linux only. They are those of the whole workerd
process, which includes D1 and KV. The free plan gives a Worker 10 ms of CPU, the paid plan 30 s; both give an isolate 128 MB.`

const ROOT = join(import.meta.dirname, '..')
const DAY = '2026-11-22'
const DAY_START_MS = Date.parse(`${DAY}T00:00:00+08:00`)
const READY_MS = Date.parse(`${DAY}T10:10:00+08:00`) + 86_400_000
const APPID = 'wxd930ea5d5a258f4f'
const MCH_ID = '10000100'
const TOKEN = 'merchant-token-of-the-bench-0123456789'
const SEED_ROWS = 2_500
const RUNS_MAX = 400
let lastSaidMs = -Infinity
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

async function bench(
  worker: Worker,
  bill: Bill,
  options: Readonly<{ payments: number; refundEvery: number; times: number }>,
  interrupted: AbortSignal,
): Promise<void> {
  const workerd = new Processes()
  await measureReading(worker, workerd, bill, options.times, interrupted)
  await seed(worker, options.payments, options.refundEvery, interrupted)
  const rows: string[][] = []
  for (const [name, vars] of Object.entries(BUDGETS)) {
    rows.push(await measureReconciling(worker, workerd, bill, name, vars, interrupted))
  }
  say()
  say(bold('One day, from the download to "reconciled"'))
  const head = ['budget', 'runs', 'total', 'slowest run', 'its CPU', 'total CPU']
  const more = ['D1 per page', 'rows read', 'rows written', 'max statements', 'peak memory']
  for (const line of table([...head, ...more], rows)) say(line)
  await printPlans(worker)
}

/** Measures how long the Worker parses a bill, and for comparison how long it only receives or unpacks it. */
async function measureReading(
  worker: Worker,
  workerd: Processes,
  bill: Bill,
  times: number,
  interrupted: AbortSignal,
): Promise<void> {
  const ways = {
    drain: 'receive the bytes',
    unpack: '… and unpack',
    parse: '… and parse the rows',
  }
  const best = new Map<string, { ms: number; cpuMs: number; grown: number }>()
  for (let round = 0; round < times; round++) {
    progress(`reading, round ${round + 1} of ${times}`)
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
  const parse = best.get('parse')
  say()
  say(bold(`Reading ${bill.rows} rows in workerd: best time and highest memory of ${times} rounds`))
  const rows = Object.entries(ways).map(([way, label]) => {
    const { ms = 0, cpuMs = 0, grown = 0 } = best.get(way) ?? {}
    return [label, time(ms), time(cpuMs), (ms / (parse?.ms ?? 1)).toFixed(2), mb(grown)]
  })
  for (const line of table(['', 'time', 'CPU', 'ratio', 'memory growth'], rows)) say(line)
}

async function measureReconciling(
  worker: Worker,
  workerd: Processes,
  bill: Bill,
  name: string,
  vars: Record<string, string>,
  interrupted: AbortSignal,
): Promise<string[]> {
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
  return [
    name,
    String(runs.length),
    time(runs.reduce((total, { ms }) => total + ms, 0)),
    time(slowest?.ms ?? 0),
    time(slowest?.cpuMs ?? 0),
    time(runs.reduce((total, { cpuMs }) => total + cpuMs, 0)),
    time(pages.reduce((total, { ms }) => total + ms, 0) / Math.max(1, pageCount)),
    String(sum(({ read }) => read)),
    String(sum(({ written }) => written)),
    String(Math.max(...runs.map(({ statements }) => statements))),
    mb(workerd.memory().peak),
  ]
}

/** Prints the query plans of the reconciliation, and marks scans of a whole table. */
async function printPlans(worker: Worker): Promise<void> {
  const all = (await callWorker(worker, '/bench/plans')) as { sql: string; plan: string[] }[]
  const bills = all.filter(({ sql }) => /bill/.test(sql))
  say()
  say(bold('Query plans of SQLite; a SCAN of orders, payments or refunds would be a defect'))
  for (const { sql, plan } of bills) {
    say(dim(sql.replace(/\s+/g, ' ').slice(0, 110)))
    for (const step of plan) {
      const isScan = /^SCAN (orders|payments|refunds|attempts|p|r)\b/.test(step)
      say(`    ${isScan ? red(step) : step}`)
    }
  }
}

/** Fills D1 with the orders, attempts, payments and refunds that the bill contains, so that no difference is found. */
async function seed(
  worker: Worker,
  payments: number,
  refundEvery: number,
  interrupted: AbortSignal,
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
      .filter((n) => n % refundEvery === 0)
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

/** Calls the Worker's merchant API, or one of the `/bench/` routes of `bill-worker.ts`. */
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
    main: join(ROOT, 'bench/bill-worker.ts'),
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

function readCount(option: string, text: string): number {
  const count = Number(text)
  if (/^\d{1,7}$/.test(text) && count >= 1) return count
  throw new CliError(`${option} takes a whole number of at least 1, not "${text}".`)
}

const time = (ms: number): string =>
  ms >= 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms)} ms`
const mb = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`

/** Prints progress, at most twice a second on a terminal, and at most every five seconds otherwise. */
function progress(text: string): void {
  const pauseMs = process.stdout.isTTY ? 500 : 5_000
  if (performance.now() - lastSaidMs < pauseMs) return
  lastSaidMs = performance.now()
  say(dim(text))
}

void run(async () => {
  const { values } = readOptions({
    payments: { type: 'string', default: '100000' },
    refund: { type: 'string', default: '10' },
    times: { type: 'string', default: '5' },
    help: { type: 'boolean', default: false },
  })
  if (values.help) {
    say(HELP)
    return 0
  }
  const payments = readCount('--payments', values.payments)
  const refundEvery = readCount('--refund', values.refund)
  const times = readCount('--times', values.times)
  const interrupted = onInterrupt()

  progress(`generating a bill of ${payments} payments`)
  const bill = makeBill({ day: DAY, appid: APPID, mchId: MCH_ID, payments, refundEvery })
  say(`${bill.rows} rows, ${mb(bill.gzip.length)} gzipped, ${mb(bill.plainBytes)} unpacked`)

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
    return Promise.resolve(new Response(new Uint8Array(bill.gzip)))
  }
  try {
    await server.listen()
    const worker = server.getWorker('bench')
    await worker.applyD1Migrations('DB')
    await bench(worker, bill, { payments, refundEvery, times }, interrupted)
  } catch (error) {
    if (!interrupted.aborted) throw error
  } finally {
    globalThis.fetch = realFetch
    await server.close()
  }
  if (interrupted.aborted) say(red('Interrupted.'))
  return interrupted.aborted ? 1 : 0
})
