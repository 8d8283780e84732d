import { formatBeijingTime } from '../lib/clock.ts'
import {
  isLiveRefund,
  TRANSITIONS,
  type SettledStatus,
  type RefundStatus,
  type SimulatedRefund,
} from './refund.ts'

type RefundLedgerOptions = {
  /** How long a refund is PROCESSING before it becomes SUCCESS by itself. */
  processingMs: number
  now: () => number
  /** Told of every refund that has become something else. */
  onSettled: (refund: SimulatedRefund) => void
}

/**
 * All refunds of the merchant, and the balance they are paid from. Whoever looks at a refund sees it as it is at the clock's
 * now: those whose time has come are settled before anything is read.
 */
export class RefundLedger {
  readonly #options: RefundLedgerOptions
  readonly #refunds = new Map<string, SimulatedRefund>()
  readonly #numberById = new Map<string, string>()
  readonly #numbersByOrder = new Map<string, string[]>()
  readonly #numbersByDay = new Map<string, string[]>()
  /** When each PROCESSING refund settles. They are added in the order of that time: the first is the next. */
  readonly #underWay = new Map<string, number>()
  readonly #fees: Record<RefundStatus, number> = {
    PROCESSING: 0,
    SUCCESS: 0,
    CHANGE: 0,
    REFUNDCLOSE: 0,
  }
  #isHeld = false
  #heldUntil = -Infinity
  /** Fen that the merchant can still refund. A live refund has taken its settlement fee out of it. */
  balanceFen = Infinity

  constructor(options: RefundLedgerOptions) {
    this.#options = options
  }

  /** Moves every refund on whose time has come. All methods that read do it first. */
  settleDue(): void {
    if (this.#isHeld) return
    const now = this.#options.now()
    for (const [outRefundNo, at] of this.#underWay) {
      if (at > now) return
      const refund = this.#refunds.get(outRefundNo)
      if (refund !== undefined) this.#move(refund, 'SUCCESS', Math.max(at, this.#heldUntil))
    }
  }

  /** A new refund, PROCESSING from now on; its money leaves the balance. */
  add(refund: SimulatedRefund): void {
    const { outRefundNo, refundId, outTradeNo, appliedAt } = refund
    this.settleDue()
    this.#refunds.set(outRefundNo, refund)
    this.#numberById.set(refundId, outRefundNo)
    listIn(this.#numbersByOrder, outTradeNo).push(outRefundNo)
    listIn(this.#numbersByDay, formatBeijingTime(appliedAt).slice(0, 8)).push(outRefundNo)
    this.#underWay.set(outRefundNo, appliedAt + this.#options.processingMs)
    this.#fees[refund.status] += refund.refundFee
    this.balanceFen -= refund.settlementRefundFee
  }

  /** Settles one by hand. Throws when it has become something else already. */
  settle(outRefundNo: string, status: SettledStatus): SimulatedRefund {
    const refund = this.mustFind(outRefundNo)
    if (!TRANSITIONS[refund.status].includes(status)) {
      throw new RangeError(`${outRefundNo} is ${refund.status} and cannot become ${status}`)
    }
    return this.#move(refund, status, this.#options.now())
  }

  /** While held, no refund settles by itself; those whose time has come by then settle when they are let go. */
  hold(isHeld: boolean): void {
    this.settleDue()
    if (this.#isHeld && !isHeld) this.#heldUntil = this.#options.now()
    this.#isHeld = isHeld
  }

  find(outRefundNo: string): SimulatedRefund | undefined {
    this.settleDue()
    return this.#refunds.get(outRefundNo)
  }

  /** Throws a RangeError when there is no such refund. */
  mustFind(outRefundNo: string): SimulatedRefund {
    const refund = this.find(outRefundNo)
    if (refund === undefined) throw new RangeError(`WeChat knows no refund ${outRefundNo}`)
    return refund
  }

  findById(refundId: string): SimulatedRefund | undefined {
    return this.find(this.#numberById.get(refundId) ?? '')
  }

  /** Oldest first. */
  ofOrder(outTradeNo: string): SimulatedRefund[] {
    return this.#all(this.#numbersByOrder.get(outTradeNo) ?? [])
  }

  /** Those applied for on that Beijing day (yyyyMMdd), oldest first. */
  ofDay(day: string): SimulatedRefund[] {
    return this.#all(this.#numbersByDay.get(day) ?? [])
  }

  /** Oldest first. */
  all(): SimulatedRefund[] {
    return this.#all(this.#refunds.keys())
  }

  /** Fen asked for by all refunds that are in one of these states now. */
  sumOf(...states: readonly RefundStatus[]): number {
    this.settleDue()
    return states.reduce((sum, status) => sum + this.#fees[status], 0)
  }

  /** When the first refund that fits will settle by itself, in epoch milliseconds. */
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
    const { outRefundNo, refundFee, settlementRefundFee } = refund
    const moved: SimulatedRefund = {
      ...refund,
      status,
      steps: [...refund.steps, { status, at }],
      // What the first card did not take is sent to another one.
      channel: refund.status === 'CHANGE' ? 'OTHER_BANKCARD' : refund.channel,
    }
    this.#underWay.delete(outRefundNo)
    this.#refunds.set(outRefundNo, moved)
    this.#fees[refund.status] -= refundFee
    this.#fees[status] += refundFee
    if (!isLiveRefund(moved)) this.balanceFen += settlementRefundFee
    this.#options.onSettled(moved)
    return moved
  }
}

function listIn<T>(lists: Map<string, T[]>, key: string): T[] {
  const list = lists.get(key) ?? []
  lists.set(key, list)
  return list
}
