import { BillOffice, type BillOptions } from './bills/bill.ts'
import { serve } from './gateway/serve.ts'
import { type Clock, ControllableClock } from './lib/clock.ts'
import { NOTICE_TIMEOUT_MS, REFUND_PROCESSING_MS } from './lib/limits.ts'
import { cryptoRandom, type Random } from './lib/random.ts'
import {
  type Deliver,
  type DeliveryAttempt,
  describePosted,
  NoticeBoard,
  type Posted,
  type SimulatedNotice,
} from './notices/notice-board.ts'
import { formatNotice, type NoticeOptions } from './notices/payment-notice.ts'
import type { RefundNoticeOptions } from './notices/refund-notice.ts'
import { RefundTeller } from './notices/refund-notifier.ts'
import { type PayOptions, takeMoney } from './payer/cashier.ts'
import { type CashierResult, type GivenParams, openCashier } from './payer/phone.ts'
import { type Fault, FaultQueue } from './protocol/faults.ts'
import { type PlatformRefund, refundByHand } from './refunds/platform-refund.ts'
import type { BillChange } from './state/bill-plan.ts'
import { History, type HistoryEntry } from './state/history.ts'
import { type Capture, Ledger, type SimulatedOrder, type TradeState } from './state/ledger.ts'
import type { Merchant } from './state/merchant.ts'
import { RefundBook } from './state/refund-ledger.ts'
import type { RefundEnd, SimulatedRefund } from './state/refund.ts'
import { DEFAULT_STRICTNESS, type Strictness } from './state/strictness.ts'
import { People } from './state/users.ts'
import type { World } from './state/world.ts'

export type SimulatorOptions = {
  merchant: Merchant
  /** Default: the machine's clock, which can be put forward. */
  clock?: Clock
  /** Default: real randomness. With a seeded source a run can be repeated. */
  random?: Random
  strict?: Partial<Strictness>
  /** Where notices of refunds go whose request named no notify_url; set on the merchant platform. Default: nowhere. */
  refundNotifyUrl?: string
  /** How long a refund is PROCESSING before it becomes SUCCESS by itself. Default: three minutes. */
  refundProcessingMs?: number
  /** What ends one attempt to deliver a notice. Default: five seconds of real time. */
  noticeTimeout?: () => AbortSignal
  /** Told of everything as it happens; the same entries as `history()`. */
  onEvent?: (entry: HistoryEntry) => void
}

export type PaymentResult =
  { ok: true; transactionId: string; notice: SimulatedNotice } | { ok: false; why: string }

export type RefundResult = { ok: true; refund: SimulatedRefund } | { ok: false; why: string }

/**
 * WeChat, as one merchant sees it: login, unified order, query, close, the payer's phone, the cashier, refunds, bills, and the
 * notices. It is written from the protocol alone and shares no code with the Worker: a second route to every number.
 */
export class WeChatSimulator {
  readonly clock: Clock
  readonly #world: World
  readonly #people: People
  readonly #ledger = new Ledger()
  readonly #faults = new FaultQueue()
  readonly #history: History
  readonly #refunds: RefundBook
  readonly #bills = new BillOffice()
  readonly #notices: NoticeBoard
  readonly #refundNotices: NoticeBoard
  readonly #teller: RefundTeller

  constructor(options: SimulatorOptions) {
    const { merchant, clock = new ControllableClock(), random = cryptoRandom } = options
    const noticeTimeout = options.noticeTimeout ?? (() => AbortSignal.timeout(NOTICE_TIMEOUT_MS))
    this.clock = clock
    this.#people = new People(random)
    this.#history = new History(options.onEvent)
    this.#refunds = new RefundBook({
      processingMs: options.refundProcessingMs ?? REFUND_PROCESSING_MS,
      now: () => clock.now(),
      onSettled: (refund) => this.#recordSettlement(refund),
    })
    this.#world = {
      merchant,
      strict: { ...DEFAULT_STRICTNESS, ...options.strict },
      clock,
      random,
      ledger: this.#ledger,
      refunds: this.#refunds,
      bills: this.#bills,
      people: this.#people,
      record: (event) => this.#history.add({ at: clock.now(), ...event }),
    }
    const board = {
      random,
      now: () => clock.now(),
      timeout: noticeTimeout,
      onAttempt: (attempt: DeliveryAttempt) => this.#recordAttempt(attempt),
    }
    this.#notices = new NoticeBoard(board)
    this.#refundNotices = new NoticeBoard(board)
    this.#teller = new RefundTeller(this.#world, this.#refundNotices, options.refundNotifyUrl)
  }

  /**
   * Every endpoint of api.weixin.qq.com, api.mch.weixin.qq.com and api2.mch.weixin.qq.com, told apart by path only. Throws
   * `TypeError('Network connection lost.')` for a fault that drops the connection; a stall waits for `request.signal`.
   * May be handed around as a plain function. The client shows no certificate: every path under /secapi/ is HTTP 400.
   */
  readonly fetch = (request: Request): Promise<Response> =>
    serve(request, this.#world, this.#faults, 'none')

  /** The same for a client that showed the merchant's certificate. */
  readonly fetchWithCertificate = (request: Request): Promise<Response> =>
    serve(request, this.#world, this.#faults, 'good')

  /** The same for a client that showed another certificate: HTTP 400 under /secapi/, in other words. */
  readonly fetchWithWrongCertificate = (request: Request): Promise<Response> =>
    serve(request, this.#world, this.#faults, 'wrong')

  /** What wx.login() gives to a user's phone: a fresh code, good for five minutes and one exchange. */
  login(openid: string, options: { blocked?: boolean } = {}): string {
    this.#world.record({ type: 'login', outcome: openid })
    return this.#people.issueCode(openid, this.clock.now(), options.blocked ?? false)
  }

  /** A new user of this mini program: 28 characters, `o…`. */
  newOpenid(): string {
    return this.#people.newOpenid()
  }

  /** An openid of right shape that belongs to another mini program: unifiedorder refuses it. */
  foreignOpenid(): string {
    return this.#people.foreignOpenid()
  }

  /** The client side of wx.requestPayment: opens the cashier, or fails with the client's errMsg and, for us, the true reason. */
  requestPayment(openid: string, params: GivenParams): CashierResult {
    const result = openCashier(openid, params, this.#world)
    const outTradeNo = result.ok ? result.cashier.outTradeNo : result.outTradeNo
    this.#world.record({
      type: result.ok ? 'cashier_opened' : 'cashier_refused',
      ...(outTradeNo === undefined ? {} : { outTradeNo }),
      outcome: result.ok ? `${result.cashier.totalFee} fen` : result.why,
    })
    return result
  }

  /** Pays at the cashier. The money is captured, and a notice is due at once. */
  pay(outTradeNo: string, options: PayOptions = {}): PaymentResult {
    const result = takeMoney(outTradeNo, options, this.#world)
    if (!result.ok) {
      this.#world.record({ type: 'pay_refused', outTradeNo, outcome: result.why })
      return result
    }
    const { transactionId, totalFee } = result.capture
    this.#world.record({ type: 'paid', outTradeNo, outcome: `${totalFee} fen, ${transactionId}` })
    const notice = this.#notices.schedule(
      { outTradeNo, transactionId },
      { url: this.#mustFind(outTradeNo).notifyUrl, write: () => this.noticeXml(outTradeNo) },
    )
    return { ok: true, transactionId, notice }
  }

  /** The payer leaves the cashier: nothing changes at WeChat. The mini program gets this errMsg. */
  cancel(outTradeNo: string): { errMsg: string } {
    this.#world.record({ type: 'cancelled', outTradeNo })
    return { errMsg: 'requestPayment:fail cancel' }
  }

  /** Puts an order into a state by hand. Only a paid order can be REFUND, and it can be nothing else. */
  setTradeState(outTradeNo: string, state: TradeState): void {
    const order = this.#mustFind(outTradeNo)
    const isPaidState = state === 'SUCCESS' || state === 'REFUND'
    if ((order.capture !== undefined) !== isPaidState) {
      throw new RangeError(`${outTradeNo} is ${order.tradeState} and cannot become ${state}`)
    }
    this.#ledger.put({ ...order, tradeState: state })
    this.#world.record({ type: 'trade_state_set', outTradeNo, outcome: state })
  }

  /** Makes a refund by hand on the merchant platform; a notice goes to the URL that is set there. */
  refundOnPlatform(outTradeNo: string, wish: PlatformRefund): RefundResult {
    const result = refundByHand(outTradeNo, wish, this.#world)
    return 'level' in result
      ? { ok: false, why: `${result.errCode} ${result.errCodeDes}` }
      : { ok: true, refund: result }
  }

  /** PROCESSING becomes anything, CHANGE becomes SUCCESS only; the rest is final and throws. A notice is due at once. */
  settleRefund(outRefundNo: string, status: RefundEnd): SimulatedRefund {
    return this.#refunds.settle(outRefundNo, status)
  }

  /** From now on no refund becomes SUCCESS by itself, until `letRefundsGo`. */
  holdRefunds(): void {
    this.#refunds.hold(true)
    this.#world.record({ type: 'refunds_held' })
  }

  /** Those whose time has come meanwhile settle now, the others when it comes. */
  letRefundsGo(): void {
    this.#refunds.hold(false)
    this.#world.record({ type: 'refunds_let_go' })
  }

  /** What the merchant can refund from, in fen; `Infinity`, the default, is always enough. Payments do not add to it. */
  setBalance(fen: number): void {
    if (fen !== Infinity && (!Number.isSafeInteger(fen) || fen < 0)) {
      throw new RangeError(`a balance is whole fen and not ${fen}`)
    }
    this.#refunds.balanceFen = fen
    this.#world.record({ type: 'balance_set', outcome: `${fen} fen` })
  }

  /** What is left of it: an accepted refund takes what the merchant pays for it, a closed one gives it back. */
  balanceFen(): number {
    return this.#refunds.balanceFen
  }

  /** Sets the URL on the merchant platform, for refunds that settle from now on. The rules are those of any notify_url. */
  setRefundNotifyUrl(url: string | undefined): void {
    this.#teller.setPlatformUrl(url)
  }

  /** A snapshot, settled as far as the clock says. */
  refund(outRefundNo: string): SimulatedRefund | undefined {
    return this.#refunds.find(outRefundNo)
  }

  /** Those of one order, or all; oldest first. */
  refunds(outTradeNo?: string): SimulatedRefund[] {
    return outTradeNo === undefined ? this.#refunds.all() : this.#refunds.ofOrder(outTradeNo)
  }

  /** Fen of all refunds that are SUCCESS: money that payers have back. */
  refundedFen(): number {
    return this.#refunds.sumOf('SUCCESS')
  }

  /** Fen of all refunds that are PROCESSING or CHANGE: taken from the merchant, and not with the payer yet. */
  refundingFen(): number {
    return this.#refunds.sumOf('PROCESSING', 'CHANGE')
  }

  /**
   * Posts every notice attempt that is due at the clock's now, of payments and of refunds, overdue retries too. Different
   * orders and refunds go in parallel.
   */
  async deliverDueNotices(
    deliver: Deliver = (request) => fetch(request),
  ): Promise<DeliveryAttempt[]> {
    this.#refunds.settleDue()
    const boards = [this.#notices, this.#refundNotices]
    return (await Promise.all(boards.map((board) => board.deliverDue(deliver)))).flat()
  }

  /**
   * Epoch milliseconds of the next attempt, or `undefined` when none is planned. The notice of a refund under way counts with
   * the time at which the refund will settle.
   */
  nextNoticeDueAt(): number | undefined {
    const due = Math.min(
      this.#notices.nextDueAt() ?? Infinity,
      this.#teller.nextDueAt() ?? Infinity,
    )
    return due === Infinity ? undefined : due
  }

  /** Every notice of a payment so far, with its attempts. */
  notices(): readonly SimulatedNotice[] {
    return this.#notices.notices()
  }

  /** Every notice of a refund so far, with its attempts; a refund that was CHANGE and then SUCCESS has two. */
  refundNotices(): readonly SimulatedNotice[] {
    this.#refunds.settleDue()
    return this.#refundNotices.notices()
  }

  /** The exact XML of a notice, freshly written and signed. */
  noticeXml(outTradeNo: string, options: NoticeOptions = {}): string {
    return formatNotice(this.#mustFind(outTradeNo), this.#world, options)
  }

  /** Posts a notice to the order's notify_url now, outside the schedule, and says what the shop answered. */
  async postNotice(
    outTradeNo: string,
    options: NoticeOptions = {},
    deliver: Deliver = (request) => fetch(request),
  ): Promise<Posted> {
    const { notifyUrl } = this.#mustFind(outTradeNo)
    const posted = await this.#notices.post(notifyUrl, this.noticeXml(outTradeNo, options), deliver)
    this.#world.record({
      type: 'notice_sent',
      endpoint: notifyUrl,
      outTradeNo,
      outcome: `out of schedule, ${describePosted(posted)}`,
    })
    return posted
  }

  /** Swallows every attempt for that order, or for the next one that is paid. WeChat believes that they were sent. */
  loseNextNotice(outTradeNo?: string): void {
    this.#notices.lose(outTradeNo)
  }

  /** The next attempt arrives that many times, in parallel, as from several of WeChat's servers. */
  duplicateNextNotice(copies: number): void {
    this.#notices.duplicate(copies)
  }

  /** The exact XML of a refund's notice, freshly encrypted, as the refund stands now. */
  refundNoticeXml(outRefundNo: string, options: RefundNoticeOptions = {}): string {
    return this.#teller.xml(outRefundNo, options)
  }

  /** Posts a refund's notice now, outside the schedule, to where its notices go. Throws when that is nowhere. */
  postRefundNotice(
    outRefundNo: string,
    options: RefundNoticeOptions = {},
    deliver: Deliver = (request) => fetch(request),
  ): Promise<Posted> {
    return this.#teller.post(outRefundNo, options, deliver)
  }

  /** Swallows every notice of that refund, or of the next one that settles. WeChat believes that they were sent. */
  loseNextRefundNotice(outRefundNo?: string): void {
    this.#refundNotices.lose(outRefundNo)
  }

  /** The next attempt to tell of a refund arrives that many times, in parallel. */
  duplicateNextRefundNotice(copies: number): void {
    this.#refundNotices.duplicate(copies)
  }

  /** The bill of a Beijing day (yyyyMMdd) as it would be handed out now, finished or not, empty or not. */
  billText(date: string, options: BillOptions = {}): string {
    return this.#bills.text(date, options, this.#world)
  }

  /** Makes the bill of that day differ from what happened, until it is cleared. Changes add up, in their order. */
  changeBill(date: string, change: BillChange): void {
    this.#bills.change(date, change, this.#world)
    this.#world.record({ type: 'bill_changed', outcome: `${date} ${change.kind}` })
  }

  /** The bill of that day, or of every day, tells again what happened. */
  clearBillChanges(date?: string): void {
    this.#bills.clear(date)
    this.#world.record({ type: 'bill_changes_cleared', ...(date && { outcome: date }) })
  }

  /** Queues something that goes wrong; the first that fits a request is used up by it. */
  inject(fault: Fault): void {
    this.#faults.add(fault)
    const outcome = `${fault.kind} × ${fault.times ?? 1}`
    this.#world.record({ type: 'fault_injected', endpoint: fault.endpoint, outcome })
  }

  clearFaults(): void {
    this.#faults.clear()
    this.#world.record({ type: 'faults_cleared' })
  }

  /** Faults that did not happen yet. */
  waitingFaults(): Fault[] {
    return this.#faults.waiting()
  }

  /** A snapshot: later changes make a new one. */
  order(outTradeNo: string): SimulatedOrder | undefined {
    return this.#ledger.find(outTradeNo, this.clock.now())
  }

  orders(): SimulatedOrder[] {
    return this.#ledger.orders(this.clock.now())
  }

  /** Sum of all captured payments in fen. */
  capturedFen(): number {
    return this.#ledger.capturedFen()
  }

  captures(): readonly Capture[] {
    return this.#ledger.captures()
  }

  /** Everything that happened, oldest first; the oldest of very many are forgotten. */
  history(): HistoryEntry[] {
    return this.#history.entries()
  }

  #mustFind(outTradeNo: string): SimulatedOrder {
    const order = this.order(outTradeNo)
    if (order === undefined) throw new RangeError(`WeChat knows no order ${outTradeNo}`)
    return order
  }

  #recordSettlement(refund: SimulatedRefund): void {
    const { outTradeNo, outRefundNo, status, refundFee, steps } = refund
    const at = steps.at(-1)?.at ?? this.clock.now()
    const outcome = `${status}, ${refundFee} fen`
    this.#history.add({ at, type: 'refund_settled', outTradeNo, outRefundNo, outcome })
    this.#teller.tell(refund, at)
  }

  #recordAttempt(attempt: DeliveryAttempt): void {
    this.#world.record({
      type: 'notice_sent',
      endpoint: attempt.url,
      outTradeNo: attempt.outTradeNo,
      ...(attempt.outRefundNo === undefined ? {} : { outRefundNo: attempt.outRefundNo }),
      outcome: `attempt ${attempt.attempt}, ${describePosted(attempt)}`,
    })
  }
}
