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

/** Notifies the shop of payments. Each notice is posted to the notify_url of its order. */
export class PaymentNotifier {
  readonly #world: World
  readonly #board: NoticeBoard

  constructor(world: World, board: NoticeBoard) {
    this.#world = world
    this.#board = board
  }

  /** Schedules the notice of a new payment. The first delivery attempt is due immediately. */
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

  /** Every notice of a payment so far, oldest first, with its delivery attempts. */
  all(): readonly SimulatedNotice[] {
    return this.#board.notices()
  }

  /** The XML that WeChat would post for the payment of an order, with a new nonce_str and sign. */
  xml(outTradeNo: string, options: PaymentNoticeOptions = {}): string {
    const { ledger, clock } = this.#world
    return formatPaymentNotice(ledger.mustFind(outTradeNo, clock.now()), this.#world, options)
  }

  /** Posts the notice of an order to its notify_url immediately, outside the retry schedule, and returns the shop's answer. */
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

  /**
   * Loses every notice of an order: WeChat counts each one as sent and unanswered, but the shop receives none.
   * @param outTradeNo If omitted, the next order that is paid.
   */
  loseNext(outTradeNo?: string): void {
    this.#board.lose(outTradeNo)
  }

  /** Posts the next delivery attempt `copies` times in parallel, as if several of WeChat's servers sent it. */
  duplicateNext(copies: number): void {
    this.#board.duplicate(copies)
  }

  /** Delays the first delivery of the notice of the next payment, by seconds on the simulator's clock. */
  delayNext(seconds: number): void {
    this.#board.delay(seconds)
  }

  /** When the next delivery attempt for a payment is due, in epoch milliseconds; `undefined` when no attempt is scheduled. */
  nextDueAt(): number | undefined {
    return this.#board.nextDueAt()
  }

  /** Makes every delivery attempt for a payment that is due now. */
  deliverDue(deliver: Deliver): Promise<DeliveryAttempt[]> {
    return this.#board.deliverDue(deliver)
  }
}
