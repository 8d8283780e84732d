import type { SimulatedRefund } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import type { NoticeBoard } from './notice-board.ts'
import {
  type Deliver,
  type DeliveryAttempt,
  describePostResult,
  type PostResult,
  type SimulatedNotice,
} from './notice.ts'
import { formatRefundNotice, type RefundNoticeOptions } from './refund-notice.ts'

/** Notifies the shop of its refunds: at the request's notify_url, else at the one set on the platform, else not at all. */
export class RefundNotifier {
  readonly #world: World
  readonly #board: NoticeBoard

  constructor(world: World, board: NoticeBoard) {
    this.#world = world
    this.#board = board
  }

  /** Schedules the notice of a refund whose status has changed. Retries report this status, even after the next change. */
  notify(refund: SimulatedRefund, at: number): void {
    const { outTradeNo, outRefundNo, transactionId } = refund
    const url = this.#urlOf(refund)
    if (url === undefined) return
    this.#board.schedule(
      { outTradeNo, transactionId, outRefundNo },
      { url, firstDueAt: at, write: () => this.#write(refund) },
    )
  }

  /** Every notice of a refund so far, with its delivery attempts. A refund that was CHANGE and then SUCCESS has two. */
  all(): readonly SimulatedNotice[] {
    this.#world.refunds.settleDue()
    return this.#board.notices()
  }

  /** The exact XML of a refund's notice, freshly encrypted, with the refund's current status. */
  xml(outRefundNo: string, options: RefundNoticeOptions = {}): string {
    return this.#write(this.#world.refunds.mustFind(outRefundNo), options)
  }

  /** Posts a refund's notice now, outside the schedule. Rejects with a RangeError when the refund has no notify_url. */
  async post(
    outRefundNo: string,
    options: RefundNoticeOptions = {},
    deliver: Deliver = (request) => fetch(request),
  ): Promise<PostResult> {
    const refund = this.#world.refunds.mustFind(outRefundNo)
    const url = this.#urlOf(refund)
    if (url === undefined) throw new RangeError(`refund ${outRefundNo} has no notify_url`)
    const posted = await this.#board.post(url, this.#write(refund, options), deliver)
    this.#world.record({
      type: 'notice_sent',
      endpoint: url,
      outTradeNo: refund.outTradeNo,
      outRefundNo,
      outcome: `outside the schedule, ${describePostResult(posted)}`,
    })
    return posted
  }

  /** Drops every notice of that refund, or of the next refund that settles, while WeChat believes that it was sent. */
  loseNext(outRefundNo?: string): void {
    this.#board.lose(outRefundNo)
  }

  /** The next delivery attempt for a refund arrives that many times, in parallel. */
  duplicateNext(copies: number): void {
    this.#board.duplicate(copies)
  }

  /** Epoch milliseconds of the next delivery attempt, or of the next settlement that will have a notice. */
  nextDueAt(): number | undefined {
    const settlesAt = this.#world.refunds.nextSettlementAt(
      (refund) => this.#urlOf(refund) !== undefined,
    )
    const due = Math.min(settlesAt ?? Infinity, this.#board.nextDueAt() ?? Infinity)
    return due === Infinity ? undefined : due
  }

  /** Makes every delivery attempt that is due now. */
  deliverDue(deliver: Deliver): Promise<DeliveryAttempt[]> {
    return this.#board.deliverDue(deliver)
  }

  #urlOf({ notifyUrl }: SimulatedRefund): string | undefined {
    return notifyUrl ?? this.#world.platform.refundNotifyUrl
  }

  #write(refund: SimulatedRefund, options: RefundNoticeOptions = {}): string {
    const { ledger, clock } = this.#world
    const capture = ledger.find(refund.outTradeNo, clock.now())?.capture
    if (capture === undefined) throw new Error(`${refund.outTradeNo} was refunded without payment`)
    return formatRefundNotice(refund, capture, this.#world, options)
  }
}
