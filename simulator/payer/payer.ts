import type { SimulatedNotice } from '../notices/notice.ts'
import type { PaymentNotifier } from '../notices/payment-notifier.ts'
import type { World } from '../state/world.ts'
import { capturePayment, type PayOptions } from './cashier.ts'
import { type CashierResult, openCashier, type UncheckedParams } from './phone.ts'

/** The payment and its notice, or why the cashier refuses the payment. */
export type PaymentResult =
  { ok: true; transactionId: string; notice: SimulatedNotice } | { ok: false; why: string }

const textOf = (params: UncheckedParams): Record<string, string> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]))

/** The payer and the payer's phone: login, wx.requestPayment and the cashier. */
export class Payer {
  readonly #world: World
  readonly #notifier: PaymentNotifier

  constructor(world: World, notifier: PaymentNotifier) {
    this.#world = world
    this.#notifier = notifier
  }

  /** Registers a new user of the mini program, and returns the openid: 28 characters, beginning with `o`. */
  newOpenid(): string {
    return this.#world.users.newOpenid()
  }

  /** Makes an openid of another mini program. It has the right shape, but unifiedorder refuses it. */
  foreignOpenid(): string {
    return this.#world.users.foreignOpenid()
  }

  /**
   * wx.login() on the phone: returns a new login code, valid for five minutes and one exchange. With `blocked`, jscode2session
   * refuses the code.
   */
  login(openid: string, options: { blocked?: boolean } = {}): string {
    const { users, clock, record } = this.#world
    record({ type: 'login', outcome: openid })
    return users.issueCode(openid, clock.now(), options.blocked ?? false)
  }

  /**
   * wx.requestPayment on the phone: opens the cashier, or fails with the WeChat client's errMsg and, for tests, the true
   * reason.
   */
  requestPayment(openid: string, params: UncheckedParams): CashierResult {
    const result = openCashier(openid, params, this.#world)
    const outTradeNo = result.ok ? result.cashier.outTradeNo : result.outTradeNo
    this.#world.record({
      type: result.ok ? 'cashier_opened' : 'cashier_refused',
      ...(outTradeNo === undefined ? {} : { outTradeNo }),
      outcome: result.ok ? `${result.cashier.totalFee} fen` : result.why,
      fields: textOf(params),
    })
    return result
  }

  /** Pays an order at the cashier. WeChat records the payment, and its notice is due immediately. */
  pay(outTradeNo: string, options: PayOptions = {}): PaymentResult {
    const result = capturePayment(outTradeNo, options, this.#world)
    if (!result.ok) {
      this.#world.record({ type: 'pay_refused', outTradeNo, outcome: result.why })
      return result
    }
    const { transactionId, totalFee } = result.capture
    this.#world.record({ type: 'paid', outTradeNo, outcome: `${totalFee} fen, ${transactionId}` })
    return { ok: true, transactionId, notice: this.#notifier.notify(result.capture) }
  }

  /** The payer has too little money at the cashier. The order stays as it is, and the cashier stays open. */
  lackMoney(outTradeNo: string): { ok: false; why: string } {
    const why = '余额不足'
    this.#world.record({ type: 'pay_refused', outTradeNo, outcome: why })
    return { ok: false, why }
  }

  /** Leaves the cashier without paying, which changes nothing at WeChat. Returns the errMsg that the mini program gets. */
  cancel(outTradeNo: string): { errMsg: string } {
    this.#world.record({ type: 'cancelled', outTradeNo })
    return { errMsg: 'requestPayment:fail cancel' }
  }
}
