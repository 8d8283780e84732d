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

/**
 * Notifies the shop of refunds. A notice is posted to the notify_url of the refund's request, else to the URL set on the
 * merchant platform. Without either, WeChat sends no notice.
 */
export class RefundNotifier {
  readonly #world: World
  readonly #board: NoticeBoard

  constructor(world: World, board: NoticeBoard) {
    this.#world = world
    this.#board = board
  }

  /**
   * Schedules the notice of a refund whose status has changed. All retries report this status, even when the refund has changed
   * again.
   * @param at When the first delivery attempt is due, in epoch milliseconds.
   */
  notify(refund: SimulatedRefund, at: number): void {
    const { outTradeNo, outRefundNo, transactionId } = refund
    const url = this.#urlOf(refund)
    if (url === undefined) return
    this.#board.schedule(
      { outTradeNo, transactionId, outRefundNo },
      { url, firstDueAt: at, write: () => this.#write(refund) },
    )
  }

  /**
   * Every notice of a refund so far, oldest first, with its delivery attempts. A refund that was CHANGE and then SUCCESS has
   * two.
   */
  all(): readonly SimulatedNotice[] {
    this.#world.refunds.settleDue()
    return this.#board.notices()
  }

  /** The XML that WeChat would post for a refund in its current status, freshly encrypted. */
  xml(outRefundNo: string, options: RefundNoticeOptions = {}): string {
    return this.#write(this.#world.refunds.mustFind(outRefundNo), options)
  }

  /**
   * Posts the notice of a refund immediately, outside the retry schedule, and returns the shop's answer. Rejects with a
   * RangeError when neither the refund nor the merchant platform has a notify_url.
   */
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

  /**
   * Loses every notice of a refund: WeChat counts each one as sent and unanswered, but the shop receives none.
   * @param outRefundNo If omitted, the next refund that settles.
   */
  loseNext(outRefundNo?: string): void {
    this.#board.lose(outRefundNo)
  }

  /** Posts the next delivery attempt for a refund `copies` times in parallel, as if several of WeChat's servers sent it. */
  duplicateNext(copies: number): void {
    this.#board.duplicate(copies)
  }

  /**
   * When the next refund notice is due, in epoch milliseconds: the next delivery attempt, or the next settlement of a refund
   * that will cause a notice. `undefined` when neither is planned.
   */
  nextDueAt(): number | undefined {
    const settlesAt = this.#world.refunds.nextSettlementAt(
      (refund) => this.#urlOf(refund) !== undefined,
    )
    const due = Math.min(settlesAt ?? Infinity, this.#board.nextDueAt() ?? Infinity)
    return due === Infinity ? undefined : due
  }

  /** Makes every delivery attempt for a refund that is due now. */
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
