import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  example,
  installWx,
  PAYMENT,
  problem,
  result,
  SIGNED,
  TICKET,
} from '../../testing/examples/fake-wx.ts'

type Payment = {
  pay: (ordercode: string) => Promise<unknown>
  askResult: (ticket: string) => Promise<unknown>
  waitForResult: (
    ticket: string,
    options?: { isCalledOff?: () => boolean },
  ) => Promise<{ kind: string; result?: { state: string } }>
}
const { pay, askResult, waitForResult } = example('./lib/payment.js') as Payment

beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  vi.useRealTimers()
  Reflect.deleteProperty(globalThis, 'wx')
})

/** Lets the time of a promise pass. */
async function after<T>(promise: Promise<T>): Promise<T> {
  await vi.runAllTimersAsync()
  return promise
}

describe('pay', () => {
  it('logs in, has the payment signed, and gives the five parameters to the cashier as they are', async () => {
    const wx = installWx([SIGNED])

    expect(await pay('abc-001')).toEqual({ kind: 'confirming', ticket: TICKET })
    expect(wx.calls).toEqual([
      'POST /pay code-1 abc-001',
      `requestPayment ${Object.keys(PAYMENT).join(' ')}`,
    ])
  })

  it('takes "cancel" for the payer leaving the cashier', async () => {
    installWx([SIGNED], 'requestPayment:fail cancel')
    expect(await pay('abc-001')).toEqual({ kind: 'cancelled', ticket: TICKET })
  })

  it("passes the client's reason on when the cashier fails", async () => {
    installWx([SIGNED], 'requestPayment:fail 下单账号与支付账号不一致')
    expect(await pay('abc-001')).toEqual({
      kind: 'failed',
      ticket: TICKET,
      message: '下单账号与支付账号不一致',
    })
  })

  it('logs in again when the login code is refused, once', async () => {
    const wx = installWx([problem(401, 'login_invalid'), SIGNED])
    expect(await pay('abc-001')).toMatchObject({ kind: 'confirming' })
    expect(wx.calls[1]).toBe('POST /pay code-2 abc-001')

    const always = installWx([problem(401, 'login_invalid')])
    expect(await pay('abc-001')).toEqual({ kind: 'refused', code: 'login_invalid' })
    expect(always.calls).toHaveLength(2)
  })

  it('waits and tries again when the Worker asks for a short wait, and gives up after four tries', async () => {
    const wx = installWx([problem(409, 'order_busy', { retryAfter: 3 }), SIGNED])
    expect(await after(pay('abc-001'))).toMatchObject({ kind: 'confirming' })
    expect(wx.calls).toHaveLength(3)

    const always = installWx([problem(503, 'wechat_unavailable', { retryAfter: 3 })])
    expect(await after(pay('abc-001'))).toEqual({
      kind: 'refused',
      code: 'wechat_unavailable',
      retryAfterS: 3,
    })
    expect(always.calls).toHaveLength(4)
  })

  it('leaves a long wait to the payer', async () => {
    const wx = installWx([problem(429, 'too_many_requests', { retryAfter: 30 })])
    expect(await pay('abc-001')).toMatchObject({ code: 'too_many_requests', retryAfterS: 30 })
    expect(wx.calls).toHaveLength(1)
  })

  it("has WeChat's own words for a refusal", async () => {
    const wechat = { err_code: 'NOAUTH', err_code_des: '商户无此接口权限' }
    installWx([problem(502, 'wechat_refused', { wechat })])
    expect(await pay('abc-001')).toEqual({
      kind: 'refused',
      code: 'wechat_refused',
      words: '商户无此接口权限',
    })
  })

  it('is offline when nothing answers, also at login', async () => {
    const wx = installWx(['no answer'])
    expect(await pay('abc-001')).toEqual({ kind: 'offline' })
    wx.login = () => Promise.reject(new Error('login:fail'))
    expect(await pay('abc-001')).toEqual({ kind: 'offline' })
  })

  it('survives the page of a proxy in between', async () => {
    installWx([{ statusCode: 502, data: '<html>Bad Gateway</html>' }])
    expect(await pay('abc-001')).toEqual({ kind: 'refused', code: 'unexpected' })
  })
})

describe('the result', () => {
  it('is asked for until the order is paid', async () => {
    const wx = installWx([result('paying'), 'no answer', result('paying'), result('paid')])

    expect((await after(waitForResult(TICKET))).result?.state).toBe('paid')
    expect(wx.calls).toEqual(Array(4).fill(`GET /result ${TICKET}`))
  })

  it('is asked for about a minute, then the last answer stands', async () => {
    const wx = installWx([result('paying')])
    const began = Date.now()

    expect((await after(waitForResult(TICKET))).result?.state).toBe('paying')
    expect(wx.calls.length).toBeLessThan(20)
    expect(Date.now() - began).toBeGreaterThan(50_000)
    expect(Date.now() - began).toBeLessThan(70_000)
  })

  it.each(['closed', 'paid'])('is final when the order is %s', async (state) => {
    const wx = installWx([result(state)])
    await waitForResult(TICKET)
    expect(wx.calls).toHaveLength(1)
  })

  it('is not asked for any more when the page is closed, or the ticket over', async () => {
    const closed = installWx([result('paying')])
    await after(waitForResult(TICKET, { isCalledOff: () => true }))
    expect(closed.calls).toHaveLength(1)

    const over = installWx([problem(401, 'ticket_invalid')])
    expect(await after(waitForResult(TICKET))).toEqual({ kind: 'refused', code: 'ticket_invalid' })
    expect(over.calls).toHaveLength(1)
  })

  it('can be asked for once', async () => {
    installWx(['no answer'])
    expect(await askResult(TICKET)).toEqual({ kind: 'offline' })
  })
})
