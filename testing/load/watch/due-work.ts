/**
 * Watches due work from outside: rows are read before each run of the cron, and a row counts as waiting from the moment at which
 * it became due until WeChat or the shop's receiver is called about it, or until it is no longer due. A lease only moves
 * `due_at`, so a leased row keeps waiting.
 */
import type { Sqlite, SqlRow, SqlValue } from '../../simulation/d1/sqlite.ts'
import { KINDS, type WorkKind } from '../world/scenarios.ts'

/** Webhooks about money. All others are news. */
const MONEY =
  "type IN ('order.paid', 'payment.returned', 'refund.succeeded', 'refund.failed', 'review.opened')"

/** How rows of one kind are read. The parameters of `due` and `open` are a time in Unix seconds, and the parts of a key. */
type Reading = Readonly<{
  /** Keys and `due_at` of the due rows. */
  due: string
  /** Whether a row that waits is still to be done, whenever it is due. Without it, a row that is not due is done. */
  open?: string
}>

const READINGS: Readonly<Record<WorkKind, Reading>> = {
  attempts: {
    due: `SELECT iif(number = 1, ordercode, ordercode || '*' || number) AS key, due_at FROM attempts
      WHERE due_at <= ?`,
    open: `SELECT 1 FROM attempts WHERE ordercode = ?1 AND number = coalesce(?2, 1)
      AND due_at IS NOT NULL`,
  },
  webhooks: {
    due: `SELECT id AS key, due_at FROM deliveries WHERE due_at <= ? AND ${MONEY}`,
    open: 'SELECT 1 FROM deliveries WHERE id = ?1 AND ?2 IS NULL AND due_at IS NOT NULL',
  },
  refunds: {
    due: 'SELECT out_refund_no AS key, due_at FROM refunds WHERE due_at <= ?',
    open: 'SELECT 1 FROM refunds WHERE out_refund_no = ?1 AND ?2 IS NULL AND due_at IS NOT NULL',
  },
  expired: {
    due: "SELECT ordercode AS key, due_at FROM orders WHERE due_at <= ? AND state = 'paying'",
    open: 'SELECT 1 FROM orders WHERE ordercode = ?1 AND ?2 IS NULL AND due_at IS NOT NULL',
  },
  untouched: {
    due: "SELECT ordercode AS key, due_at FROM orders WHERE due_at <= ? AND state = 'created'",
    open: 'SELECT 1 FROM orders WHERE ordercode = ?1 AND ?2 IS NULL AND due_at IS NOT NULL',
  },
  news: {
    due: `SELECT id AS key, due_at FROM deliveries WHERE due_at <= ? AND NOT ${MONEY}`,
    open: 'SELECT 1 FROM deliveries WHERE id = ?1 AND ?2 IS NULL AND due_at IS NOT NULL',
  },
  // A bill takes several runs. It waits for the next step, so every step makes another key.
  bills: {
    due: `SELECT day || ' ' || state || ' ' || rows_done AS key, due_at FROM bills WHERE due_at <= ?`,
  },
}

/** What waits of each kind, and since when. */
export class DueWork {
  readonly #sqlite: Sqlite
  /** By kind and key: since when the row waits, in milliseconds. */
  readonly #waiting = Object.fromEntries(
    KINDS.map((each) => [each, new Map<string, number>()]),
  ) as Record<WorkKind, Map<string, number>>

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
    this.#waiting.refunds.delete(outRefundNo)
  }

  /** The receiver was called about a webhook. */
  webhookTried(id: string): void {
    this.#waiting.webhooks.delete(id)
    this.#waiting.news.delete(id)
  }

  /** Reads the due rows. @returns the age of the oldest work of a kind in seconds, 0 when none waits. */
  ageOf(kind: WorkKind, nowMs: number): number {
    const waiting = this.#waiting[kind]
    const due = new Set<string>()
    for (const row of this.#read(READINGS[kind].due, Math.floor(nowMs / 1_000))) {
      const key = String(row['key'])
      due.add(key)
      if (!waiting.has(key)) waiting.set(key, Number(row['due_at']) * 1_000)
    }
    let oldestMs = nowMs
    for (const [key, sinceMs] of waiting) {
      if (!due.has(key) && !this.#isOpen(kind, key)) waiting.delete(key)
      else if (sinceMs < oldestMs) oldestMs = sinceMs
    }
    return (nowMs - oldestMs) / 1_000
  }

  #isOpen(kind: WorkKind, key: string): boolean {
    const { open } = READINGS[kind]
    if (open === undefined) return false
    const [first = '', number] = kind === 'attempts' ? key.split('*') : [key]
    return this.#read(open, first, number === undefined ? null : Number(number)).length > 0
  }

  #read(sql: string, ...values: SqlValue[]): readonly SqlRow[] {
    return this.#sqlite.run({ sql, values }).rows
  }
}
