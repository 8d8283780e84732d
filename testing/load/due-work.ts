/**
 * Watches due work from outside: rows are read before each run of the cron, and a row counts as waiting from the moment at which
 * it became due until WeChat or the shop's receiver is called about it, or until it is no longer due. A lease only moves
 * `due_at`, so a leased row keeps waiting.
 */
import type { Sqlite, SqlRow, SqlValue } from '../simulation/d1/sqlite.ts'
import { CLASSES, type WorkClass } from './scenarios.ts'

/** Webhooks about money. All others are news. */
const MONEY =
  "type IN ('order.paid', 'payment.returned', 'refund.succeeded', 'refund.failed', 'review.opened')"

/** The due rows of each class: a key, and `due_at` in Unix seconds. */
const DUE: Readonly<Record<WorkClass, readonly string[]>> = {
  attempts: [
    `SELECT iif(number = 1, ordercode, ordercode || '*' || number) AS key, due_at FROM attempts
     WHERE due_at <= ?`,
  ],
  money: [
    `SELECT 'webhook ' || id AS key, due_at FROM deliveries WHERE due_at <= ? AND ${MONEY}`,
    "SELECT 'refund ' || out_refund_no AS key, due_at FROM refunds WHERE due_at <= ?",
  ],
  expired: ['SELECT ordercode AS key, due_at FROM orders WHERE due_at <= ?'],
  news: [
    `SELECT 'webhook ' || id AS key, due_at FROM deliveries WHERE due_at <= ? AND NOT ${MONEY}`,
  ],
  // A bill takes several runs. It waits for the next step, so every step makes another key.
  bills: [
    "SELECT day || ' ' || state || ' ' || rows_done AS key, due_at FROM bills WHERE due_at <= ?",
  ],
}

/** Whether a row that waits is still to be done, whenever it is due. The parameter is the number in the key. */
const OPEN: Readonly<Record<'attempts' | 'webhook' | 'refund' | 'expired', string>> = {
  attempts: 'SELECT 1 FROM attempts WHERE ordercode = ? AND number = ? AND due_at IS NOT NULL',
  webhook: 'SELECT 1 FROM deliveries WHERE id = ? AND due_at IS NOT NULL',
  refund: 'SELECT 1 FROM refunds WHERE out_refund_no = ? AND due_at IS NOT NULL',
  expired: 'SELECT 1 FROM orders WHERE ordercode = ? AND due_at IS NOT NULL',
}

const afterSpace = (key: string): string => key.slice(key.indexOf(' ') + 1)

/** What waits in each class, and since when. */
export class DueWork {
  readonly #sqlite: Sqlite
  /** By class and key: since when the row waits, in milliseconds. */
  readonly #waiting = Object.fromEntries(
    CLASSES.map((each) => [each, new Map<string, number>()]),
  ) as Record<WorkClass, Map<string, number>>

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite
  }

  /** WeChat was called about an out_trade_no. */
  asked(outTradeNo: string): void {
    this.#waiting.attempts.delete(outTradeNo)
    const [ordercode = ''] = outTradeNo.split('*')
    this.#waiting.expired.delete(ordercode)
  }

  /** WeChat was called about a refund. */
  refundAsked(outRefundNo: string): void {
    this.#waiting.money.delete(`refund ${outRefundNo}`)
  }

  /** The receiver was called about a webhook. */
  webhookTried(id: string): void {
    this.#waiting.money.delete(`webhook ${id}`)
    this.#waiting.news.delete(`webhook ${id}`)
  }

  /** Reads the due rows. @returns the age of the oldest work of each class in seconds, 0 when none waits. */
  look(nowMs: number): Readonly<Record<WorkClass, number>> {
    const ages: Record<WorkClass, number> = { attempts: 0, money: 0, expired: 0, news: 0, bills: 0 }
    for (const workClass of CLASSES) ages[workClass] = this.#lookAt(workClass, nowMs)
    return ages
  }

  #lookAt(workClass: WorkClass, nowMs: number): number {
    const waiting = this.#waiting[workClass]
    const due = new Set<string>()
    for (const sql of DUE[workClass]) {
      for (const row of this.#read(sql, Math.floor(nowMs / 1_000))) {
        const key = String(row['key'])
        due.add(key)
        if (!waiting.has(key)) waiting.set(key, Number(row['due_at']) * 1_000)
      }
    }
    let oldestMs = nowMs
    for (const [key, sinceMs] of waiting) {
      if (!due.has(key) && !this.#isOpen(workClass, key)) waiting.delete(key)
      else if (sinceMs < oldestMs) oldestMs = sinceMs
    }
    return (nowMs - oldestMs) / 1_000
  }

  #isOpen(workClass: WorkClass, key: string): boolean {
    if (workClass === 'bills') return false
    if (workClass === 'expired') return this.#read(OPEN.expired, key).length > 0
    if (workClass !== 'attempts') {
      const sql = key.startsWith('refund ') ? OPEN.refund : OPEN.webhook
      return this.#read(sql, afterSpace(key)).length > 0
    }
    const [ordercode = '', number = '1'] = key.split('*')
    return this.#read(OPEN.attempts, ordercode, Number(number)).length > 0
  }

  #read(sql: string, ...values: SqlValue[]): readonly SqlRow[] {
    return this.#sqlite.run({ sql, values }).rows
  }
}
