/** Days and their bills: what the stories of the reconciliation have in common. */
import { env } from 'cloudflare:workers'
import { expect, vi } from 'vitest'
import type { PayOptions } from '../simulator/payer/cashier.ts'
import type { World } from './world.ts'

/** The day on which every world begins, at noon in Beijing. */
export const DAY = '2026-11-23'
export const NEXT_DAY = '2026-11-24'

/** `20261123`, as the simulator wants it. */
export const compact = (day: string): string => day.replaceAll('-', '')

/** Puts the clock to that time in Beijing; back, too. */
export function goTo(w: World, beijing: string): void {
  w.advance((Date.parse(`${beijing}+08:00`) - w.now()) / 1_000)
}

/** `11-24 10:10` in Beijing. */
export const beijing = (ms: number): string =>
  new Date(ms + 8 * 3_600_000).toISOString().slice(5, 16).replace('T', ' ')

export const downloads = (w: World): number =>
  w.calls.filter((call) => call.endsWith('/pay/downloadbill')).length

/** Paid, and its notice came. @returns ordercode and transaction_id. */
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

/** Paid, and no notice of it ever comes. */
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

/** Asked for by the shop and accepted by WeChat; it will succeed by itself. */
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

/** Lets the cron run every minute, as often as that. */
export async function minutes(w: World, count: number): Promise<void> {
  for (let minute = 0; minute < count; minute++) {
    await w.cron()
    await w.settled()
    w.advance(60)
  }
}

/** The same every ten minutes, for what takes hours. */
export async function tens(w: World, count: number): Promise<void> {
  for (let times = 0; times < count; times++) {
    await w.cron()
    await w.settled()
    w.advance(600)
  }
}

/** From the first look at the day's bill on, until it is reconciled. */
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

export async function reportOf(w: World, day = DAY): Promise<Report | undefined> {
  const answer = await w.shop('GET', `/bills/${day}`)
  if (answer.status !== 200) {
    expect([404, 409]).toContain(answer.status)
    return undefined
  }
  return answer.json()
}

export const runNow = (w: World, day = DAY): Promise<Response> =>
  w.shop('POST', `/bills/${day}/reconcile`)

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

/** Who booked the order's payments. */
export async function sources(w: World, ordercode: string): Promise<unknown[]> {
  const answer = await w.shop('GET', `/orders/${ordercode}/events`)
  const { events } = await answer.json<{ events: { type: string; source?: string }[] }>()
  return events.filter(({ type }) => type === 'payment_booked').map(({ source }) => source)
}

export const webhooks = (w: World, type: string) =>
  w.receiver.received.filter((each) => each.type === type)

/** What WeChat answers to downloadbill is changed on its way; `undefined` leaves it. */
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

/** The days that WeChat is asked for from now on, as it is asked: `20261123`. */
export function watchDays(w: World): string[] {
  const asked: string[] = []
  onDownload(w, (_, day) => {
    asked.push(day)
    return Promise.resolve(undefined)
  })
  return asked
}

/** Every row of everything that lasts, without the times, which depend on when it was done. */
export async function everything(w: World): Promise<Record<string, unknown>> {
  const rows = async (sql: string): Promise<unknown[]> => (await w.db.prepare(sql).all()).results
  return {
    bills: await rows('SELECT day, state, counts FROM bills ORDER BY day'),
    differences: await rows(
      'SELECT day, kind, subject, ordercode, bill, books, outcome FROM bill_differences ORDER BY 1, 2, 3',
    ),
    reviews: await rows('SELECT id, kind, subject, ordercode, evidence FROM reviews ORDER BY id'),
    deliveries: await rows('SELECT id, type, ordercode, state FROM deliveries ORDER BY id'),
    payments: await rows('SELECT * FROM payments ORDER BY transaction_id'),
    refunds: await rows(
      'SELECT out_refund_no, ordercode, transaction_id, state, refund_fee, source FROM refunds ORDER BY 1',
    ),
    orders: await rows('SELECT ordercode, state, revision FROM orders ORDER BY ordercode'),
    events: await rows('SELECT ordercode, revision, type, data FROM events ORDER BY 1, 2'),
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
]

/** All of the database, to come back to. */
export async function snapshot(): Promise<() => Promise<void>> {
  const kept = await Promise.all(
    TABLES.map(async (table) => {
      const { results } = await env.DB.prepare(`SELECT * FROM ${table}`).all()
      return { table, results }
    }),
  )
  return async () => {
    await env.DB.batch([
      ...TABLES.toReversed().map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
      ...kept.flatMap(({ table, results }) =>
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

export type Side = Record<string, string | number>

export type DifferenceJson = {
  kind: string
  subject: string
  ordercode: string | null
  bill: Side | null
  books: Side | null
  outcome: string | null
  review_id: string | null
}

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

export type ReviewJson = {
  id: string
  kind: string
  ordercode: string | null
  evidence: Record<string, unknown>
}
