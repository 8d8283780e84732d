/** Helpers of the stories about the daily bill. */
import { env } from 'cloudflare:workers'
import { expect, vi } from 'vitest'
import type { PayOptions } from '../simulator/payer/cashier.ts'
import type { World } from './world.ts'

/** The Beijing day on which every world begins, at noon. */
export const DAY = '2026-11-23'
/** The day after {@link DAY}. */
export const NEXT_DAY = '2026-11-24'

/** `2026-11-23` → `20261123`, the form of the simulator. */
export const compact = (day: string): string => day.replaceAll('-', '')

/** Sets the clock to a Beijing time, `2026-11-24T10:10:00`. It may also go back. */
export function goTo(w: World, beijing: string): void {
  w.advance((Date.parse(`${beijing}+08:00`) - w.now()) / 1_000)
}

/** Formats milliseconds as a Beijing time: `11-24 10:10`. */
export const beijing = (ms: number): string =>
  new Date(ms + 8 * 3_600_000).toISOString().slice(5, 16).replace('T', ' ')

/** How often the Worker has called downloadbill. */
export const downloads = (w: World): number =>
  w.calls.filter((call) => call.endsWith('/pay/downloadbill')).length

/** Registers an order, lets a payer pay it, and delivers the notice, so that the Worker records the payment. */
export async function paid(
  w: World,
  name: string,
  terms: Record<string, unknown> = {},
  options: PayOptions = {},
): Promise<{ ordercode: string; transactionId: string }> {
  const { ordercode, transactionId } = await lost(w, name, terms, options)
  const answer = await w.notify(w.wechat.notices.ofPayments.xml(ordercode))
  if (answer.status !== 200) throw new Error(await answer.text())
  await w.settled()
  return { ordercode, transactionId }
}

/** Registers an order and lets a payer pay it. WeChat loses its notices, so the Worker does not know of the payment yet. */
export async function lost(
  w: World,
  name: string,
  terms: Record<string, unknown> = {},
  options: PayOptions = {},
): Promise<{ ordercode: string; transactionId: string }> {
  const ordercode = await w.order(name, terms)
  await w.pay(ordercode, w.wechat.payer.newOpenid())
  w.wechat.notices.ofPayments.loseNext(ordercode)
  const result = w.wechat.payer.pay(ordercode, options)
  if (!result.ok) throw new Error(result.why)
  return { ordercode, transactionId: result.transactionId }
}

/** Requests a refund, which WeChat accepts. It succeeds later without further action. */
export async function refunded(
  w: World,
  ordercode: string,
  outRefundNo: string,
  refundFee: number,
): Promise<void> {
  const path = `/orders/${ordercode}/refunds/${outRefundNo}`
  const answer = await w.shop('PUT', path, { refund_fee: refundFee })
  if (answer.status !== 201) throw new Error(await answer.text())
}

/** Runs the cron every minute, `count` times. */
export async function minutes(w: World, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    await w.cron()
    await w.settled()
    w.advance(60)
  }
}

/** Runs the cron every ten minutes, `count` times. */
export async function tens(w: World, count: number): Promise<void> {
  for (let times = 0; times < count; times++) {
    await w.cron()
    await w.settled()
    w.advance(600)
  }
}

/**
 * Sets the clock to 10:10 on the day after `day`, and runs the cron every minute until the bill of `day` is reconciled.
 *
 * @throws Error when the bill is not reconciled after `patience` minutes.
 */
export async function reconciled(w: World, day = DAY, patience = 60): Promise<Report> {
  const ready = Date.parse(`${day}T10:10:00+08:00`) + 86_400_000
  if (w.now() < ready) w.advance((ready - w.now()) / 1_000)
  for (let minute = 0; minute < patience; minute++) {
    await minutes(w, 1)
    const report = await reportOf(w, day)
    if (report?.state === 'reconciled') return report
  }
  throw new Error(`the bill of ${day} is not reconciled after ${patience} minutes`)
}

/** The report of a day's bill, or undefined when the day has no report yet. */
export async function reportOf(w: World, day = DAY): Promise<Report | undefined> {
  const answer = await w.shop('GET', `/bills/${day}`)
  if (answer.status !== 200) {
    expect([404, 409]).toContain(answer.status)
    return undefined
  }
  return answer.json()
}

/** Requests, as the shop does, that the day is reconciled now. */
export const runNow = (w: World, day = DAY): Promise<Response> =>
  w.shop('POST', `/bills/${day}/reconcile`)

/** All reviews of a kind, from every page of the list. */
export async function reviews(w: World, kind = 'bill_difference'): Promise<ReviewJson[]> {
  const all: ReviewJson[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const path = `/reviews?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`
    const answer = await w.shop('GET', path)
    const page = await answer.json<{ reviews: ReviewJson[]; next_cursor: string | null }>()
    all.push(...page.reviews)
    cursor = page.next_cursor
  }
  return all.filter((each) => each.kind === kind)
}

/** The sources of the order's recorded payments: `notice`, `query`, `bill`, … */
export async function sources(w: World, ordercode: string): Promise<unknown[]> {
  const answer = await w.shop('GET', `/orders/${ordercode}/events`)
  const { events } = await answer.json<{ events: { type: string; source?: string }[] }>()
  return events.filter(({ type }) => type === 'payment_booked').map(({ source }) => source)
}

/** Webhooks of a type that the shop has received. */
export const webhooks = (w: World, type: string) =>
  w.receiver.received.filter((each) => each.type === type)

/** Changes WeChat's answers to downloadbill. @param change Returns undefined to leave an answer as it is. */
export function onDownload(
  w: World,
  change: (response: Response, day: string) => Promise<Response | undefined>,
): void {
  const real = w.wechat.fetch
  vi.spyOn(w.wechat, 'fetch').mockImplementation(async (request) => {
    if (!new URL(request.url).pathname.endsWith('/pay/downloadbill')) return real(request)
    const xml = await request.clone().text()
    const response = await real(request)
    const day = /<bill_date>\D*(\d{8})/.exec(xml)?.[1] ?? '?'
    return (await change(response.clone(), day)) ?? response
  })
}

/** Records the days whose bills the Worker downloads from now on: `20261123`. */
export function watchDays(w: World): string[] {
  const days: string[] = []
  onDownload(w, (_, day) => {
    days.push(day)
    return Promise.resolve(undefined)
  })
  return days
}

/** Reads all lasting data except the columns that hold times, to compare two runs of a story. */
export async function everything(w: World): Promise<Record<string, unknown>> {
  const rows = async (sql: string): Promise<unknown[]> => (await w.db.prepare(sql).all()).results
  return {
    bills: await rows('SELECT day, state, counts FROM bills ORDER BY day'),
    differences: await rows(
      'SELECT day, kind, subject, ordercode, bill, books, outcome FROM bill_differences ORDER BY 1, 2, 3',
    ),
    reviews: await rows('SELECT id, kind, subject, ordercode, evidence FROM reviews ORDER BY id'),
    deliveries: await rows('SELECT id, type, ordercode, state FROM deliveries ORDER BY id'),
    payments: (await rows('SELECT * FROM payments ORDER BY transaction_id')).map((row) =>
      Object.assign(row as object, { confirmed_at: null, sum_at: null }),
    ),
    refunds: await rows(
      'SELECT out_refund_no, ordercode, transaction_id, state, refund_fee, source FROM refunds ORDER BY 1',
    ),
    orders: await rows('SELECT ordercode, state, revision FROM orders ORDER BY ordercode'),
    events: await rows('SELECT ordercode, revision, type, data FROM order_events ORDER BY 1, 2'),
  }
}

const TABLES = [
  'orders',
  'attempts',
  'payments',
  'events',
  'deliveries',
  'reviews',
  'refunds',
  'bills',
  'bill_differences',
  'runs',
  'recoveries',
]

/** Copies the whole database. @returns a function that restores it. */
export async function snapshot(): Promise<() => Promise<void>> {
  const copies = await Promise.all(
    TABLES.map(async (table) => {
      const { results } = await env.DB.prepare(`SELECT * FROM ${table}`).all()
      return { table, results }
    }),
  )
  return async () => {
    await env.DB.batch([
      ...TABLES.toReversed().map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
      ...copies.flatMap(({ table, results }) =>
        results.map((row) => {
          const columns = Object.keys(row)
          const marks = columns.map(() => '?').join(', ')
          return env.DB.prepare(
            `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`,
          ).bind(...Object.values(row))
        }),
      ),
    ])
  }
}

/** One side of a difference: the fields of the bill or of our records. */
export type Side = Record<string, string | number>

/** A difference in the JSON report on a day's bill. */
export type DifferenceJson = {
  kind: string
  subject: string
  ordercode: string | null
  bill: Side | null
  books: Side | null
  outcome: string | null
  review_id: string | null
}

/** The JSON answer of `GET /bills/{day}`: the report on a day's bill. */
export type Report = {
  date: string
  state: string
  fetched_at: string | null
  reconciled_at: string | null
  last_error: string | null
  bill: {
    rows: number
    payments: number
    total_fee: number
    refunds: number
    refund_fee: number
    others: number
    unreadable: number
  }
  books: { payments: number; total_fee: number } | null
  difference_count: number
  differences: DifferenceJson[]
}

/** The fields of a review that the stories read. */
export type ReviewJson = {
  id: string
  kind: string
  ordercode: string | null
  evidence: Record<string, unknown>
}
