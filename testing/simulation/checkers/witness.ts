/**
 * Watches while it happens what nobody can see afterwards: whether an answer was true when it was given,
 * and whether a payer could pay what was not for sale any more.
 */
import type { WeChatSimulator } from '../../../simulator/wechat.ts'

/** The shop's statements of a price: one that was confirmed, and those whose fate it does not know. */
type Prices = { confirmed: number | undefined; unsure: Set<number> }

export type AcceptedRefund = Readonly<{ ordercode: string; outRefundNo: string; refundFee: number }>

export class Witness {
  readonly violations: string[] = []
  readonly #wechat: WeChatSimulator
  readonly #prices = new Map<string, Prices>()
  readonly #closed = new Set<string>()
  readonly #paid = new Set<string>()
  readonly #registered = new Set<string>()
  readonly #captured = new Set<string>()
  readonly #refunds = new Map<string, AcceptedRefund>()

  constructor(wechat: WeChatSimulator) {
    this.#wechat = wechat
  }

  report(violation: string): void {
    this.violations.push(violation)
  }

  /** From here on the order may have this price. */
  priceStated(ordercode: string, price: number): void {
    this.#pricesOf(ordercode).unsure.add(price)
  }

  /** The Worker said 200: this is the price now, and no other that was confirmed before. */
  priceConfirmed(ordercode: string, price: number, othersUnsure: boolean): void {
    const prices = this.#pricesOf(ordercode)
    prices.confirmed = price
    if (!othersUnsure) prices.unsure.clear()
    this.#registered.add(ordercode)
  }

  /** What an answer says of the order. It must be true, and stay so. */
  stateReported(ordercode: string, state: string, by: string): void {
    if (state === 'paid') {
      this.#paid.add(ordercode)
      const captured = this.#wechat.books
        .captures()
        .some((each) => codeOf(each.outTradeNo) === ordercode)
      if (!captured) this.report(`told paid, and nobody paid: ${ordercode} by ${by}`)
    } else if (this.#paid.has(ordercode)) {
      // An answer may be older than another; only what was asked afterwards must know.
      if (by.startsWith('fresh ')) this.report(`was paid, is ${state}: ${ordercode} by ${by}`)
    }
    if (state === 'closed') this.#closed.add(ordercode)
  }

  wasReported(ordercode: string, state: 'paid'): boolean {
    return state === 'paid' && this.#paid.has(ordercode)
  }

  /** Money was taken at the cashier, by the rules. */
  captured(outTradeNo: string, totalFee: number): void {
    const ordercode = codeOf(outTradeNo)
    if (this.#closed.has(ordercode)) {
      this.report(`paid after it was told closed: ${outTradeNo}`)
    }
    if (this.#captured.has(ordercode)) {
      this.report(`paid twice, and both could be paid by the rules: ${outTradeNo}`)
    }
    this.#captured.add(ordercode)
    const { confirmed, unsure } = this.#pricesOf(ordercode)
    if (totalFee !== confirmed && !unsure.has(totalFee)) {
      this.report(`paid ${totalFee} fen, the price is ${confirmed}: ${outTradeNo}`)
    }
  }

  /** Orders that the Worker has confirmed; they must be there in the end. */
  registered(): readonly string[] {
    return [...this.#registered]
  }

  /** The Worker said that it has taken on a refund; it must be there in the end, as it was asked for. */
  refundAccepted(ordercode: string, outRefundNo: string, refundFee: number): void {
    const before = this.#refunds.get(outRefundNo)
    const differs = before?.ordercode !== ordercode || before.refundFee !== refundFee
    if (before !== undefined && differs) {
      this.report(`one number for two refunds: ${outRefundNo}, ${refundFee} fen`)
    }
    this.#refunds.set(outRefundNo, { ordercode, outRefundNo, refundFee })
  }

  /** What an answer says of a refund. What is done is done, and WeChat knows it. */
  refundReported(outRefundNo: string, state: string): void {
    const status = this.#wechat.books.refund(outRefundNo)?.status
    if (state === 'succeeded' && status !== 'SUCCESS') {
      this.report(`told succeeded, and WeChat says ${status}: ${outRefundNo}`)
    }
    if (['processing', 'abnormal', 'closed'].includes(state) && status === undefined) {
      this.report(`told ${state}, and WeChat has no such refund: ${outRefundNo}`)
    }
  }

  acceptedRefunds(): readonly AcceptedRefund[] {
    return [...this.#refunds.values()]
  }

  #pricesOf(ordercode: string): Prices {
    const known = this.#prices.get(ordercode)
    if (known !== undefined) return known
    const prices: Prices = { confirmed: undefined, unsure: new Set() }
    this.#prices.set(ordercode, prices)
    return prices
  }
}

/** An attempt's number is the ordercode, and from the second on `*` and a count behind it. */
export const codeOf = (outTradeNo: string): string => outTradeNo.split('*')[0] ?? ''
