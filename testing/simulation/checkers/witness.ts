/**
 * Checks during a run what the tables and the ledger do not show afterwards: whether an answer of the Worker was true when it
 * was given, and whether a payer could pay for an order that was closed, paid or had another price.
 */
import type { WeChatSimulator } from '../../../simulator/wechat.ts'
import type { Restores } from '../run/restores.ts'

/** Prices of an order: the one that the Worker confirmed, and those of requests that got no definite answer. */
type Prices = { confirmed: number | undefined; unsure: Set<number>; readonly all: Set<number> }

/** A refund whose acceptance the Worker confirmed to the shop. `atMs`: when it did. */
export type AcceptedRefund = Readonly<{
  ordercode: string
  outRefundNo: string
  refundFee: number
  atMs: number
}>

/** Actors report here what the Worker answers; the witness compares it with WeChat's ledger at that moment. */
export class Witness {
  /** One sentence for each violation that the witness has seen so far. */
  readonly violations: string[] = []
  readonly #wechat: WeChatSimulator
  readonly #prices = new Map<string, Prices>()
  /** By ordercode: when the Worker said so first, in milliseconds. */
  readonly #closed = new Map<string, number>()
  readonly #paid = new Map<string, number>()
  /** Payers of orders, as `ordercode openid`: those who were shown `paid`, and when others last asked and were shown `closed`. */
  readonly #paidFor = new Map<string, number>()
  readonly #closedFor = new Map<string, number>()
  readonly #registered = new Set<string>()
  readonly #captured = new Map<string, Readonly<{ outTradeNo: string; atMs: number }>>()
  readonly #refunds = new Map<string, AcceptedRefund>()
  readonly #cancelled = new Map<string, number>()
  /** Refunds that were called off, before a restore took that away. */
  readonly #cancelledBefore = new Set<string>()
  readonly #restores: Restores

  /** Orders that may be wrong, because a forged notice about them may have been believed. */
  readonly #doubtful: ReadonlySet<string>

  constructor(
    wechat: WeChatSimulator,
    restores: Restores,
    doubtful: ReadonlySet<string> = new Set(),
  ) {
    this.#wechat = wechat
    this.#restores = restores
    this.#doubtful = doubtful
  }

  /**
   * Call it when the database was restored to an earlier moment. What the Worker said since may be told differently from now on.
   * What it said before that moment holds.
   */
  restored(sinceMs: number): void {
    const forget = (told: Map<string, number>): void => {
      for (const [key, atMs] of told) if (atMs > sinceMs) told.delete(key)
    }
    for (const [outRefundNo, atMs] of this.#cancelled) {
      if (atMs > sinceMs) this.#cancelledBefore.add(outRefundNo)
    }
    for (const told of [this.#closed, this.#paid, this.#paidFor, this.#closedFor]) forget(told)
    forget(this.#cancelled)
    for (const [ordercode, { atMs }] of this.#captured) {
      if (atMs > sinceMs) this.#captured.delete(ordercode)
    }
    // An order has the price again that it had at that moment.
    for (const prices of this.#prices.values())
      prices.all.forEach((price) => prices.unsure.add(price))
  }

  /** Refunds that the Worker had called off before a restore took that away. */
  cancelledBefore(): readonly string[] {
    return [...this.#cancelledBefore]
  }

  /** The last price of the order that the Worker confirmed. */
  priceOf(ordercode: string): number {
    return this.#pricesOf(ordercode).confirmed ?? 1
  }

  #now(): number {
    return this.#wechat.clock.now()
  }

  report(violation: string): void {
    this.violations.push(violation)
  }

  /** Reports a violation about an order, unless a forged notice about it may have been believed. */
  reportOf(ordercode: string, violation: string): void {
    if (!this.#doubtful.has(ordercode)) this.report(violation)
  }

  /** Call it when the shop sends a price: from now on the order may have this price. */
  priceStated(ordercode: string, price: number): void {
    this.#pricesOf(ordercode).unsure.add(price)
    this.#pricesOf(ordercode).all.add(price)
  }

  /**
   * Call it when the Worker answered 200 to a price: this is the order's price now.
   *
   * @param othersUnsure Whether an earlier request without an answer may still change the price.
   */
  priceConfirmed(ordercode: string, price: number, othersUnsure: boolean): void {
    const prices = this.#pricesOf(ordercode)
    prices.confirmed = price
    if (!othersUnsure) prices.unsure.clear()
    this.#registered.add(ordercode)
  }

  /**
   * Call it when an answer of the Worker contains this state of the order. WeChat must have taken money for an order that is
   * `paid`, and later answers must not contradict `paid`.
   */
  stateReported(ordercode: string, state: string, by: string): void {
    if (state === 'paid') {
      setOnce(this.#paid, ordercode, this.#now())
      const captured = this.#wechat.books
        .captures()
        .some((each) => codeOf(each.outTradeNo) === ordercode)
      if (!captured)
        this.reportOf(ordercode, `answered paid, but WeChat took no money: ${ordercode} by ${by}`)
    } else if (this.#paid.has(ordercode)) {
      // Answers can overtake each other. Only a request that was sent after an answer `paid` must get `paid`, too.
      if (by.startsWith('fresh ')) {
        this.reportOf(ordercode, `answered ${state} after paid: ${ordercode} by ${by}`)
      }
    }
    if (state === 'closed') setOnce(this.#closed, ordercode, this.#now())
  }

  wasReported(ordercode: string, state: 'paid'): boolean {
    return state === 'paid' && this.#paid.has(ordercode)
  }

  /**
   * Call it when `/pay` or `/result` shows this state of the order to a payer. It is the state for this payer: WeChat must
   * have taken this payer's own money for `paid`, and an attempt that the payer had when asking can no longer be paid after
   * `closed`. An order that another payer has paid is `closed` to this one.
   *
   * @param asked When the payer asked, and what {@link wasShownPaid} said then.
   */
  shownToPayer(
    { ordercode, openid }: Readonly<{ ordercode: string; openid: string }>,
    state: string,
    by: string,
    asked: Readonly<{ atMs: number; paidBefore: boolean }>,
  ): void {
    const who = `${ordercode} ${openid}`
    if (state === 'paid') {
      this.stateReported(ordercode, state, by)
      setOnce(this.#paidFor, who, this.#now())
      const isOwn = this.#wechat.books
        .captures()
        .some((each) => codeOf(each.outTradeNo) === ordercode && each.openid === openid)
      if (!isOwn)
        this.reportOf(ordercode, `told a payer of another's payment: ${ordercode} by ${by}`)
    } else if (asked.paidBefore && this.#paidFor.has(who)) {
      this.reportOf(ordercode, `answered ${state} after paid: ${ordercode} by ${by}`)
    }
    if (state === 'closed') this.#closedFor.set(who, asked.atMs)
  }

  wasShownPaid({ ordercode, openid }: Readonly<{ ordercode: string; openid: string }>): boolean {
    return this.#paidFor.has(`${ordercode} ${openid}`)
  }

  /**
   * Call it when WeChat took a payer's money at the cashier, but not for a payment that won a race against the close.
   *
   * @param totalFee The amount in fen.
   */
  captured(outTradeNo: string, totalFee: number): void {
    // The Worker does not know an attempt that was lost with a restore, so it cannot close it.
    if (this.#restores.hasLostNumber(outTradeNo)) return
    const ordercode = codeOf(outTradeNo)
    if (this.#closed.has(ordercode)) {
      this.reportOf(ordercode, `paid after the Worker answered closed: ${outTradeNo}`)
    }
    if (this.#wasClosedToItsPayer(outTradeNo)) {
      this.reportOf(ordercode, `paid although /result had shown the payer closed: ${outTradeNo}`)
    }
    // After a payment that the merchant's staff refunded, the payer may pay again.
    const first = this.#captured.get(ordercode)
    if (
      first !== undefined &&
      this.#wechat.books.order(first.outTradeNo)?.tradeState !== 'REFUND'
    ) {
      this.reportOf(ordercode, `two attempts of one order could be paid: ${outTradeNo}`)
    }
    this.#captured.set(ordercode, { outTradeNo, atMs: this.#now() })
    const { confirmed, unsure } = this.#pricesOf(ordercode)
    if (totalFee !== confirmed && !unsure.has(totalFee)) {
      this.reportOf(ordercode, `paid ${totalFee} fen, but the price is ${confirmed}: ${outTradeNo}`)
    }
  }

  /**
   * Whether `/result` had shown the payer `closed` while the attempt existed. Not if another payer's payment had made the
   * order paid by then, by a race inside WeChat: the cron is still to close the live attempt.
   */
  #wasClosedToItsPayer(outTradeNo: string): boolean {
    const ordercode = codeOf(outTradeNo)
    const order = this.#wechat.books.order(outTradeNo)
    const closedAt = this.#closedFor.get(`${ordercode} ${order?.openid}`)
    if (order === undefined || closedAt === undefined || order.createdAt > closedAt) return false
    return !this.#wechat.books
      .captures()
      .some(
        (each) =>
          codeOf(each.outTradeNo) === ordercode &&
          each.openid !== order.openid &&
          each.paidAt <= closedAt,
      )
  }

  /** Ordercodes of the orders that the Worker confirmed to the shop. These orders must exist at the end. */
  registered(): readonly string[] {
    return [...this.#registered]
  }

  /** Call it when the Worker confirmed a refund to the shop. The refund must exist at the end, as requested. */
  refundAccepted(ordercode: string, outRefundNo: string, refundFee: number): void {
    const before = this.#refunds.get(outRefundNo)
    const differs = before?.ordercode !== ordercode || before.refundFee !== refundFee
    const isLost = before !== undefined && this.#restores.hasLost(before.atMs)
    if (before !== undefined && differs && !isLost) {
      this.report(`two refunds accepted under one number: ${outRefundNo}, ${refundFee} fen`)
    }
    const atMs = this.#now()
    this.#refunds.set(outRefundNo, { ordercode, outRefundNo, refundFee, atMs })
  }

  /** Call it when an answer of the Worker contains this state of a refund. WeChat's ledger must confirm the state. */
  refundReported(outRefundNo: string, state: string): void {
    const status = this.#wechat.books.refund(outRefundNo)?.status
    if (state === 'succeeded' && status !== 'SUCCESS') {
      this.report(`answered succeeded, but WeChat's ledger says ${status}: ${outRefundNo}`)
    }
    if (['processing', 'abnormal', 'closed'].includes(state) && status === undefined) {
      this.report(`answered ${state}, but WeChat has no such refund: ${outRefundNo}`)
    }
  }

  /** Call it when the Worker answered that a refund is called off, with the refund's state in the answer. */
  refundCancelled(outRefundNo: string, state: string): void {
    setOnce(this.#cancelled, outRefundNo, this.#now())
    if (state !== 'cancelled') this.report(`answered 200 ${state} to a DELETE: ${outRefundNo}`)
  }

  /**
   * Call it when a Worker sends a refund to WeChat: not one that was called off, and none while refunds are paused.
   *
   * @param isPaused Whether the Worker's own configuration pauses refunds.
   */
  refundSent(outRefundNo: string, isPaused: boolean): void {
    if (this.#cancelled.has(outRefundNo)) {
      this.report(`sent after the Worker answered that it is cancelled: ${outRefundNo}`)
    }
    if (isPaused) this.report(`sent although refunds are paused: ${outRefundNo}`)
  }

  acceptedRefunds(): readonly AcceptedRefund[] {
    return [...this.#refunds.values()]
  }

  #pricesOf(ordercode: string): Prices {
    const known = this.#prices.get(ordercode)
    if (known !== undefined) return known
    const prices: Prices = { confirmed: undefined, unsure: new Set(), all: new Set() }
    this.#prices.set(ordercode, prices)
    return prices
  }
}

const setOnce = (told: Map<string, number>, key: string, atMs: number): void => {
  if (!told.has(key)) told.set(key, atMs)
}

/** The ordercode in an out_trade_no, which is the ordercode itself, or from the second attempt on `ordercode*2`, `ordercode*3`, … */
export const codeOf = (outTradeNo: string): string => outTradeNo.split('*')[0] ?? ''
