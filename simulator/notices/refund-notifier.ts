import { isNotifyUrl } from '../protocol/notify-url.ts'
import type { SimulatedRefund } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { type Deliver, describePosted, type NoticeBoard, type Posted } from './notice-board.ts'
import { formatRefundNotice, type RefundNoticeOptions } from './refund-notice.ts'

/** Tells the shop what became of its refunds: at the request's notify_url, else at the one set on the platform, else nowhere. */
export class RefundTeller {
  readonly #world: World
  readonly #board: NoticeBoard
  #platformUrl: string | undefined

  constructor(world: World, board: NoticeBoard, platformUrl: string | undefined) {
    this.#world = world
    this.#board = board
    this.setPlatformUrl(platformUrl)
  }

  /** The merchant platform takes no address that WeChat could not post to. */
  setPlatformUrl(url: string | undefined): void {
    if (url !== undefined && !isNotifyUrl(url, this.#world.strict)) {
      throw new RangeError(`${url} is no notify_url`)
    }
    this.#platformUrl = url
  }

  /** A refund has become something else. Its notice says what it is now, also when a retry comes after the next change. */
  tell(refund: SimulatedRefund, at: number): void {
    const { outTradeNo, outRefundNo, transactionId } = refund
    const url = this.#urlOf(refund)
    if (url === undefined) return
    this.#board.schedule(
      { outTradeNo, transactionId, outRefundNo },
      { url, firstDueAt: at, write: () => this.#write(refund) },
    )
  }

  xml(outRefundNo: string, options: RefundNoticeOptions): string {
    return this.#write(this.#mustFind(outRefundNo), options)
  }

  async post(outRefundNo: string, options: RefundNoticeOptions, deliver: Deliver): Promise<Posted> {
    const refund = this.#mustFind(outRefundNo)
    const url = this.#urlOf(refund)
    if (url === undefined) throw new RangeError(`nobody is told of refund ${outRefundNo}`)
    const posted = await this.#board.post(url, this.#write(refund, options), deliver)
    this.#world.record({
      type: 'notice_sent',
      endpoint: url,
      outTradeNo: refund.outTradeNo,
      outRefundNo,
      outcome: `out of schedule, ${describePosted(posted)}`,
    })
    return posted
  }

  /** The next attempt, or the next settlement that will be told; epoch milliseconds. */
  nextDueAt(): number | undefined {
    const settlesAt = this.#world.refunds.nextSettlementAt(
      (refund) => this.#urlOf(refund) !== undefined,
    )
    const due = Math.min(settlesAt ?? Infinity, this.#board.nextDueAt() ?? Infinity)
    return due === Infinity ? undefined : due
  }

  #urlOf({ notifyUrl }: SimulatedRefund): string | undefined {
    return notifyUrl ?? this.#platformUrl
  }

  #mustFind(outRefundNo: string): SimulatedRefund {
    const refund = this.#world.refunds.find(outRefundNo)
    if (refund === undefined) throw new RangeError(`WeChat knows no refund ${outRefundNo}`)
    return refund
  }

  #write(refund: SimulatedRefund, options: RefundNoticeOptions = {}): string {
    const { ledger, clock } = this.#world
    const capture = ledger.find(refund.outTradeNo, clock.now())?.capture
    if (capture === undefined) throw new Error(`${refund.outTradeNo} was refunded without payment`)
    return formatRefundNotice(refund, capture, this.#world, options)
  }
}
