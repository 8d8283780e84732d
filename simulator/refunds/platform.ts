import { isNotifyUrl } from '../protocol/notify-url.ts'
import type { TradeState } from '../state/ledger.ts'
import type { SettledStatus, SimulatedRefund } from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { type PlatformRefundRequest, refundOnPlatform } from './platform-refund.ts'

/** The accepted refund, or WeChat's refusal. */
export type RefundResult = { ok: true; refund: SimulatedRefund } | { ok: false; why: string }

/** The merchant platform and WeChat's own side: what happens to orders and refunds without a call of the API. */
export class Platform {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** Puts an order into a state manually. A paid order can only be SUCCESS or REFUND, an unpaid one can be neither. */
  setTradeState(outTradeNo: string, state: TradeState): void {
    const { ledger, clock, record } = this.#world
    const order = ledger.mustFind(outTradeNo, clock.now())
    const isPaidState = state === 'SUCCESS' || state === 'REFUND'
    if ((order.capture !== undefined) !== isPaidState) {
      throw new RangeError(`${outTradeNo} is ${order.tradeState} and cannot become ${state}`)
    }
    ledger.put({ ...order, tradeState: state })
    record({ type: 'trade_state_set', outTradeNo, outcome: state })
  }

  /** Makes a refund manually on the merchant platform; its notice goes to the URL that is set there. */
  refund(outTradeNo: string, request: PlatformRefundRequest): RefundResult {
    const result = refundOnPlatform(outTradeNo, request, this.#world)
    return 'level' in result
      ? { ok: false, why: `${result.errCode} ${result.errCodeDes}` }
      : { ok: true, refund: result }
  }

  /** PROCESSING becomes any end, CHANGE becomes SUCCESS only; every other change throws. A notice is due immediately. */
  settleRefund(outRefundNo: string, status: SettledStatus): SimulatedRefund {
    return this.#world.refunds.settle(outRefundNo, status)
  }

  /** From now on no refund becomes SUCCESS automatically, until `releaseRefunds`. */
  holdRefunds(): void {
    this.#world.refunds.hold(true)
    this.#world.record({ type: 'refunds_held' })
  }

  /** Refunds whose time came while they were held settle now, the others when their time comes. */
  releaseRefunds(): void {
    this.#world.refunds.hold(false)
    this.#world.record({ type: 'refunds_let_go' })
  }

  /** What the merchant can refund from, in fen; `Infinity`, the default, is always enough. Payments do not add to it. */
  setBalance(fen: number): void {
    if (fen !== Infinity && (!Number.isSafeInteger(fen) || fen < 0)) {
      throw new RangeError(`a balance is a whole number of fen, not ${fen}`)
    }
    this.#world.refunds.balanceFen = fen
    this.#world.record({ type: 'balance_set', outcome: `${fen} fen` })
  }

  /**
   * Sets the URL for notices of refunds whose request names none, for refunds that settle from now on. Throws a RangeError for
   * a URL that WeChat would refuse as notify_url.
   */
  setRefundNotifyUrl(url: string | undefined): void {
    if (url !== undefined && !isNotifyUrl(url, this.#world.strict)) {
      throw new RangeError(`${url} is not a valid notify_url`)
    }
    this.#world.platform.refundNotifyUrl = url
  }
}
