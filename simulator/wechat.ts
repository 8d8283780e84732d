import { type PayOptions, takeMoney } from './cash-desk.ts'
import { type Clock, ControllableClock } from './clock.ts'
import { NOTICE_TIMEOUT_MS } from './constants.ts'
import { type Fault, FaultQueue } from './faults.ts'
import { serve } from './gateway.ts'
import { History, type HistoryEntry } from './history.ts'
import { type Capture, Ledger, type SimulatedOrder, type TradeState } from './ledger.ts'
import { formatNotice, type NoticeOptions } from './notice-message.ts'
import {
  type Deliver,
  type DeliveryAttempt,
  NoticeBoard,
  type Posted,
  type SimulatedNotice,
} from './notices.ts'
import { People } from './people.ts'
import { type CashierResult, type GivenParams, openCashier } from './phone.ts'
import { cryptoRandom, type Random } from './random.ts'
import { DEFAULT_STRICTNESS, type Merchant, type Strictness, type World } from './world.ts'

export type SimulatorOptions = {
  merchant: Merchant
  /** Default: the machine's clock, which can be put forward. */
  clock?: Clock
  /** Default: real randomness. With a seeded source a run can be repeated. */
  random?: Random
  strict?: Partial<Strictness>
  /** What ends one attempt to deliver a notice. Default: five seconds of real time. */
  noticeTimeout?: () => AbortSignal
  /** Told of everything as it happens; the same entries as `history()`. */
  onEvent?: (entry: HistoryEntry) => void
}

export type PaymentResult =
  { ok: true; transactionId: string; notice: SimulatedNotice } | { ok: false; why: string }

/**
 * WeChat, as one merchant sees it: login, unified order, query, close, the payer's phone, the cashier, and the notices. It is
 * written from the protocol alone and shares no code with the Worker: a second route to every number.
 */
export class WeChatSimulator {
  readonly clock: Clock
  readonly #world: World
  readonly #people: People
  readonly #ledger = new Ledger()
  readonly #faults = new FaultQueue()
  readonly #history: History
  readonly #notices: NoticeBoard

  constructor(options: SimulatorOptions) {
    const { merchant, clock = new ControllableClock(), random = cryptoRandom } = options
    const noticeTimeout = options.noticeTimeout ?? (() => AbortSignal.timeout(NOTICE_TIMEOUT_MS))
    this.clock = clock
    this.#people = new People(random)
    this.#history = new History(options.onEvent)
    this.#world = {
      merchant,
      strict: { ...DEFAULT_STRICTNESS, ...options.strict },
      clock,
      random,
      ledger: this.#ledger,
      people: this.#people,
      record: (event) => this.#history.add({ at: clock.now(), ...event }),
    }
    this.#notices = new NoticeBoard({
      random,
      now: () => clock.now(),
      timeout: noticeTimeout,
      format: (outTradeNo) => this.noticeXml(outTradeNo),
      onAttempt: (attempt) => this.#recordAttempt(attempt),
    })
  }

  /**
   * Every endpoint of api.weixin.qq.com, api.mch.weixin.qq.com and api2.mch.weixin.qq.com, told apart by path only. Throws
   * `TypeError('Network connection lost.')` for a fault that drops the connection; a stall waits for `request.signal`.
   * May be handed around as a plain function.
   */
  readonly fetch = (request: Request): Promise<Response> =>
    serve(request, this.#world, this.#faults)

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
    const url = this.#mustFind(outTradeNo).notifyUrl
    return {
      ok: true,
      transactionId,
      notice: this.#notices.schedule(outTradeNo, transactionId, url),
    }
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

  /** Posts every notice attempt that is due at the clock's now, overdue retries too. Different orders go in parallel. */
  deliverDueNotices(deliver: Deliver = (request) => fetch(request)): Promise<DeliveryAttempt[]> {
    return this.#notices.deliverDue(deliver)
  }

  /** Epoch milliseconds of the next attempt, or `undefined` when none is planned. */
  nextNoticeDueAt(): number | undefined {
    return this.#notices.nextDueAt()
  }

  /** Every notice so far, with its attempts. */
  notices(): readonly SimulatedNotice[] {
    return this.#notices.notices()
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
      outcome: `out of schedule, ${describe(posted)}`,
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
    return this.captures().reduce((sum, { totalFee }) => sum + totalFee, 0)
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

  #recordAttempt(attempt: DeliveryAttempt): void {
    this.#world.record({
      type: 'notice_sent',
      endpoint: attempt.url,
      outTradeNo: attempt.outTradeNo,
      outcome: `attempt ${attempt.attempt}, ${describe(attempt)}`,
    })
  }
}

function describe({ outcome, status, why }: Posted): string {
  return [outcome, status === undefined ? undefined : `HTTP ${status}`, why]
    .filter((part) => part !== undefined)
    .join(', ')
}
