/** Plays the payer's phone, with the mini program and the WeChat client, through the simulator's control interface. */
import { CONTROL_ROOT } from '../../simulator/control/control.ts'
import { call, type Call, type OnExchange } from './http-call.ts'

/** The fields of the answer to `/pay` that the mini program passes to wx.requestPayment. */
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

/** The payer's phone, made by {@link payerClient}. */
export type PayerClient = ReturnType<typeof payerClient>

/**
 * Creates the payer's phone.
 *
 * @param origins Addresses of the Worker and of the simulated WeChat.
 * @param onExchange Called after every request and its answer, for a transcript.
 */
export function payerClient(origins: { worker: string; wechat: string }, onExchange?: OnExchange) {
  const control = <T>(name: string, body: unknown): Promise<T> => {
    const given: Call = { method: 'POST', url: `${origins.wechat}${CONTROL_ROOT}${name}`, body }
    return call<T>(given, onExchange)
  }
  return {
    /** wx.login: returns a login code, which works once. Without an openid it creates a new user. */
    login: (openid?: string) => control<{ code: string; openid: string }>('login', { openid }),

    /** `GET /pay`: the mini program's request to the Worker. */
    requestPay(code: string, ordercode: string): Promise<PayParams> {
      const query = new URLSearchParams({ code, ordercode })
      return call<PayParams>({ method: 'GET', url: `${origins.worker}/pay?${query}` }, onExchange)
    },

    /** wx.requestPayment: verifies paySign as the real WeChat client does, and opens the cashier. */
    openCashier: (openid: string, params: PayParams) =>
      control<CashierAnswer>('request-payment', { openid, params }),
    /** Pays the attempt at the open cashier. */
    pay: (outTradeNo: string) => control<PayAnswer>('pay', { out_trade_no: outTradeNo }),
    /** Leaves the cashier without paying. */
    cancel: (outTradeNo: string) =>
      control<{ err_msg: string }>('cancel', { out_trade_no: outTradeNo }),

    /** Makes WeChat lose every later notice about the attempt. */
    loseNotices: (outTradeNo: string) =>
      control<{ ok: true }>('lose-next-notice', { out_trade_no: outTradeNo }),
    /** Makes WeChat post a notice about the attempt to the Worker immediately. */
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
  /** How many copies of the notice are sent concurrently; default 1. */
  copies?: number
  /** Fields of the notice to replace before it is signed. */
  fields?: Readonly<Record<string, string>>
  /** The key that signs the notice instead of the merchant's API key, as a forger would do. */
  key?: string
}

/** The Worker's answer to one posted notice. */
export type NoticeReply = { outcome: string; status?: number; body: string | null }
