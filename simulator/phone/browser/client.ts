/** The WeChat client of the virtual phone: the payer's login, the network, and the check before the cashier. */
import type { LessonName } from '../lessons.ts'
import { LESSONS } from '../lessons.ts'
import { type CashierView, type PaidAt, showCashier, showRefusal } from './cashier.ts'
import { control, post } from './server.ts'
import type { Switches } from './switches.ts'

/** What the mini program may ask of the client. */
export type Client = {
  login: () => Promise<{ code: string; errMsg: string }>
  request: (options: { url: string; method: string; data: object }) => Promise<object>
  requestPayment: (params: Record<string, unknown>) => Promise<{ errMsg: string }>
}
type Opened =
  | { ok: true; cashier: { out_trade_no: string; total_fee: number; body: string } }
  | { ok: false; err_msg: string; why: string }
type Login = { code: string; openid: string }

export function makeClient(switches: Switches, lesson: () => LessonName): Client {
  /** The payers: the phone's owner, and the one who comes second. Known after their first login. */
  const payers: { owner?: string; other?: string } = {}
  let orderIsPlaced = false

  const login = async (who: 'owner' | 'other'): Promise<Login> => {
    const openid = payers[who]
    const answer = await control<Login>('login', openid === undefined ? {} : { openid })
    payers[who] = answer.openid
    return answer
  }

  const request: Client['request'] = async ({ url, method, data }) => {
    const isOrder = url.endsWith('/orders')
    if (isOrder) orderIsPlaced = true
    else if (url.endsWith('/pay')) await switches.arm('pay')
    const more = isOrder && LESSONS[lesson()].hasSecondPayer === true ? { anyone: true } : {}
    const body = { url, method, data: { ...data, ...more } }
    const answer = await post<{ statusCode?: number; errMsg: string }>(
      '/_phone/request',
      body,
    ).catch(() => ({ errMsg: 'request:fail' }))
    if (!('statusCode' in answer)) throw { errMsg: answer.errMsg }
    return answer
  }

  /** The second phone of a lesson: it does what the first one did, without a screen. */
  const payAsOther = async ({ outTradeNo, workerPay }: PaidAt): Promise<void> => {
    const { code, openid } = await login('other')
    const [ordercode = ''] = outTradeNo.split('*')
    const data = { code, ordercode }
    type Signed = { statusCode: number; data: Record<string, unknown> }
    const { data: params } = await post<Signed>('/_phone/request', {
      url: workerPay,
      method: 'POST',
      data,
    })
    const opened = await control<Opened>('request-payment', { openid, params })
    if (opened.ok) await control('pay', { out_trade_no: opened.cashier.out_trade_no })
  }

  let workerPay = ''
  return {
    login: async () => {
      // The order belongs to the owner. Who pays it is decided at the login for /pay.
      const isOther = orderIsPlaced && switches.isOn('other_payer')
      const { code } = await login(isOther ? 'other' : 'owner')
      return { code, errMsg: 'login:ok' }
    },
    request: (options) => {
      if (options.url.endsWith('/pay')) workerPay = options.url
      return request(options)
    },
    requestPayment: async (given) => {
      const params = switches.take('paysign')
        ? { ...given, paySign: changed(given['paySign']) }
        : given
      const isOther = switches.take('other_payer')
      const openid = isOther ? payers.other : payers.owner
      const opened = await control<Opened>('request-payment', { openid, params })
      if (!opened.ok) {
        // The real client shows this dialog for a wrong paySign, then reports a cancellation.
        if (opened.why.startsWith('支付验证签名失败')) await showRefusal()
        throw { errMsg: opened.err_msg }
      }
      const { out_trade_no: outTradeNo, total_fee: totalFee, body } = opened.cashier
      const { hasSecondPayer, paysDespiteClose } = LESSONS[lesson()]
      const view: CashierView = {
        outTradeNo,
        totalFee,
        body,
        despiteClose: paysDespiteClose === true,
        beforePaying: () => switches.arm('cashier', outTradeNo),
        ...(hasSecondPayer === true
          ? { payAsOther: () => payAsOther({ outTradeNo, workerPay }) }
          : {}),
      }
      return showCashier(view)
    },
  }
}

/** The last character of a sign, replaced by another one. */
const changed = (sign: unknown): string => {
  const text = String(sign)
  return text.slice(0, -1) + (text.endsWith('0') ? '1' : '0')
}
