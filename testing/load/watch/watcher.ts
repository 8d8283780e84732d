/**
 * Checks from outside that nothing waits too long and nothing is lost: by WeChat's ledger, by what the shop's receiver got, and
 * by the database before each run of the cron. The Worker's own report is not used.
 */
import type { Books } from '../../../simulator/state/books.ts'
import type { Sqlite } from '../../simulation/d1/sqlite.ts'
import { DueWork } from './due-work.ts'
import { BOUND_S, isExcused, KINDS, type Scenario, type WorkKind } from '../world/scenarios.ts'

/** A payment that WeChat took. Times are milliseconds. */
type Payment = {
  readonly ordercode: string
  readonly transactionId: string
  readonly isLost: boolean
  readonly paidMs: number
  /** When it must be booked, and, once it is booked, when the shop must have been told. */
  byMs: number
  bookedMs: number | undefined
  failedTries: number
}

export type WatcherParts = Readonly<{
  sqlite: Sqlite
  books: Books
  nowMs: () => number
  startMs: number
  scenario: Scenario
}>

const MINUTE_MS = 60_000
/** The documented query schedule of an attempt, and the pauses between the tries of a webhook, in minutes. */
const QUERIES_MIN = [1, 2, 3, 5, 10, 20, 30, 60]
const TRIES_MIN = [1, 5, 30, 120, 300, 600, 840, 1_200, 1_440]
/** How long a request takes at most. */
const PATIENCE_MIN = 0.5
/** How many examples of one violation are kept. */
const EXAMPLES_MAX = 3

/** When an attempt that was sent at `sentMs` is queried next after `ms`. */
function nextQueryMs(sentMs: number, ms: number): number {
  const passed = (ms - sentMs) / MINUTE_MS
  const step = QUERIES_MIN.find((minutes) => minutes > passed) ?? 60 * (Math.floor(passed / 60) + 1)
  return sentMs + step * MINUTE_MS
}

export class Watcher {
  /** By kind: the age of the oldest due work in seconds, before each run. */
  readonly ages: Record<WorkKind, number[]> = {
    attempts: [],
    webhooks: [],
    refunds: [],
    expired: [],
    untouched: [],
    news: [],
    bills: [],
  }
  /** Seconds from a payment whose notice was lost until it was booked. */
  readonly lostFoundS: number[] = []
  /** Seconds from the booking of a payment until the shop was told. */
  readonly toldS: number[] = []
  /** Violations: what is wrong, how often, and the first examples. */
  readonly violations = new Map<string, { times: number; examples: string[] }>()
  /** Requests of the shop and of payers that were not answered as they should. */
  readonly refusals = new Map<string, number>()
  readonly counts = { orders: 0, payments: 0, told: 0, closed: 0, refunds: 0, turned_away: 0 }
  readonly #parts: WatcherParts
  readonly #dueWork: DueWork
  readonly #payments = new Map<string, Payment>()
  readonly #orders: Readonly<{ ordercode: string; byMs: number }>[] = []
  #ordersSeen = 0
  readonly #refunds = new Map<string, number>()

  constructor(parts: WatcherParts) {
    this.#parts = parts
    this.#dueWork = new DueWork(parts.sqlite)
  }

  orderRegistered(ordercode: string, expiresMs: number): void {
    this.counts.orders++
    this.#orders.push({ ordercode, byMs: this.#deadlineMs('expired', expiresMs, expiresMs) })
  }

  paid(
    payment: Pick<Payment, 'ordercode' | 'transactionId' | 'isLost'> & { sentMs: number },
  ): void {
    this.counts.payments++
    const paidMs = this.#parts.nowMs()
    const { sentMs, ...rest } = payment
    this.#payments.set(payment.transactionId, {
      ...rest,
      paidMs,
      byMs: this.#deadlineMs('attempts', sentMs, nextQueryMs(sentMs, paidMs)),
      bookedMs: undefined,
      failedTries: 0,
    })
  }

  refundReserved(outRefundNo: string): void {
    this.counts.refunds++
    this.#refunds.set(outRefundNo, this.#parts.nowMs() + MINUTE_MS + BOUND_S.refunds * 1_000)
  }

  /** @param code The answer's code. */
  refused(what: string, code: string): void {
    const named = `${what} ${code}`
    this.refusals.set(named, (this.refusals.get(named) ?? 0) + 1)
  }

  /** `/pay` gave no parameters. While WeChat is away that is right, if the answer says that it is WeChat. */
  payRefused(code: string): void {
    if (!this.#isWeChatAway()) return this.refused('/pay', code)
    if (code === 'wechat_unavailable') this.counts.turned_away++
    else this.#violation('/pay does not say that WeChat is away', code)
  }

  /** Whether WeChat is away, or was when a request came that is answered now. */
  #isWeChatAway(): boolean {
    const { scenario, startMs, nowMs } = this.#parts
    const { absence, wechat = 'here' } = scenario
    if (absence === undefined || wechat === 'here') return false
    const minute = (nowMs() - startMs) / MINUTE_MS
    return minute >= absence.fromMinute && minute < absence.toMinute + PATIENCE_MIN
  }

  /** WeChat was called, or would have been, about these numbers. */
  wechatCalled(outTradeNo: string | undefined, outRefundNo: string | undefined): void {
    if (outTradeNo !== undefined) this.#dueWork.asked(outTradeNo)
    if (outRefundNo !== undefined) this.#dueWork.refundAsked(outRefundNo)
  }

  webhookTried(id: string, isDelivered: boolean): void {
    this.#dueWork.webhookTried(id)
    if (!id.startsWith('order.paid.')) return
    const payment = this.#payments.get(id.slice('order.paid.'.length))
    if (payment === undefined) return
    const nowMs = this.#parts.nowMs()
    if (isDelivered) {
      const bookedMs = payment.bookedMs ?? this.#bookedMs(payment) ?? nowMs
      this.#payments.delete(payment.transactionId)
      this.#noteBooked(payment, bookedMs)
      this.toldS.push(Math.max(0, (nowMs - bookedMs) / 1_000))
      this.counts.told++
      return
    }
    const pause = TRIES_MIN[payment.failedTries++] ?? Infinity
    payment.byMs = Math.max(payment.byMs, nowMs + pause * MINUTE_MS + BOUND_S.webhooks * 1_000)
  }

  /** Looks at everything, before the runs of the cron of a minute. */
  look(minute: number): void {
    const nowMs = this.#parts.nowMs()
    for (const kind of KINDS) {
      const age = this.#dueWork.ageOf(kind, nowMs)
      this.ages[kind].push(age)
      if (age > BOUND_S[kind] && !isExcused(this.#parts.scenario, kind, minute)) {
        this.#violation(
          `due work is older than ${BOUND_S[kind] / 60} minutes: ${kind}`,
          `${Math.round(age / 60)} minutes old in minute ${minute}`,
        )
      }
    }
    this.#checkPayments(nowMs, minute)
    this.#checkOrders(nowMs)
    this.#checkRefunds(nowMs, minute)
  }

  #checkPayments(nowMs: number, minute: number): void {
    for (const payment of this.#payments.values()) {
      if (payment.bookedMs === undefined) {
        const bookedMs = this.#bookedMs(payment)
        if (bookedMs !== undefined) this.#noteBooked(payment, bookedMs)
      }
      const kind = payment.bookedMs === undefined ? 'attempts' : 'webhooks'
      if (nowMs <= payment.byMs || isExcused(this.#parts.scenario, kind, minute)) continue
      const isBooked = payment.bookedMs !== undefined
      this.#violation(
        isBooked ? 'a booked payment is not told to the shop' : 'a payment is not booked',
        `${payment.ordercode}, paid ${Math.round((nowMs - payment.paidMs) / MINUTE_MS)} minutes ago`,
      )
      payment.byMs = Infinity // reported once; its times still count when they are known
    }
  }

  #noteBooked(payment: Payment, bookedMs: number): void {
    if (payment.bookedMs !== undefined) return
    payment.bookedMs = bookedMs
    const toldByMs = bookedMs + MINUTE_MS + BOUND_S.webhooks * 1_000
    if (payment.byMs !== Infinity) payment.byMs = Math.max(payment.byMs, toldByMs)
    if (payment.isLost) this.lostFoundS.push(Math.max(0, (bookedMs - payment.paidMs) / 1_000))
  }

  #bookedMs({ ordercode }: Payment): number | undefined {
    const sql = "SELECT at FROM order_events WHERE ordercode = ? AND type = 'payment_booked'"
    const [event] = this.#parts.sqlite.run({ sql, values: [ordercode] }).rows
    return event === undefined ? undefined : Number(event['at']) * 1_000
  }

  /** All orders live equally long, so they expire in the order of their registration. */
  #checkOrders(nowMs: number): void {
    for (;;) {
      const order = this.#orders[this.#ordersSeen]
      if (order === undefined || order.byMs >= nowMs) return
      this.#ordersSeen++
      const sql = 'SELECT state FROM orders WHERE ordercode = ?'
      const [row] = this.#parts.sqlite.run({ sql, values: [order.ordercode] }).rows
      const state = String(row?.['state'])
      if (state === 'closed') this.counts.closed++
      if (state !== 'closed' && state !== 'paid') {
        this.#violation('an expired order is not closed', `${order.ordercode} is ${state}`)
      }
    }
  }

  #checkRefunds(nowMs: number, minute: number): void {
    for (const [outRefundNo, byMs] of this.#refunds) {
      if (this.#parts.books.refund(outRefundNo) !== undefined) this.#refunds.delete(outRefundNo)
      else if (byMs < nowMs && !isExcused(this.#parts.scenario, 'refunds', minute)) {
        this.#violation('a refund has not reached WeChat', outRefundNo)
        this.#refunds.delete(outRefundNo)
      }
    }
  }

  /**
   * By when work must be done that is due at `dueMs`. If the side that it needs is away then, it waits for its next time on the
   * query schedule, counted from `fromMs`, after that side is back and has recovered.
   */
  #deadlineMs(kind: WorkKind, fromMs: number, dueMs: number): number {
    const { scenario, startMs } = this.#parts
    const { absence } = scenario
    const boundMs = BOUND_S[kind] * 1_000
    if (absence === undefined || !absence.kinds.includes(kind)) return dueMs + boundMs
    const awayMs = startMs + absence.fromMinute * MINUTE_MS
    const backMs = startMs + (absence.toMinute + absence.recovery) * MINUTE_MS
    const isMissed = dueMs + boundMs >= awayMs && dueMs < backMs
    return (isMissed ? nextQueryMs(fromMs, backMs) : dueMs) + boundMs
  }

  #violation(what: string, example: string): void {
    const known = this.violations.get(what) ?? { times: 0, examples: [] }
    known.times++
    if (known.examples.length < EXAMPLES_MAX) known.examples.push(example)
    this.violations.set(what, known)
  }
}
