/** A `wx` for tests of the example mini program: answers are listed in advance, calls are kept. */
import { createRequire } from 'node:module'
import { join } from 'node:path'

type Reply = { statusCode: number; data: unknown; header?: Record<string, string> } | 'no answer'
type RequestOptions = {
  method: string
  url: string
  data: Record<string, string>
  success: (reply: Exclude<Reply, 'no answer'>) => void
  fail: (error: { errMsg: string }) => void
}

export const PAYMENT = {
  timeStamp: '1490840662',
  nonceStr: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
  package: 'prepay_id=wx1',
  signType: 'MD5',
  paySign: 'AB12',
}
export const TICKET = 'ticket-1'
export const SIGNED: Reply = { statusCode: 200, data: { ...PAYMENT, ticket: TICKET } }

/** An error of the Worker, as it answers one. */
export const problem = (
  statusCode: number,
  code: string,
  more: { retryAfter?: number; wechat?: object } = {},
): Reply => ({
  statusCode,
  data: { code, ...(more.wechat === undefined ? {} : { wechat: more.wechat }) },
  ...(more.retryAfter === undefined ? {} : { header: { 'Retry-After': `${more.retryAfter}` } }),
})

export const result = (state: string): Reply => ({
  statusCode: 200,
  data: { ordercode: 'abc-001', state, total_fee: 8_800, paid_at: null },
})

/** Installs a `wx` that answers requests with `replies`, one after the other, the last one for ever. */
export function installWx(replies: readonly Reply[], cashier = 'requestPayment:ok') {
  const left = [...replies]
  const calls: string[] = []
  let logins = 0
  const wx = {
    calls,
    language: 'zh_CN',
    getAppBaseInfo: () => ({ language: wx.language }),
    login: () => {
      logins += 1
      return Promise.resolve({ code: `code-${logins}`, errMsg: 'login:ok' })
    },
    request: ({ method, url, data, success, fail }: RequestOptions) => {
      calls.push(`${method} ${new URL(url).pathname} ${Object.values(data).join(' ')}`)
      const reply = (left.length > 1 ? left.shift() : left[0]) ?? 'no answer'
      if (reply === 'no answer') fail({ errMsg: 'request:fail' })
      else success(reply)
    },
    requestPayment: (params: object) => {
      calls.push(`requestPayment ${Object.keys(params).join(' ')}`)
      const errMsg = cashier
      return errMsg === 'requestPayment:ok'
        ? Promise.resolve({ errMsg })
        : Promise.reject({ errMsg })
    },
  }
  Object.assign(globalThis, { wx })
  return wx
}

/** Loads a module of the example as the mini program does: by `require`. */
export const example = createRequire(join(import.meta.dirname, '../../examples/miniprogram/app.js'))
