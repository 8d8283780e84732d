import type { Capture } from '../state/ledger.ts'
import type { World } from '../state/world.ts'
import type { NoticeBoard } from './notice-board.ts'
import {
  type Deliver,
  type DeliveryAttempt,
  describePostResult,
  type PostResult,
  type SimulatedNotice,
} from './notice.ts'
import { formatPaymentNotice, type PaymentNoticeOptions } from './payment-notice.ts'

/** Notifies the shop of payments, at the notify_url of the order. */
export class PaymentNotifier {
  readonly #world: World
  readonly #board: NoticeBoard

  constructor(world: World, board: NoticeBoard) {
    this.#world = world
    this.#board = board
  }

  /** Schedules the notice of a new payment; its first delivery attempt is due now. */
  notify({ outTradeNo, transactionId }: Capture): SimulatedNotice {
    const { ledger, clock } = this.#world
    return this.#board.schedule(
      { outTradeNo, transactionId },
      {
        url: ledger.mustFind(outTradeNo, clock.now()).notifyUrl,
        write: () => this.xml(outTradeNo),
      },
    )
  }

  /** Every notice of a payment so far, with its delivery attempts. */
  all(): readonly SimulatedNotice[] {
    return this.#board.notices()
  }

  /** The exact XML of a notice, freshly written and signed. */
  xml(outTradeNo: string, options: PaymentNoticeOptions = {}): string {
    const { ledger, clock } = this.#world
    return formatPaymentNotice(ledger.mustFind(outTradeNo, clock.now()), this.#world, options)
  }

  /** Posts a notice to the order's notify_url now, outside the schedule, and returns what the shop answered. */
  async post(
    outTradeNo: string,
    options: PaymentNoticeOptions = {},
    deliver: Deliver = (request) => fetch(request),
  ): Promise<PostResult> {
    const { ledger, clock, record } = this.#world
    const { notifyUrl } = ledger.mustFind(outTradeNo, clock.now())
    const posted = await this.#board.post(notifyUrl, this.xml(outTradeNo, options), deliver)
    record({
      type: 'notice_sent',
      endpoint: notifyUrl,
      outTradeNo,
      outcome: `outside the schedule, ${describePostResult(posted)}`,
    })
    return posted
  }

  /** Drops every notice of that order, or of the next order that is paid, while WeChat believes that it was sent. */
  loseNext(outTradeNo?: string): void {
    this.#board.lose(outTradeNo)
  }

  /** The next delivery attempt arrives that many times, in parallel, as from several of WeChat's servers. */
  duplicateNext(copies: number): void {
    this.#board.duplicate(copies)
  }

  /** Epoch milliseconds of the next delivery attempt. */
  nextDueAt(): number | undefined {
    return this.#board.nextDueAt()
  }

  /** Makes every delivery attempt that is due now. */
  deliverDue(deliver: Deliver): Promise<DeliveryAttempt[]> {
    return this.#board.deliverDue(deliver)
  }
}
