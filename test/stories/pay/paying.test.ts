import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { watchDatabase } from '../../../testing/d1/watched-database.ts'
import { world, type World } from '../../../testing/world.ts'

const count = (calls: readonly string[], path: string): number =>
  calls.filter((call) => call.endsWith(path)).length

/** What `/pay` answers: the status and the code of the problem, or `ok`. */
async function outcome(answer: Response): Promise<string> {
  const body = await answer.json<{ code?: string }>()
  return `${answer.status} ${body.code ?? 'ok'}`
}

const openAtWechat = (w: World): string[] =>
  w.wechat.books
    .orders()
    .filter(({ tradeState }) => tradeState === 'NOTPAY')
    .map(({ outTradeNo }) => outTradeNo)

describe('an order', () => {
  it('is paid and recorded', async () => {
    const w = world()
    const ordercode = await w.order('usual')
    const openid = w.wechat.payer.newOpenid()

    const answer = await w.pay(ordercode, openid)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    const sheet = await answer.json<Record<string, string>>()
    expect(Object.keys(sheet).sort()).toEqual(
      ['nonceStr', 'package', 'paySign', 'signType', 'ticket', 'timeStamp'].sort(),
    )
    expect(w.wechat.payer.requestPayment(openid, sheet as never)).toMatchObject({
      ok: true,
      cashier: { outTradeNo: ordercode, totalFee: 8_800 },
    })

    const paid = w.wechat.payer.pay(ordercode)
    await w.deliverNotices()

    expect(await w.read(ordercode)).toMatchObject({
      state: 'paid',
      transaction_id: paid.ok ? paid.transactionId : '',
      payments: [{ total_fee: 8_800 }],
    })
    expect(await w.history(ordercode)).toEqual([
      'order_registered',
      'attempt_opened',
      'payment_booked',
    ])
    expect(w.wechat.books.capturedFen()).toBe(8_800)
  })

  it('costs what the shop registered, whatever price the client names', async () => {
    const w = world()
    const ordercode = await w.order('price')
    const code = () => w.wechat.payer.login(w.wechat.payer.newOpenid())
    const named = { total_fee: 1, totalFee: 1, fee: '1', price: 1 }

    await w.fetch(`/pay?code=${code()}&ordercode=${ordercode}&total_fee=1&totalFee=1&fee=1&price=1`)
    await w.fetch('/pay', {
      method: 'POST',
      body: JSON.stringify({ code: code(), ordercode, ...named }),
    })

    const sent = w.wechat.books.orders().filter((each) => each.outTradeNo.startsWith(ordercode))
    expect(sent.map(({ totalFee }) => totalFee)).toEqual([8_800, 8_800])
  })

  it('is signed with HMAC-SHA256 when that is configured', async () => {
    const w = world({ vars: { WX_SIGN_TYPE: 'HMAC-SHA256' } })
    const ordercode = await w.order('hmac')
    const openid = w.wechat.payer.newOpenid()

    const sheet = await (await w.pay(ordercode, openid)).json<Record<string, string>>()

    expect(sheet['signType']).toBe('HMAC-SHA256')
    expect(w.wechat.payer.requestPayment(openid, sheet as never).ok).toBe(true)
  })

  it('reaches WeChat with every field as the shop stated it', async () => {
    const w = world()
    const detail = JSON.stringify({ goods_detail: [{ goods_id: 'g1', quantity: 1, price: 100 }] })
    const attach = 'a=1&b=<2> "中文" ]]> 0100'
    const stated = { attach, detail, goods_tag: 'WXG', limit_pay: 'no_credit', total_fee: 1 }
    const ordercode = await w.order('full', stated)

    expect((await w.pay(ordercode, w.wechat.payer.newOpenid())).status).toBe(200)
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()

    expect((await w.read(ordercode)).state).toBe('paid')
    expect(w.wechat.books.order(ordercode)).toMatchObject({ totalFee: 1 })
  })
})

describe('the budget of /pay', () => {
  it('is two calls to WeChat and three round trips to D1 the first time', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('budget')
    watched.reset()
    w.calls.length = 0

    await w.pay(ordercode, w.wechat.payer.newOpenid())

    expect(watched.roundTrips()).toBe(3)
    expect(w.calls).toHaveLength(2)
  })

  it('is one call and two round trips when the payer returns', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('again')
    const openid = w.wechat.payer.newOpenid()
    await w.pay(ordercode, openid)
    watched.reset()
    w.calls.length = 0

    await w.pay(ordercode, openid)

    expect(watched.roundTrips()).toBe(2)
    expect(w.calls).toEqual(['api.weixin.qq.com/sns/jscode2session'])
  })

  it('is no call when the same request is repeated', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('repeat')
    const openid = w.wechat.payer.newOpenid()
    const code = w.wechat.payer.login(openid)
    const first = await (await w.pay(ordercode, openid, code)).json<{ package: string }>()
    watched.reset()
    w.calls.length = 0

    const second = await (await w.pay(ordercode, openid, code)).json<{ package: string }>()

    expect(second.package).toBe(first.package)
    expect(watched.roundTrips()).toBe(1)
    expect(w.calls).toEqual([])
  })

  it('allows 18 written rows for a whole paid order with its webhook', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('rows')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    await w.settled()

    expect(w.receiver.types()).toEqual(['order.paid'])
    expect(watched.rowsWritten()).toBeLessThanOrEqual(18)
  })
})

describe('a second request to pay', () => {
  it('by the same payer from another address gets the same prepay_id', async () => {
    const w = world()
    const ordercode = await w.order('moved')
    const openid = w.wechat.payer.newOpenid()
    const first = await (await w.pay(ordercode, openid)).json<{ package: string }>()

    const code = w.wechat.payer.login(openid)
    const second = await w.fetch(`/pay?code=${code}&ordercode=${ordercode}`, {
      headers: { 'cf-connecting-ip': '2001:db8::7' },
    })

    expect((await second.json<{ package: string }>()).package).toBe(first.package)
  })

  it('sends the identical parameters again when the prepay_id is too old', async () => {
    const w = world()
    const ordercode = await w.order('old', { expires_in: 40_000 })
    const openid = w.wechat.payer.newOpenid()
    const first = await (await w.pay(ordercode, openid)).json<{ package: string }>()
    w.advance(2 * 3_600)

    const answer = await w.fetch(
      `/pay?code=${w.wechat.payer.login(openid)}&ordercode=${ordercode}`,
      {
        headers: { 'cf-connecting-ip': '203.0.113.9' },
      },
    )

    const second = await answer.json<{ package: string }>()
    expect(second.package).not.toBe(first.package)
    expect(w.wechat.payer.requestPayment(openid, second as never)).toMatchObject({ ok: true })
    expect((await w.read(ordercode)).attempts).toHaveLength(1)
  })

  it('uses the same out_trade_no after the reply to unifiedorder was lost', async () => {
    const w = world()
    const ordercode = await w.order('lost')
    const openid = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'reply_lost', times: 2 })
    expect(await outcome(await w.pay(ordercode, openid))).toBe('503 wechat_unavailable')

    const answer = await w.pay(ordercode, openid)

    expect(answer.status).toBe(200)
    expect((await w.read(ordercode)).attempts).toHaveLength(1)
    expect(w.wechat.books.orders()).toHaveLength(1)
  })

  it('uses the same out_trade_no after the prepay_id could not be stored', async () => {
    const watched = watchDatabase(env.DB)
    const w = world({ wrapDb: () => watched.db })
    const ordercode = await w.order('unsaved')
    const openid = w.wechat.payer.newOpenid()
    watched.fail('before_commit', { matching: /SET answered_at/, times: 3 })
    expect(await outcome(await w.pay(ordercode, openid))).toBe('503 store_unavailable')

    expect((await w.pay(ordercode, openid)).status).toBe(200)
    expect(w.wechat.books.orders()).toHaveLength(1)
  })

  it('leaves one attempt when it is concurrent with the first', async () => {
    const w = world()
    const ordercode = await w.order('twice')
    const openid = w.wechat.payer.newOpenid()

    const answers = await Promise.all([1, 2, 3, 4].map(() => w.pay(ordercode, openid)))

    for (const answer of answers) expect([200, 409]).toContain(answer.status)
    expect(answers.some(({ status }) => status === 200)).toBe(true)
    expect(w.wechat.books.orders()).toHaveLength(1)
  })

  it('by another payer closes the first attempt at WeChat before it opens a new one', async () => {
    const w = world()
    const ordercode = await w.order('takeover')
    const [one, two] = [w.wechat.payer.newOpenid(), w.wechat.payer.newOpenid()]
    const first = await (await w.pay(ordercode, one)).json<Record<string, string>>()

    const second = await w.pay(ordercode, two)

    expect(second.status).toBe(200)
    expect(openAtWechat(w)).toEqual([`${ordercode}*2`])
    expect(w.wechat.payer.requestPayment(one, first as never).ok).toBe(false)
    expect((await w.read(ordercode)).attempts).toMatchObject([
      { out_trade_no: ordercode, state: 'closed', openid: one },
      { out_trade_no: `${ordercode}*2`, state: 'open', openid: two },
    ])
  })

  it('by another payer finds the payment that the first payer made', async () => {
    const w = world()
    const ordercode = await w.order('beaten')
    await w.pay(ordercode, w.wechat.payer.newOpenid())
    w.wechat.payer.pay(ordercode)

    expect(await outcome(await w.pay(ordercode, w.wechat.payer.newOpenid()))).toBe(
      '409 order_closed',
    )
    expect((await w.read(ordercode)).state).toBe('paid')
  })

  it('by another payer gets order_busy while the first call may be in flight', async () => {
    const w = world()
    const ordercode = await w.order('inflight')
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'request_lost', times: 2 })
    await w.pay(ordercode, w.wechat.payer.newOpenid())

    const early = await w.pay(ordercode, w.wechat.payer.newOpenid())
    expect(early.headers.get('retry-after')).not.toBeNull()
    expect(await outcome(early)).toBe('409 order_busy')

    w.advance(61)
    expect((await w.pay(ordercode, w.wechat.payer.newOpenid())).status).toBe(200)
    expect(openAtWechat(w)).toEqual([`${ordercode}*2`])
  })

  it('by other payers concurrently leaves at most one attempt open at WeChat', async () => {
    const w = world()
    const ordercode = await w.order('crowd')
    await w.pay(ordercode, w.wechat.payer.newOpenid())

    await Promise.all([1, 2, 3].map(() => w.pay(ordercode, w.wechat.payer.newOpenid())))

    expect(openAtWechat(w).length).toBeLessThanOrEqual(1)
    const live = (await w.read(ordercode)).attempts.filter(({ state }) => state === 'open')
    expect(live.map(({ out_trade_no }) => out_trade_no)).toEqual(openAtWechat(w))
  })

  it('in the last minutes gets five minutes at WeChat, and the expiry moves once', async () => {
    const w = world()
    const ordercode = await w.order('late', { expires_in: 300 })
    const before = Date.parse((await w.read(ordercode)).expires_at)
    w.advance(200)

    expect((await w.pay(ordercode, w.wechat.payer.newOpenid())).status).toBe(200)
    const moved = Date.parse((await w.read(ordercode)).expires_at)
    expect(moved - w.now()).toBeGreaterThanOrEqual(300_000)
    expect(moved).toBeGreaterThan(before)

    // Another payer gets no attempt: too little time is left. The first payer keeps the own one.
    w.advance(60)
    expect(await outcome(await w.pay(ordercode, w.wechat.payer.newOpenid()))).toBe('409 order_busy')
    expect(Date.parse((await w.read(ordercode)).expires_at)).toBe(moved)
    expect(openAtWechat(w)).toEqual([ordercode])
  })

  it('gets order_paid when the order is paid during the login', async () => {
    const w = world()
    const ordercode = await w.order('login')
    const openid = w.wechat.payer.newOpenid()
    await w.pay(ordercode, openid)
    let open = () => {}
    w.holds.set('/sns/jscode2session', new Promise<void>((resolve) => (open = resolve)))
    const slow = w.pay(ordercode, openid)
    w.wechat.payer.pay(ordercode)
    await w.deliverNotices()
    open()
    expect(await (await slow).json()).toMatchObject({ code: 'order_paid' })
  })

  it('by two payers in turns does not use up the attempts of the order', async () => {
    const w = world()
    const ordercode = await w.order('tapping')
    const payers = [w.wechat.payer.newOpenid(), w.wechat.payer.newOpenid()]
    for (let tap = 0; tap < 40; tap++) {
      await w.pay(ordercode, payers[tap % 2] ?? '')
      w.advance(1)
    }
    expect((await w.read(ordercode)).attempts).toHaveLength(5)
    // The fifth number is the first payer's. The other one gets the next number when an equal part of the time has passed.
    expect((await w.pay(ordercode, payers[0] ?? '')).status).toBe(200)
    expect(await outcome(await w.pay(ordercode, payers[1] ?? ''))).toBe('409 order_busy')
    w.advance(7_200 / 16)
    expect((await w.pay(ordercode, payers[1] ?? '')).status).toBe(200)
  })
})

describe('/pay answers', () => {
  it('login_invalid to a code that is wrong, expired, or was used for another order', async () => {
    const w = world()
    const [ordercode, other] = [await w.order('code-a'), await w.order('code-b')]
    const openid = w.wechat.payer.newOpenid()
    expect(await outcome(await w.pay(ordercode, openid, 'nonsense'))).toBe('401 login_invalid')

    const expired = w.wechat.payer.login(openid)
    w.advance(301)
    expect(await outcome(await w.pay(ordercode, openid, expired))).toBe('401 login_invalid')

    const used = w.wechat.payer.login(openid)
    await w.pay(other, openid, used)
    expect(await outcome(await w.pay(ordercode, openid, used))).toBe('401 login_invalid')
  })

  it('login_invalid to what cannot be a login code, without a call to WeChat', async () => {
    const w = world()
    const ordercode = await w.order('implausible')
    const codes = ['the code is a mock one', 'a code', '代码', ' ', 'x'.repeat(129), 'undefined\n']
    for (const code of codes) {
      const query = new URLSearchParams({ code, ordercode }).toString()
      const body = JSON.stringify({ code, ordercode })
      for (const answer of [
        await w.fetch(`/pay?${query}`),
        await w.fetch('/pay', { method: 'POST', body }),
      ]) {
        expect(answer.status).toBe(401)
        const problem = await answer.json<{ code: string; detail: string }>()
        expect(problem.code).toBe('login_invalid')
        expect(problem.detail.includes('DevTools')).toBe(code === codes[0])
      }
    }
    expect(w.calls).toEqual([])
    for (const query of [`ordercode=${ordercode}`, `code=&ordercode=${ordercode}`, 'code=0a1b']) {
      expect(await outcome(await w.fetch(`/pay?${query}`))).toBe('400 invalid_request')
    }
  })

  it('login_blocked to a user whom WeChat blocks', async () => {
    const w = world()
    const ordercode = await w.order('blocked')
    w.wechat.faults.inject({ endpoint: 'jscode2session', kind: 'login_blocked' })
    expect(await outcome(await w.pay(ordercode, w.wechat.payer.newOpenid()))).toBe(
      '403 login_blocked',
    )
  })

  it('not_your_order when the order belongs to another payer', async () => {
    const w = world()
    const mine = w.wechat.payer.newOpenid()
    const ordercode = await w.order('mine', { openid: mine })
    const answer = await w.pay(ordercode, w.wechat.payer.newOpenid())
    expect(await outcome(answer)).toBe('403 not_your_order')
    expect((await w.pay(ordercode, mine)).status).toBe(200)
  })

  it('order_not_found about an order that was never registered, but only after the login', async () => {
    const w = world()
    const openid = w.wechat.payer.newOpenid()
    expect(await outcome(await w.pay('never-registered', openid))).toBe('404 order_not_found')
    expect(await outcome(await w.pay('never-registered', openid, 'nonsense'))).toBe(
      '401 login_invalid',
    )
  })

  it('order_paid about a paid order, also when only WeChat knows the payment', async () => {
    const w = world()
    const ordercode = await w.order('paid')
    const openid = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'reply_lost', times: 2 })
    await w.pay(ordercode, openid)
    w.wechat.payer.pay(ordercode)

    expect(await outcome(await w.pay(ordercode, openid))).toBe('409 order_paid')
    expect((await w.read(ordercode)).state).toBe('paid')
    expect(await outcome(await w.pay(ordercode, openid))).toBe('409 order_paid')
  })

  it('order_closed about a closed or expired order', async () => {
    const w = world()
    const [closed, expired] = [await w.order('closed'), await w.order('expired')]
    await w.shop('POST', `/orders/${closed}/close`)
    expect(await outcome(await w.pay(closed, w.wechat.payer.newOpenid()))).toBe('409 order_closed')

    w.advance(7_200)
    expect(await outcome(await w.pay(expired, w.wechat.payer.newOpenid()))).toBe('409 order_closed')
    expect((await w.read(expired)).state).toBe('closed')
  })

  it('too_many_requests when WeChat limits the rate', async () => {
    const w = world()
    const ordercode = await w.order('limits')
    const openid = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({ endpoint: 'jscode2session', kind: 'login_limit' })
    const first = await w.pay(ordercode, openid)
    expect(first.headers.get('retry-after')).not.toBeNull()
    expect(await outcome(first)).toBe('429 too_many_requests')

    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'frequency_limited' })
    expect(await outcome(await w.pay(ordercode, openid))).toBe('429 too_many_requests')
    expect((await w.pay(ordercode, openid)).status).toBe(200)
  })

  it('wechat_refused with the err_code of WeChat, and uses a new number for the next request', async () => {
    const w = world()
    const ordercode = await w.order('refused')
    const openid = w.wechat.payer.newOpenid()
    const refusal = { kind: 'err_code', errCode: 'PARAM_ERROR', errCodeDes: '参数错误' } as const
    w.wechat.faults.inject({ endpoint: 'unifiedorder', ...refusal, times: 2 })

    const answer = await w.pay(ordercode, openid)
    expect(answer.status).toBe(502)
    expect(await answer.json()).toMatchObject({
      code: 'wechat_refused',
      wechat: { err_code: 'PARAM_ERROR', err_code_des: '参数错误' },
    })
    expect((await w.pay(ordercode, openid)).status).toBe(200)
    expect(openAtWechat(w)).toEqual([`${ordercode}*2`])
  })

  it('with the next number when WeChat has the number with other parameters', async () => {
    const w = world()
    const ordercode = await w.order('used')
    const openid = w.wechat.payer.newOpenid()
    w.wechat.faults.inject({
      endpoint: 'unifiedorder',
      kind: 'err_code',
      errCode: 'INVALID_REQUEST',
      errCodeDes: '201 商户订单号重复',
    })

    expect((await w.pay(ordercode, openid)).status).toBe(200)
    expect((await w.read(ordercode)).attempts.map(({ state }) => state)).toEqual(['closed', 'open'])
  })

  it('with the next number when WeChat closed the order without our request', async () => {
    const w = world()
    const ordercode = await w.order('behind', { expires_in: 40_000 })
    const openid = w.wechat.payer.newOpenid()
    await w.pay(ordercode, openid)
    w.wechat.platform.setTradeState(ordercode, 'CLOSED')
    w.advance(2 * 3_600)

    expect((await w.pay(ordercode, openid)).status).toBe(200)
    expect(openAtWechat(w)).toEqual([`${ordercode}*2`])
  })

  it('wechat_unavailable when WeChat is down, slow or unreadable, and another request is safe', async () => {
    const w = world()
    const openid = w.wechat.payer.newOpenid()
    const kinds = [
      'request_lost',
      'reply_lost',
      'stall_before',
      'stall_after',
      'http_500',
      'http_502_after',
      'system_error',
      'wrong_sign',
      'missing_sign',
      'other_appid',
      'other_mch_id',
      'truncated_xml',
    ] as const
    for (const kind of kinds) {
      const ordercode = await w.order(`down-${kind.replaceAll('_', '-')}`)
      w.wechat.faults.inject({ endpoint: 'unifiedorder', kind, times: 2 })
      const answer = await w.pay(ordercode, openid)
      expect(answer.headers.get('retry-after')).not.toBeNull()
      expect(`${kind} ${await outcome(answer)}`).toBe(`${kind} 503 wechat_unavailable`)
      const reason = kind === 'system_error' ? 'ask_again' : 'unknown'
      expect(w.log.at(-1)).toMatchObject({ event: 'unifiedorder_not_prepared', reason })
      w.wechat.faults.clear()
      expect(`${kind} ${(await w.pay(ordercode, openid)).status}`).toBe(`${kind} 200`)
      expect((await w.read(ordercode)).attempts).toHaveLength(1)
    }
  })

  it('successfully when WeChat fails once, since the call is repeated', async () => {
    const w = world()
    const openid = w.wechat.payer.newOpenid()
    for (const kind of ['system_error', 'request_lost', 'reply_lost'] as const) {
      const ordercode = await w.order(`once-${kind.replaceAll('_', '-')}`)
      w.wechat.faults.inject({ endpoint: 'unifiedorder', kind })
      expect((await w.pay(ordercode, openid)).status).toBe(200)
    }
    expect(count(w.calls, 'api2.mch.weixin.qq.com/pay/unifiedorder')).toBe(2)
  })

  it('wechat_unavailable when the login gets no answer, and sends no second login', async () => {
    const w = world()
    const ordercode = await w.order('nologin')
    w.wechat.faults.inject({ endpoint: 'jscode2session', kind: 'reply_lost' })
    expect(await outcome(await w.pay(ordercode, w.wechat.payer.newOpenid()))).toBe(
      '503 wechat_unavailable',
    )
    expect(count(w.calls, '/sns/jscode2session')).toBe(1)
  })

  it('misconfigured when our key is wrong or the product is not enabled, and uses up no number', async () => {
    const wrongKey = world({ vars: { WX_API_KEY: 'y'.repeat(32) } })
    const ordercode = await wrongKey.order('wrongkey')
    const openid = wrongKey.wechat.payer.newOpenid()
    for (let times = 0; times < 3; times++) {
      expect(await outcome(await wrongKey.pay(ordercode, openid))).toBe('500 misconfigured')
    }
    expect((await wrongKey.read(ordercode)).attempts).toHaveLength(1)

    const w = world()
    const other = await w.order('noauth')
    w.wechat.faults.inject({ endpoint: 'unifiedorder', kind: 'not_auth' })
    expect(await outcome(await w.pay(other, openid))).toBe('500 misconfigured')
    expect((await w.pay(other, openid)).status).toBe(200)
  })

  it('without any secret, key or exception text', async () => {
    const w = world({ vars: { WX_API_KEY: 'y'.repeat(32) } })
    const ordercode = await w.order('silent')
    const text = await (await w.pay(ordercode, w.wechat.payer.newOpenid())).text()
    expect(text).not.toMatch(/yyyy|0000000000|Error|stack/)
    expect(JSON.stringify(w.log)).not.toMatch(/yyyy|0000000000000/)
  })
})
