import { describe, expect, it } from 'vitest'
import { runSimulator } from '../../../testing/simulator/running-simulator.ts'
import { OUT_TRADE_NO, read, SUCCESS_REPLY } from '../../../testing/simulator/simulated-shop.ts'

describe('the control interface of payments', () => {
  it('lists its calls', async () => {
    const { json } = await (await runSimulator()).call('')

    expect(json['calls']).toMatchObject({
      'POST /_control/login': expect.stringContaining('wx.login'),
      'GET /_control/state': expect.any(String),
    })
  })

  it('loses and duplicates notices, and posts wrong ones', async () => {
    const { call, unifiedOrder, notices, simulator } = await runSimulator()
    await call('lose-next-notice', {})
    await unifiedOrder(simulator.payer.newOpenid())
    await call('pay', { out_trade_no: OUT_TRADE_NO })

    const { json } = await call('resend-notice', {
      out_trade_no: OUT_TRADE_NO,
      copies: 2,
      fields: { total_fee: 1, attach: null },
    })

    expect(json['replies']).toMatchObject([
      { outcome: 'delivered', status: 200, body: SUCCESS_REPLY },
      { outcome: 'delivered', status: 200, body: SUCCESS_REPLY },
    ])
    expect(notices.map((xml) => read(xml)['total_fee'])).toEqual(['1', '1'])
    await call('advance', { seconds: 15 })
    await call('deliver-notices', {})
    await expect
      .poll(() => simulator.notices.ofPayments.all()[0]?.attempts)
      .toMatchObject([{ outcome: 'lost' }, { outcome: 'lost' }])
    expect(notices).toHaveLength(2)
  })

  it.each([
    [true, 'HMAC-SHA256'],
    [false, undefined],
  ])('posts a notice with or without its sign_type: %s', async (withSignType, named) => {
    const { call, unifiedOrder, notices, simulator } = await runSimulator()
    await unifiedOrder(simulator.payer.newOpenid())

    await call('resend-notice', {
      out_trade_no: OUT_TRADE_NO,
      sign_type: 'HMAC-SHA256',
      with_sign_type: withSignType,
    })

    expect(notices.map((xml) => read(xml)['sign_type'])).toEqual([named])
  })

  it('binds one more mini program to the merchant', async () => {
    const { call, origin } = await runSimulator()
    const appid = 'wx00000000000000ff'
    await call('bind-mini-program', { appid, app_secret: 'another secret' })
    const { code, openid } = (await call('login', {})).json

    const login = new URL('/sns/jscode2session', origin)
    login.search = String(
      new URLSearchParams({
        appid,
        secret: 'another secret',
        js_code: String(code),
        grant_type: 'authorization_code',
      }),
    )

    expect(await (await fetch(login)).json()).toMatchObject({ openid })
  })

  it('shows its state, its orders and its history', async () => {
    const { call, unifiedOrder, simulator } = await runSimulator()
    await unifiedOrder(simulator.payer.newOpenid())
    await call('duplicate-next-notice', { copies: 2 })
    await call('cancel', { out_trade_no: OUT_TRADE_NO })
    await call('set-trade-state', { out_trade_no: OUT_TRADE_NO, state: 'PAYERROR' })
    await call('fault', { kind: 'err_code', err_code: 'NOTENOUGH', err_code_des: '余额不足' })

    expect((await call('state')).json).toMatchObject({
      captured_fen: 0,
      orders: 1,
      next_notice_due_at: null,
      faults_waiting: [{ kind: 'err_code', err_code: 'NOTENOUGH', err_code_des: '余额不足' }],
    })
    await call('clear-faults', {})
    expect((await call('orders')).json['orders']).toMatchObject([
      {
        out_trade_no: OUT_TRADE_NO,
        trade_state: 'PAYERROR',
        parameters: { trade_type: 'JSAPI' },
      },
    ])
    expect((await call('history')).json['history']).toMatchObject([
      { type: 'order_created' },
      { type: 'request', endpoint: 'unifiedorder' },
      { type: 'cancelled' },
      { type: 'trade_state_set', outcome: 'PAYERROR' },
      { type: 'fault_injected' },
      { type: 'faults_cleared' },
    ])
  })

  it.each<[string, unknown, number, string]>([
    ['nonsense', {}, 404, 'no call nonsense'],
    ['orders/none', undefined, 404, 'no order none'],
    ['pay', undefined, 405, 'pay does not take GET'],
    ['pay', {}, 400, 'out_trade_no is missing'],
    ['pay', { out_trade_no: 'none' }, 404, 'no order none'],
    ['pay', [], 400, 'the body is not a JSON object'],
    ['fault', { kind: 'meteor' }, 400, 'kind is unknown'],
    ['fault', { kind: 'login_busy', endpoint: 'orderquery' }, 400, 'cannot happen'],
    ['fault', { kind: 'err_code' }, 400, 'err_code is missing'],
    ['advance', { seconds: -1 }, 400, 'cannot advance'],
    ['resend-notice', { out_trade_no: 'none' }, 404, 'no order none'],
    ['advance', {}, 400, 'seconds is missing'],
    ['bind-mini-program', { appid: 'mine', app_secret: 'x' }, 400, 'mine is not an appid'],
    ['duplicate-next-notice', { copies: 1 }, 400, 'copies must be 2 or more'],
  ])('explains a mistake in %s %j', async (path, body, status, error) => {
    const answer = await (await runSimulator()).call(path, body)

    expect(answer.status).toBe(status)
    expect(answer.json['error']).toContain(error)
    expect(answer.json['hint']).toEqual(expect.any(String))
  })
})
