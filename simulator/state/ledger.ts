import { CLOSE_ABANDONED_AFTER_MS, PREPAY_LIFE_MS } from '../lib/limits.ts'
import type { SignType } from '../lib/sign.ts'

// What WeChat knows about a merchant's orders. Orders are never changed in place: whoever holds one holds a snapshot.
//
//   unifiedorder ──▶ NOTPAY ──pay──▶ SUCCESS ──refund accepted──▶ REFUND
//                      └──closeorder, or the clean-up days later──▶ CLOSED
//
// A deadline that has passed is not a state: the order stays NOTPAY, it only cannot be paid any more.

export type TradeState =
  'NOTPAY' | 'USERPAYING' | 'ACCEPT' | 'PAYERROR' | 'SUCCESS' | 'REFUND' | 'CLOSED' | 'REVOKED'

export type Coupon = { id: string; type: 'CASH' | 'NO_CASH'; fee: number }

/** Money that WeChat took. All fees in fen. */
export type Capture = {
  readonly transactionId: string
  readonly outTradeNo: string
  readonly openid: string
  /** The order's amount; what the shop must compare. */
  readonly totalFee: number
  /** What the payer's purse lost: the amount less all coupons. */
  readonly cashFee: number
  /** The amount less free (NO_CASH) coupons; only when such were used. */
  readonly settlementTotalFee?: number
  readonly coupons: readonly Coupon[]
  readonly bankType: string
  /** Epoch milliseconds; `time_end` is the same in Beijing time. */
  readonly paidAt: number
  /** `yyyyMMddHHmmss`, Beijing. */
  readonly timeEnd: string
}

export type PrepaySession = { readonly prepayId: string; readonly madeAt: number }

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
  /** `time_expire` in epoch milliseconds; without it the newest prepay session is the limit. */
  readonly timeExpireAt?: number
  /** Oldest first. */
  readonly prepays: readonly PrepaySession[]
  /** Every parameter of the first call that was not empty, but nonce_str and sign. */
  readonly parameters: ReadonlyMap<string, string>
  readonly capture?: Capture
}

const OPEN_STATES: readonly TradeState[] = ['NOTPAY', 'USERPAYING', 'ACCEPT', 'PAYERROR']

/** Neither paid nor closed. */
export function isOpen(order: SimulatedOrder): boolean {
  return OPEN_STATES.includes(order.tradeState)
}

/** SUCCESS or REFUND: REFUND, too, says that it was paid. */
export function isPaid(order: SimulatedOrder): boolean {
  return order.tradeState === 'SUCCESS' || order.tradeState === 'REFUND'
}

/** A prepay_id is good for two hours. */
export function isLive(prepay: PrepaySession, now: number): boolean {
  return now < prepay.madeAt + PREPAY_LIFE_MS
}

export function isPastTimeExpire(order: SimulatedOrder, now: number): boolean {
  return order.timeExpireAt !== undefined && now >= order.timeExpireAt
}

/** What the cashier tells a payer who comes too late, or `undefined` while the order can be paid. */
export function whyNotPayable(order: SimulatedOrder, now: number): string | undefined {
  if (isPaid(order)) return '该订单已支付'
  if (!isOpen(order)) return '该订单已关闭'
  if (isPastTimeExpire(order, now)) return '订单已过期: time_expire has passed'
  if (!order.prepays.some((prepay) => isLive(prepay, now))) {
    return '订单已过期: every prepay_id is more than two hours old'
  }
  return undefined
}

export class Ledger {
  readonly #orders = new Map<string, SimulatedOrder>()
  readonly #captures: Capture[] = []
  readonly #numberByTransaction = new Map<string, string>()
  readonly #numberByPrepay = new Map<string, string>()
  readonly #capturesByDay = new Map<string, Capture[]>()
  #capturedFen = 0

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
    if (order === undefined) throw new RangeError(`WeChat knows no order ${outTradeNo}`)
    return order
  }

  findByTransaction(transactionId: string, now: number): SimulatedOrder | undefined {
    return this.find(this.#numberByTransaction.get(transactionId) ?? '', now)
  }

  findByPrepay(
    prepayId: string,
    now: number,
  ): { order: SimulatedOrder; prepay: PrepaySession } | undefined {
    const order = this.find(this.#numberByPrepay.get(prepayId) ?? '', now)
    const prepay = order?.prepays.find((each) => each.prepayId === prepayId)
    return order && prepay && { order, prepay }
  }

  put(order: SimulatedOrder): SimulatedOrder {
    const { outTradeNo } = order
    for (const { prepayId } of order.prepays) this.#numberByPrepay.set(prepayId, outTradeNo)
    this.#orders.set(outTradeNo, order)
    return order
  }

  /** Books money. Taking it twice for one order would be WeChat's own mistake, so it is a bug here. */
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

  orders(now: number): SimulatedOrder[] {
    return [...this.#orders.keys()].flatMap((outTradeNo) => this.find(outTradeNo, now) ?? [])
  }

  captures(): readonly Capture[] {
    return [...this.#captures]
  }

  /** Those of one Beijing day (yyyyMMdd), oldest first. */
  capturesOfDay(day: string): readonly Capture[] {
    return [...(this.#capturesByDay.get(day) ?? [])]
  }

  capturedFen(): number {
    return this.#capturedFen
  }
}
