import { CLOSE_ABANDONED_AFTER_MS, PREPAY_LIFE_MS } from '../lib/limits.ts'
import type { SignType } from '../lib/sign.ts'

// What WeChat knows about a merchant's orders. An order is never changed in place: a caller that holds one holds a snapshot.
//
//   unifiedorder ──▶ NOTPAY ──pay──▶ SUCCESS ──refund accepted──▶ REFUND
//                      └──closeorder, or WeChat's clean-up days later──▶ CLOSED
//
// A passed deadline is not a state: the order stays NOTPAY, but the payer can no longer pay it.

/** `trade_state` as orderquery reports it. */
export type TradeState =
  'NOTPAY' | 'USERPAYING' | 'ACCEPT' | 'PAYERROR' | 'SUCCESS' | 'REFUND' | 'CLOSED' | 'REVOKED'

/** A coupon that was used in a payment. CASH coupons are WeChat's money, NO_CASH the shop's own rebate; `fee` in fen. */
export type Coupon = { id: string; type: 'CASH' | 'NO_CASH'; fee: number }

/** A successful payment. All fees in fen. */
export type Capture = {
  readonly transactionId: string
  readonly outTradeNo: string
  readonly openid: string
  /** The order's amount, which the shop must compare with its own. */
  readonly totalFee: number
  /** What the payer paid: the amount less all coupons. */
  readonly cashFee: number
  /** The amount less NO_CASH coupons; present only when such coupons were used. */
  readonly settlementTotalFee?: number
  readonly coupons: readonly Coupon[]
  readonly bankType: string
  /** Epoch milliseconds; `time_end` is the same in Beijing time. */
  readonly paidAt: number
  /** `yyyyMMddHHmmss`, Beijing. */
  readonly timeEnd: string
}

/** One prepay_id of an order; `madeAt` in epoch milliseconds. */
export type PrepaySession = { readonly prepayId: string; readonly madeAt: number }

/** An order as WeChat stores it: a snapshot. The control interface prints it as JSON. */
export type SimulatedOrder = {
  readonly outTradeNo: string
  readonly openid: string
  /** Fen. */
  readonly totalFee: number
  readonly body: string
  readonly attach: string
  readonly deviceInfo: string
  readonly notifyUrl: string
  readonly signType: SignType
  readonly tradeState: TradeState
  /** Epoch milliseconds of the first unifiedorder. */
  readonly createdAt: number
  /** `time_expire` in epoch milliseconds; without it the order can be paid while its newest prepay_id is valid. */
  readonly timeExpireAt?: number
  /** Oldest first. */
  readonly prepays: readonly PrepaySession[]
  /** Every parameter of the first unifiedorder that was not empty, except nonce_str and sign. */
  readonly parameters: ReadonlyMap<string, string>
  readonly capture?: Capture
}

const OPEN_STATES: readonly TradeState[] = ['NOTPAY', 'USERPAYING', 'ACCEPT', 'PAYERROR']

/** Neither paid nor closed. */
export function isOpen(order: SimulatedOrder): boolean {
  return OPEN_STATES.includes(order.tradeState)
}

/** SUCCESS or REFUND: an order that is REFUND was paid, too. */
export function isPaid(order: SimulatedOrder): boolean {
  return order.tradeState === 'SUCCESS' || order.tradeState === 'REFUND'
}

/** A prepay_id is valid for two hours. */
export function isLive(prepay: PrepaySession, now: number): boolean {
  return now < prepay.madeAt + PREPAY_LIFE_MS
}

/** Whether the order has a `time_expire`, and it has passed. */
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

/** All orders and payments of the merchant. `now` is the clock's time in epoch milliseconds. */
export class Ledger {
  readonly #orders = new Map<string, SimulatedOrder>()
  readonly #captures: Capture[] = []
  readonly #numberByTransaction = new Map<string, string>()
  readonly #numberByPrepay = new Map<string, string>()
  readonly #capturesByDay = new Map<string, Capture[]>()
  #capturedFen = 0

  /** An open order is closed by this call when WeChat's clean-up time for it has passed. */
  find(outTradeNo: string, now: number): SimulatedOrder | undefined {
    const order = this.#orders.get(outTradeNo)
    if (order === undefined || !isOpen(order)) return order
    const deadline = order.timeExpireAt ?? order.createdAt + PREPAY_LIFE_MS
    if (now < deadline + CLOSE_ABANDONED_AFTER_MS) return order
    return this.put({ ...order, tradeState: 'CLOSED' })
  }

  /** Throws a RangeError when there is no such order. */
  mustFind(outTradeNo: string, now: number): SimulatedOrder {
    const order = this.find(outTradeNo, now)
    if (order === undefined) throw new RangeError(`WeChat has no order ${outTradeNo}`)
    return order
  }

  /** By WeChat's transaction_id. */
  findByTransaction(transactionId: string, now: number): SimulatedOrder | undefined {
    return this.find(this.#numberByTransaction.get(transactionId) ?? '', now)
  }

  /** By prepay_id, with the prepay session that it names. */
  findByPrepay(
    prepayId: string,
    now: number,
  ): { order: SimulatedOrder; prepay: PrepaySession } | undefined {
    const order = this.find(this.#numberByPrepay.get(prepayId) ?? '', now)
    const prepay = order?.prepays.find((each) => each.prepayId === prepayId)
    return order && prepay && { order, prepay }
  }

  /** Adds an order, or replaces the snapshot of a known one. */
  put(order: SimulatedOrder): SimulatedOrder {
    const { outTradeNo } = order
    for (const { prepayId } of order.prepays) this.#numberByPrepay.set(prepayId, outTradeNo)
    this.#orders.set(outTradeNo, order)
    return order
  }

  /** Records a payment; the order becomes SUCCESS. Throws for a paid order: two payments of one order would be a bug here. */
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

  /** Every order, oldest first. */
  orders(now: number): SimulatedOrder[] {
    return [...this.#orders.keys()].flatMap((outTradeNo) => this.find(outTradeNo, now) ?? [])
  }

  /** Every payment, oldest first. */
  captures(): readonly Capture[] {
    return [...this.#captures]
  }

  /** The payments of one Beijing day (yyyyMMdd), oldest first. */
  capturesOfDay(day: string): readonly Capture[] {
    return [...(this.#capturesByDay.get(day) ?? [])]
  }

  /** The sum of all payments in fen. */
  capturedFen(): number {
    return this.#capturedFen
  }
}
