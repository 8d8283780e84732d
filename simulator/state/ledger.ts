import { CLOSE_ABANDONED_AFTER_MS, PREPAY_LIFE_MS } from '../lib/limits.ts'
import type { SignType } from '../lib/sign.ts'

// What WeChat knows about a merchant's orders. An order object is never changed in place, so a caller holds a snapshot.
//
//   unifiedorder ──▶ NOTPAY ──pay──▶ SUCCESS ──refund accepted──▶ REFUND
//                      └──closeorder, or WeChat's clean-up days later──▶ CLOSED
//
// A passed deadline is not a state: the order stays NOTPAY, but the payer can no longer pay it.

/** The values of `trade_state`, as orderquery reports it. */
export type TradeState =
  'NOTPAY' | 'USERPAYING' | 'ACCEPT' | 'PAYERROR' | 'SUCCESS' | 'REFUND' | 'CLOSED' | 'REVOKED'

/**
 * A coupon that was used in a payment. CASH coupons are WeChat's money, NO_CASH coupons the shop's own rebate. `fee` is in fen.
 */
export type Coupon = { id: string; type: 'CASH' | 'NO_CASH'; fee: number }

/** A successful payment of an order. All fees are in fen. */
export type Capture = {
  readonly transactionId: string
  readonly outTradeNo: string
  /** The mini program in which the payer paid. */
  readonly appid: string
  readonly openid: string
  /** The order's amount at WeChat. The shop must compare it with the amount of its own order. */
  readonly totalFee: number
  /** What the payer paid, in fen: the order's amount less all coupons. */
  readonly cashFee: number
  /** The order's amount less NO_CASH coupons; present only when such coupons were used. */
  readonly settlementTotalFee?: number
  readonly coupons: readonly Coupon[]
  readonly bankType: string
  /** When the payer paid, in epoch milliseconds. `timeEnd` is the same time in WeChat's format. */
  readonly paidAt: number
  /** When the payer paid, as `yyyyMMddHHmmss` in Beijing time. */
  readonly timeEnd: string
}

/** One prepay_id of an order. `madeAt` is when WeChat made it, in epoch milliseconds. */
export type PrepaySession = { readonly prepayId: string; readonly madeAt: number }

/** A snapshot of an order, as WeChat stores it. The control interface prints it as JSON. */
export type SimulatedOrder = {
  readonly outTradeNo: string
  /** The appid of the order's unifiedorder. */
  readonly appid: string
  readonly openid: string
  /** The amount of the order, in fen. */
  readonly totalFee: number
  readonly body: string
  readonly attach: string
  readonly deviceInfo: string
  readonly notifyUrl: string
  readonly signType: SignType
  readonly tradeState: TradeState
  /** When the first unifiedorder created the order, in epoch milliseconds. */
  readonly createdAt: number
  /** `time_expire` in epoch milliseconds. An order without it can be paid while its newest prepay_id is valid. */
  readonly timeExpireAt?: number
  /** Every prepay_id of the order, oldest first. */
  readonly prepays: readonly PrepaySession[]
  /** Every non-empty parameter of the first unifiedorder, except nonce_str and sign. */
  readonly parameters: ReadonlyMap<string, string>
  readonly capture?: Capture
}

const OPEN_STATES: readonly TradeState[] = ['NOTPAY', 'USERPAYING', 'ACCEPT', 'PAYERROR']

/** Whether the order is neither paid nor closed. */
export function isOpen(order: SimulatedOrder): boolean {
  return OPEN_STATES.includes(order.tradeState)
}

/** Whether the order was paid. This includes REFUND, the state of a paid order with a refund. */
export function isPaid(order: SimulatedOrder): boolean {
  return order.tradeState === 'SUCCESS' || order.tradeState === 'REFUND'
}

/** Whether the prepay_id is valid at `now`. WeChat accepts a prepay_id for two hours. */
export function isLive(prepay: PrepaySession, now: number): boolean {
  return now < prepay.madeAt + PREPAY_LIFE_MS
}

/** Whether the order has a `time_expire` that has passed at `now`. */
export function isPastTimeExpire(order: SimulatedOrder, now: number): boolean {
  return order.timeExpireAt !== undefined && now >= order.timeExpireAt
}

/** Why the cashier refuses the payer, in the cashier's words; `undefined` while the order can be paid. */
export function whyNotPayable(order: SimulatedOrder, now: number): string | undefined {
  if (isPaid(order)) return '该订单已支付'
  if (!isOpen(order)) return '该订单已关闭'
  if (isPastTimeExpire(order, now)) return '订单已过期: time_expire has passed'
  if (!order.prepays.some((prepay) => isLive(prepay, now))) {
    return '订单已过期: every prepay_id is more than two hours old'
  }
  return undefined
}

/** All orders and payments of the merchant. `now` is always the simulator's clock in epoch milliseconds. */
export class Ledger {
  readonly #orders = new Map<string, SimulatedOrder>()
  readonly #captures: Capture[] = []
  readonly #numberByTransaction = new Map<string, string>()
  readonly #numberByPrepay = new Map<string, string>()
  readonly #capturesByDay = new Map<string, Capture[]>()
  #capturedFen = 0

  /**
   * Finds an order by out_trade_no. If the order is open although WeChat's clean-up time for it has passed, this call closes it
   * first.
   */
  find(outTradeNo: string, now: number): SimulatedOrder | undefined {
    const order = this.#orders.get(outTradeNo)
    if (order === undefined || !isOpen(order)) return order
    const deadline = order.timeExpireAt ?? order.createdAt + PREPAY_LIFE_MS
    if (now < deadline + CLOSE_ABANDONED_AFTER_MS) return order
    return this.put({ ...order, tradeState: 'CLOSED' })
  }

  /** Finds an order by out_trade_no. Throws a RangeError when WeChat has no such order. */
  mustFind(outTradeNo: string, now: number): SimulatedOrder {
    const order = this.find(outTradeNo, now)
    if (order === undefined) throw new RangeError(`WeChat has no order ${outTradeNo}`)
    return order
  }

  /** Finds an order by WeChat's transaction_id. */
  findByTransaction(transactionId: string, now: number): SimulatedOrder | undefined {
    return this.find(this.#numberByTransaction.get(transactionId) ?? '', now)
  }

  /** Finds an order by one of its prepay_ids. Returns the order, and the prepay_id with the time at which WeChat made it. */
  findByPrepay(
    prepayId: string,
    now: number,
  ): { order: SimulatedOrder; prepay: PrepaySession } | undefined {
    const order = this.find(this.#numberByPrepay.get(prepayId) ?? '', now)
    const prepay = order?.prepays.find((each) => each.prepayId === prepayId)
    return order && prepay && { order, prepay }
  }

  /** Adds an order, or replaces the snapshot of a known order. */
  put(order: SimulatedOrder): SimulatedOrder {
    const { outTradeNo } = order
    for (const { prepayId } of order.prepays) this.#numberByPrepay.set(prepayId, outTradeNo)
    this.#orders.set(outTradeNo, order)
    return order
  }

  /**
   * Records a payment; the order becomes SUCCESS. Throws for a paid order, because two payments of one order would be a bug in
   * the simulator.
   */
  capture(order: SimulatedOrder, capture: Capture): SimulatedOrder {
    if (order.capture !== undefined) throw new Error(`${order.outTradeNo} was already captured`)
    this.#captures.push(capture)
    this.#capturedFen += capture.totalFee
    this.#numberByTransaction.set(capture.transactionId, capture.outTradeNo)
    const day = capture.timeEnd.slice(0, 8)
    const ofDay = this.#capturesByDay.get(day) ?? []
    ofDay.push(capture)
    this.#capturesByDay.set(day, ofDay)
    return this.put({ ...order, tradeState: 'SUCCESS', capture })
  }

  /** Every order that the shop created with unifiedorder, oldest first. */
  orders(now: number): SimulatedOrder[] {
    return [...this.#orders.keys()].flatMap((outTradeNo) => this.find(outTradeNo, now) ?? [])
  }

  /** Every payment of any order, oldest first. */
  captures(): readonly Capture[] {
    return [...this.#captures]
  }

  /** The payments of one Beijing day (yyyyMMdd), oldest first. */
  capturesOfDay(day: string): readonly Capture[] {
    return [...(this.#capturesByDay.get(day) ?? [])]
  }

  /** The sum of all payments of all orders in fen, refunded ones included. */
  capturedFen(): number {
    return this.#capturedFen
  }
}
