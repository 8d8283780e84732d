import { isNotifyUrl } from '../protocol/notify-url.ts'
import type { TradeState } from '../state/ledger.ts'
import {
  type RefundAccount,
  type SettledStatus,
  type SimulatedRefund,
  UNSETTLED_FUNDS,
} from '../state/refund.ts'
import type { World } from '../state/world.ts'
import { type PlatformRefundRequest, refundOnPlatform } from './platform-refund.ts'

/** The refund that the merchant platform accepted, or why WeChat refused it. */
export type RefundResult = { ok: true; refund: SimulatedRefund } | { ok: false; why: string }

/**
 * Changes orders and refunds without a call of the API, as the merchant does on the merchant platform, or WeChat does itself.
 */
export class Platform {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /**
   * Sets the state of an order. A paid order can only become SUCCESS or REFUND, an unpaid one can become neither; otherwise
   * throws a RangeError.
   */
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

  /** Makes a refund manually on the merchant platform. Its notice goes to the URL set by `setRefundNotifyUrl`. */
  refund(outTradeNo: string, request: PlatformRefundRequest): RefundResult {
    const result = refundOnPlatform(outTradeNo, request, this.#world)
    return 'level' in result
      ? { ok: false, why: `${result.errCode} ${result.errCodeDes}` }
      : { ok: true, refund: result }
  }

  /**
   * Settles a refund manually. PROCESSING can become any other status, CHANGE only SUCCESS; every other change throws a
   * RangeError. A notice is due immediately.
   */
  settleRefund(outRefundNo: string, status: SettledStatus): SimulatedRefund {
    return this.#world.refunds.settle(outRefundNo, status)
  }

  /** Stops refunds from becoming SUCCESS automatically, until `releaseRefunds`. */
  holdRefunds(): void {
    this.#world.refunds.hold(true)
    this.#world.record({ type: 'refunds_held' })
  }

  /** Ends `holdRefunds`. Refunds whose processing time has passed settle now, the other refunds when their time has passed. */
  releaseRefunds(): void {
    this.#world.refunds.hold(false)
    this.#world.record({ type: 'refunds_let_go' })
  }

  /**
   * Sets what the merchant can pay refunds from, in fen: the unsettled funds, or with `account` the available balance. `Infinity`,
   * the default of both, is always enough. Payments do not add to either.
   */
  setBalance(fen: number, account: RefundAccount = UNSETTLED_FUNDS): void {
    if (fen !== Infinity && (!Number.isSafeInteger(fen) || fen < 0)) {
      throw new RangeError(`a balance is a whole number of fen, not ${fen}`)
    }
    this.#world.refunds.balances[account] = fen
    this.#world.record({ type: 'balance_set', outcome: `${account}: ${fen} fen` })
  }

  /**
   * Binds one more mini program to the merchant number, or sets the AppSecret of a bound one. Its orders have its own appid;
   * users and login codes are the same in all of them. Throws a RangeError for an appid in another shape than WeChat's.
   */
  bindMiniProgram(appid: string, appSecret: string): void {
    if (!/^wx[0-9a-f]{16}$/.test(appid)) throw new RangeError(`${appid} is not an appid`)
    this.#world.platform.miniPrograms.set(appid, appSecret)
    this.#world.record({ type: 'mini_program_bound', outcome: appid })
  }

  /** Changes the API V2 key, with which WeChat signs and checks from now on. Throws a RangeError unless it has 32 characters. */
  setApiKey(apiKey: string): void {
    if (!/^[0-9A-Za-z]{32}$/.test(apiKey)) throw new RangeError('an API V2 key has 32 characters')
    this.#world.merchant.apiKey = apiKey
    this.#world.record({ type: 'api_key_changed' })
  }

  /**
   * Sets the URL for notices of refunds whose request has no notify_url. The URL applies to refunds that settle from now on;
   * `undefined` means no notice. Throws a RangeError for a URL that WeChat would refuse as notify_url.
   */
  setRefundNotifyUrl(url: string | undefined): void {
    if (url !== undefined && !isNotifyUrl(url, this.#world.strict)) {
      throw new RangeError(`${url} is not a valid notify_url`)
    }
    this.#world.platform.refundNotifyUrl = url
  }
}
