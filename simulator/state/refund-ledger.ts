import { formatBeijingTime } from '../lib/clock.ts'
import {
  isLiveRefund,
  RECHARGE_FUNDS,
  type RefundAccount,
  TRANSITIONS,
  type SettledStatus,
  type RefundStatus,
  type SimulatedRefund,
  UNSETTLED_FUNDS,
} from './refund.ts'

type RefundLedgerOptions = {
  /** How long a refund is PROCESSING before it becomes SUCCESS automatically. */
  processingMs: number
  now: () => number
  /** Called with every refund whose status has changed. */
  onSettled: (refund: SimulatedRefund) => void
}

/**
 * All refunds of the merchant, and the balances from which the merchant pays them. Every read first settles the refunds whose
 * processing time has passed on the simulator's clock.
 */
export class RefundLedger {
  readonly #options: RefundLedgerOptions
  readonly #refunds = new Map<string, SimulatedRefund>()
  readonly #numberById = new Map<string, string>()
  readonly #numbersByOrder = new Map<string, string[]>()
  readonly #numbersByDay = new Map<string, string[]>()
  /**
   * When each PROCESSING refund will settle, by out_refund_no. All refunds take equally long, so the first entry settles first.
   */
  readonly #underWay = new Map<string, number>()
  readonly #fees: Record<RefundStatus, number> = {
    PROCESSING: 0,
    SUCCESS: 0,
    CHANGE: 0,
    REFUNDCLOSE: 0,
  }
  #isHeld = false
  #heldUntil = -Infinity
  /**
   * What the merchant can pay refunds from, in fen by account. The settlement fee of every refund is deducted from the refund's
   * account, except of closed refunds.
   */
  readonly balances: Record<RefundAccount, number> = {
    [UNSETTLED_FUNDS]: Infinity,
    [RECHARGE_FUNDS]: Infinity,
  }

  constructor(options: RefundLedgerOptions) {
    this.#options = options
  }

  /** Settles every refund whose processing time has passed. All methods that read refunds call this first. */
  settleDue(): void {
    if (this.#isHeld) return
    const now = this.#options.now()
    for (const [outRefundNo, at] of this.#underWay) {
      if (at > now) return
      const refund = this.#refunds.get(outRefundNo)
      if (refund !== undefined) this.#move(refund, 'SUCCESS', Math.max(at, this.#heldUntil))
    }
  }

  /** Adds a new PROCESSING refund, and deducts its settlement fee from the balance. */
  add(refund: SimulatedRefund): void {
    const { outRefundNo, refundId, outTradeNo, appliedAt } = refund
    this.settleDue()
    this.#refunds.set(outRefundNo, refund)
    this.#numberById.set(refundId, outRefundNo)
    listIn(this.#numbersByOrder, outTradeNo).push(outRefundNo)
    listIn(this.#numbersByDay, formatBeijingTime(appliedAt).slice(0, 8)).push(outRefundNo)
    this.#underWay.set(outRefundNo, appliedAt + this.#options.processingMs)
    this.#fees[refund.status] += refund.refundFee
    this.balances[refund.account] -= refund.settlementRefundFee
  }

  /** Settles a refund manually. Throws a RangeError when the refund's current status does not allow the new one. */
  settle(outRefundNo: string, status: SettledStatus): SimulatedRefund {
    const refund = this.mustFind(outRefundNo)
    if (!TRANSITIONS[refund.status].includes(status)) {
      throw new RangeError(`${outRefundNo} is ${refund.status} and cannot become ${status}`)
    }
    return this.#move(refund, status, this.#options.now())
  }

  /**
   * Holds refunds, or releases them. While they are held, no refund settles automatically. At the release, those whose
   * processing time has passed settle.
   */
  hold(isHeld: boolean): void {
    this.settleDue()
    if (this.#isHeld && !isHeld) this.#heldUntil = this.#options.now()
    this.#isHeld = isHeld
  }

  /** Finds a refund by the shop's out_refund_no. */
  find(outRefundNo: string): SimulatedRefund | undefined {
    this.settleDue()
    return this.#refunds.get(outRefundNo)
  }

  /** Finds a refund by the shop's out_refund_no. Throws a RangeError when WeChat has no such refund. */
  mustFind(outRefundNo: string): SimulatedRefund {
    const refund = this.find(outRefundNo)
    if (refund === undefined) throw new RangeError(`WeChat has no refund ${outRefundNo}`)
    return refund
  }

  /** Finds a refund by WeChat's refund_id. */
  findById(refundId: string): SimulatedRefund | undefined {
    return this.find(this.#numberById.get(refundId) ?? '')
  }

  /** The refunds of one order, oldest first. */
  ofOrder(outTradeNo: string): SimulatedRefund[] {
    return this.#all(this.#numbersByOrder.get(outTradeNo) ?? [])
  }

  /** The refunds that were requested on one Beijing day (yyyyMMdd), oldest first. */
  ofDay(day: string): SimulatedRefund[] {
    return this.#all(this.#numbersByDay.get(day) ?? [])
  }

  /** Every refund of any order, oldest first. */
  all(): SimulatedRefund[] {
    return this.#all(this.#refunds.keys())
  }

  /** The sum of `refundFee` in fen over all refunds whose current status is one of `states`. */
  sumOf(...states: readonly RefundStatus[]): number {
    this.settleDue()
    return states.reduce((sum, status) => sum + this.#fees[status], 0)
  }

  /**
   * When the first refund for which `fits` is true will settle automatically, in epoch milliseconds; `undefined` if there is
   * none, and while refunds are held.
   */
  nextSettlementAt(fits: (refund: SimulatedRefund) => boolean): number | undefined {
    this.settleDue()
    if (this.#isHeld) return undefined
    for (const [outRefundNo, at] of this.#underWay) {
      const refund = this.#refunds.get(outRefundNo)
      if (refund !== undefined && fits(refund)) return at
    }
    return undefined
  }

  #all(numbers: Iterable<string>): SimulatedRefund[] {
    this.settleDue()
    return [...numbers].flatMap((outRefundNo) => this.#refunds.get(outRefundNo) ?? [])
  }

  #move(refund: SimulatedRefund, status: SettledStatus, at: number): SimulatedRefund {
    const { outRefundNo, refundFee, settlementRefundFee, account } = refund
    const moved: SimulatedRefund = {
      ...refund,
      status,
      steps: [...refund.steps, { status, at }],
      // In CHANGE, the payer's card cannot receive the refund. The merchant sends the money to another card, so refund_channel
      // becomes OTHER_BANKCARD.
      channel: refund.status === 'CHANGE' ? 'OTHER_BANKCARD' : refund.channel,
    }
    this.#underWay.delete(outRefundNo)
    this.#refunds.set(outRefundNo, moved)
    this.#fees[refund.status] -= refundFee
    this.#fees[status] += refundFee
    if (!isLiveRefund(moved)) this.balances[account] += settlementRefundFee
    this.#options.onSettled(moved)
    return moved
  }
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}
