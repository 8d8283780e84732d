import { Bills } from './bills/bills.ts'
import { serve } from './gateway/serve.ts'
import { type Clock, ControllableClock } from './lib/clock.ts'
import { NOTICE_TIMEOUT_MS, REFUND_PROCESSING_MS } from './lib/limits.ts'
import { cryptoRandom, type Random } from './lib/random.ts'
import { NoticeBoard } from './notices/notice-board.ts'
import { describePostResult } from './notices/notice.ts'
import { type DeliveryAttempt } from './notices/notice.ts'
import { Notices } from './notices/notices.ts'
import { PaymentNotifier } from './notices/payment-notifier.ts'
import { RefundNotifier } from './notices/refund-notifier.ts'
import { Payer } from './payer/payer.ts'
import { FaultInjector } from './protocol/fault-injector.ts'
import { FaultQueue } from './protocol/fault-queue.ts'
import { Platform } from './refunds/platform.ts'
import { BillPlan } from './state/bill-plan.ts'
import { Books } from './state/books.ts'
import { History, type HistoryEntry } from './state/history.ts'
import { Ledger } from './state/ledger.ts'
import type { Merchant } from './state/merchant.ts'
import { RefundLedger } from './state/refund-ledger.ts'
import type { SimulatedRefund } from './state/refund.ts'
import { DEFAULT_STRICTNESS, type Strictness } from './state/strictness.ts'
import { Users } from './state/users.ts'
import type { World } from './state/world.ts'

/** How the simulated WeChat behaves. Only the merchant is required. */
export type SimulatorOptions = {
  merchant: Merchant
  /** The simulator's clock. Default: a `ControllableClock` over the machine's clock. */
  clock?: Clock
  /** The source of all randomness. Default: real randomness. With a seeded source a test can be repeated exactly. */
  random?: Random
  /** Settings that replace those of `DEFAULT_STRICTNESS`. */
  strict?: Partial<Strictness>
  /**
   * The URL for notices of refunds whose request has no notify_url, as set on the merchant platform. Default: WeChat sends no
   * notice of such a refund.
   */
  refundNotifyUrl?: string
  /** How long a refund is PROCESSING before it becomes SUCCESS automatically. Default: three minutes. */
  refundProcessingMs?: number
  /**
   * Makes the signal that ends one delivery attempt of a notice. Default: a signal that aborts after five seconds of real time.
   */
  noticeTimeout?: () => AbortSignal
  /** Called with every entry of the simulator's history as it is added. */
  onEvent?: (entry: HistoryEntry) => void
}

/**
 * The simulated WeChat, as one merchant sees it. `fetch` is the API that the shop calls. The six facets, `payer` to `books`,
 * are for tests and developers: they act as the payer or the merchant platform, read WeChat's records, and inject faults. The
 * simulator is written from the protocol alone and shares no code with the Worker, so that a rule that the Worker misreads
 * fails a test.
 */
export class WeChatSimulator {
  /** The clock for every time in the simulator, except the timeout of a notice, which is real time. */
  readonly clock: Clock
  /** Acts as the payer: login, wx.requestPayment, the cashier. */
  readonly payer: Payer
  /** Changes orders and refunds without a call of the API. */
  readonly platform: Platform
  /** The notices that WeChat posts to the shop. */
  readonly notices: Notices
  /** The bills that downloadbill answers, and changes to these bills. */
  readonly bills: Bills
  /** Injects faults into the endpoints. */
  readonly faults: FaultInjector
  /** The simulated WeChat's own records of orders, payments and refunds, read-only. */
  readonly books: Books
  readonly #world: World
  readonly #faultQueue = new FaultQueue()

  constructor(options: SimulatorOptions) {
    const history = new History(options.onEvent)
    const world = makeWorld(options, history, (refund) => recordSettlement(refund))
    const board = {
      random: world.random,
      now: () => world.clock.now(),
      timeout: options.noticeTimeout ?? (() => AbortSignal.timeout(NOTICE_TIMEOUT_MS)),
      onAttempt: (attempt: DeliveryAttempt) => recordAttempt(attempt, world),
    }
    const payments = new PaymentNotifier(world, new NoticeBoard(board))
    const refunds = new RefundNotifier(world, new NoticeBoard(board))
    const recordSettlement = (refund: SimulatedRefund): void => {
      const { outTradeNo, outRefundNo, status, refundFee, steps } = refund
      const at = steps.at(-1)?.at ?? world.clock.now()
      const outcome = `${status}, ${refundFee} fen`
      world.record({ at, type: 'refund_settled', outTradeNo, outRefundNo, outcome })
      refunds.notify(refund, at)
    }

    this.#world = world
    this.clock = world.clock
    this.payer = new Payer(world, payments)
    this.platform = new Platform(world)
    this.notices = new Notices(world.refunds, payments, refunds)
    this.bills = new Bills(world)
    this.faults = new FaultInjector(this.#faultQueue, world.record)
    this.books = new Books(world, history)
    this.platform.setRefundNotifyUrl(options.refundNotifyUrl)
  }

  /**
   * Calls an endpoint of api.weixin.qq.com, api.mch.weixin.qq.com or api2.mch.weixin.qq.com, selected by path only. The client
   * shows no certificate, so every path under /secapi/ answers HTTP 400. Throws `TypeError('Network connection lost.')` for a
   * fault that drops the connection; a stall lasts until `request.signal` aborts. Can be called without its object, as a plain
   * function.
   */
  readonly fetch = (request: Request): Promise<Response> =>
    serve(request, this.#world, this.#faultQueue, 'none')

  /** Calls an endpoint like `fetch`, as a client that shows the merchant's certificate. */
  readonly fetchWithCertificate = (request: Request): Promise<Response> =>
    serve(request, this.#world, this.#faultQueue, 'good')

  /**
   * Calls an endpoint like `fetch`, as a client that shows a certificate other than the merchant's. Every path under /secapi/
   * answers HTTP 400 with the text `The SSL certificate error`; without a certificate it is `No required SSL certificate was
   * sent`.
   */
  readonly fetchWithWrongCertificate = (request: Request): Promise<Response> =>
    serve(request, this.#world, this.#faultQueue, 'wrong')
}

function makeWorld(
  options: SimulatorOptions,
  history: History,
  onSettled: (refund: SimulatedRefund) => void,
): World {
  const { merchant, clock = new ControllableClock(), random = cryptoRandom } = options
  return {
    merchant,
    strict: { ...DEFAULT_STRICTNESS, ...options.strict },
    clock,
    random,
    ledger: new Ledger(),
    refunds: new RefundLedger({
      processingMs: options.refundProcessingMs ?? REFUND_PROCESSING_MS,
      now: () => clock.now(),
      onSettled,
    }),
    billPlan: new BillPlan(random),
    platform: {
      refundNotifyUrl: undefined,
      miniPrograms: new Map([[merchant.appid, merchant.appSecret]]),
    },
    users: new Users(random),
    record: (event) => history.add({ at: clock.now(), ...event }),
  }
}

function recordAttempt(attempt: DeliveryAttempt, { record }: World): void {
  record({
    type: 'notice_sent',
    endpoint: attempt.url,
    outTradeNo: attempt.outTradeNo,
    ...(attempt.outRefundNo === undefined ? {} : { outRefundNo: attempt.outRefundNo }),
    outcome: `attempt ${attempt.attempt}, ${describePostResult(attempt)}`,
  })
}
