/** The payer's phone: what a mini program and the WeChat client do, acted out on the simulator's control interface. */
import { CONTROL_ROOT } from '../../simulator/control/control.ts'
import { call, type Call, type OnExchange } from './http-call.ts'

/** What `/pay` answers; the first five are what wx.requestPayment takes. */
export type PayParams = {
  timeStamp: string
  nonceStr: string
  package: string
  signType: string
  paySign: string
}

export type Cashier = { out_trade_no: string; total_fee: number; body: string }
export type CashierAnswer = { ok: true; cashier: Cashier } | { ok: false; why: string }
export type PayAnswer = { ok: true; transaction_id: string } | { ok: false; why: string }

export type PayerClient = ReturnType<typeof payerClient>

export function payerClient(origins: { worker: string; wechat: string }, onExchange?: OnExchange) {
  const control = <T>(name: string, body: unknown): Promise<T> => {
    const given: Call = { method: 'POST', url: `${origins.wechat}${CONTROL_ROOT}${name}`, body }
    return call<T>(given, onExchange)
  }
  return {
    /** wx.login, of a user who was never here before. */
    login: () => control<{ code: string; openid: string }>('login', {}),

    /** The mini program's one request to the Worker. */
    requestPay(code: string, ordercode: string): Promise<PayParams> {
      const query = new URLSearchParams({ code, ordercode })
      return call<PayParams>({ method: 'GET', url: `${origins.worker}/pay?${query}` }, onExchange)
    },

    /** wx.requestPayment: checks paySign as the real client does, and opens the cashier. */
    openCashier: (openid: string, params: PayParams) =>
      control<CashierAnswer>('request-payment', { openid, params }),
    pay: (outTradeNo: string) => control<PayAnswer>('pay', { out_trade_no: outTradeNo }),
    cancel: (outTradeNo: string) =>
      control<{ err_msg: string }>('cancel', { out_trade_no: outTradeNo }),

    /** Swallows every notice of that order. */
    loseNotices: (outTradeNo: string) =>
      control<{ ok: true }>('lose-next-notice', { out_trade_no: outTradeNo }),
    /** Posts a notice now; `fields` are set before it is signed. */
    resendNotice: (outTradeNo: string, options: NoticeOptions = {}) =>
      control<{ replies: NoticeReply[] }>('resend-notice', {
        out_trade_no: outTradeNo,
        ...options,
      }),
    /** Puts WeChat's clock forward. */
    advance: (seconds: number) => control<{ now: number }>('advance', { seconds }),
  }
}

export type NoticeOptions = {
  copies?: number
  fields?: Readonly<Record<string, string>>
  /** Signs with this key: a forger's notice. */
  key?: string
}

export type NoticeReply = { outcome: string; status?: number; body: string | null }
