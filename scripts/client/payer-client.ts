/** The payer's phone: plays the mini program and the WeChat client through the simulator's control interface. */
import { CONTROL_ROOT } from '../../simulator/control/control.ts'
import { call, type Call, type OnExchange } from './http-call.ts'

/** The part of `/pay`'s answer that wx.requestPayment takes. */
export type PayParams = {
  timeStamp: string
  nonceStr: string
  package: string
  signType: string
  paySign: string
}

/** What the payer sees at the cashier. */
export type Cashier = { out_trade_no: string; total_fee: number; body: string }
/** The outcome of wx.requestPayment; `why` is the error that the phone shows. */
export type CashierAnswer = { ok: true; cashier: Cashier } | { ok: false; why: string }
/** The outcome of paying at the cashier. */
export type PayAnswer = { ok: true; transaction_id: string } | { ok: false; why: string }

/** See {@link payerClient}. */
export type PayerClient = ReturnType<typeof payerClient>

/**
 * @param origins Addresses of the Worker and of the simulated WeChat.
 * @param onExchange Called after every exchange, for a transcript.
 */
export function payerClient(origins: { worker: string; wechat: string }, onExchange?: OnExchange) {
  const control = <T>(name: string, body: unknown): Promise<T> => {
    const given: Call = { method: 'POST', url: `${origins.wechat}${CONTROL_ROOT}${name}`, body }
    return call<T>(given, onExchange)
  }
  return {
    /** wx.login of a new user. The code works once. */
    login: () => control<{ code: string; openid: string }>('login', {}),

    /** `GET /pay`: the mini program's request to the Worker. */
    requestPay(code: string, ordercode: string): Promise<PayParams> {
      const query = new URLSearchParams({ code, ordercode })
      return call<PayParams>({ method: 'GET', url: `${origins.worker}/pay?${query}` }, onExchange)
    },

    /** wx.requestPayment: verifies paySign as the real WeChat client does, and opens the cashier. */
    openCashier: (openid: string, params: PayParams) =>
      control<CashierAnswer>('request-payment', { openid, params }),
    /** Pays at the open cashier. */
    pay: (outTradeNo: string) => control<PayAnswer>('pay', { out_trade_no: outTradeNo }),
    /** Leaves the cashier without paying. */
    cancel: (outTradeNo: string) =>
      control<{ err_msg: string }>('cancel', { out_trade_no: outTradeNo }),

    /** Every notice about that number is lost from now on. */
    loseNotices: (outTradeNo: string) =>
      control<{ ok: true }>('lose-next-notice', { out_trade_no: outTradeNo }),
    /** WeChat posts a notice about that number to the Worker now. */
    resendNotice: (outTradeNo: string, options: NoticeOptions = {}) =>
      control<{ replies: NoticeReply[] }>('resend-notice', {
        out_trade_no: outTradeNo,
        ...options,
      }),
    /** Moves the simulated WeChat's clock forward. */
    advance: (seconds: number) => control<{ now: number }>('advance', { seconds }),
  }
}

/** How a resent notice differs from the genuine one. */
export type NoticeOptions = {
  /** How many are sent concurrently; default 1. */
  copies?: number
  /** Fields that are replaced before the notice is signed. */
  fields?: Readonly<Record<string, string>>
  /** Signs with this key instead of the merchant's, as a forger would. */
  key?: string
}

/** The Worker's answer to one posted notice. */
export type NoticeReply = { outcome: string; status?: number; body: string | null }
