import { describe, expect, it } from 'vitest'
import { sign } from '../../../simulator/lib/sign.ts'
import { DEMO_MERCHANT } from '../../../simulator/server/demo-merchant.ts'
import { start } from '../../../simulator/server/start.ts'
import { runSimulator } from '../../../testing/simulator/running-simulator.ts'
import { OUT_TRADE_NO, read } from '../../../testing/simulator/simulated-shop.ts'

describe('the simulator over HTTP', () => {
  it('serves a payer from the login to a paid order, and notifies the shop automatically', async () => {
    const { call, origin, unifiedOrder, notices, simulator } = await runSimulator()
    const { code, openid } = (await call('login', {})).json
    const login = new URL('/sns/jscode2session', origin)
    login.search = String(
      new URLSearchParams({
        appid: DEMO_MERCHANT.appid,
        secret: DEMO_MERCHANT.appSecret,
        js_code: String(code),
        grant_type: 'authorization_code',
      }),
    )
    expect(await (await fetch(login)).json()).toMatchObject({ openid })

    const { prepay_id: prepayId } = await unifiedOrder(String(openid))
    const params = {
      timeStamp: '1704135845',
      nonceStr: 'n',
      package: `prepay_id=${prepayId}`,
      signType: 'MD5',
    }
    const paySign = sign({ appId: DEMO_MERCHANT.appid, ...params }, DEMO_MERCHANT.apiKey, 'MD5')
    expect(
      (await call('request-payment', { openid, params: { ...params, paySign } })).json,
    ).toMatchObject({ ok: true, cashier: { out_trade_no: OUT_TRADE_NO, total_fee: 100 } })
    expect((await call('pay', { out_trade_no: OUT_TRADE_NO })).json).toMatchObject({ ok: true })

    await expect.poll(() => notices.length, { timeout: 2_000 }).toBe(1)
    expect(read(notices[0] ?? '')).toMatchObject({ out_trade_no: OUT_TRADE_NO, total_fee: '100' })
    expect(simulator.books.capturedFen()).toBe(100)
    await expect
      .poll(async () => (await call(`orders/${OUT_TRADE_NO}`)).json)
      .toMatchObject({
        trade_state: 'SUCCESS',
        total_fee: 100,
        notices: [{ state: 'delivered', attempts: [{ outcome: 'delivered', status: 200 }] }],
      })
  })

  it('never answers a stalled request, and drops the connection of a lost one', async () => {
    const { call, unifiedOrder, simulator } = await runSimulator()
    const openid = simulator.payer.newOpenid()
    await call('fault', { endpoint: 'unifiedorder', kind: 'stall_after' })
    await call('fault', { endpoint: 'unifiedorder', kind: 'reply_lost' })

    await expect(unifiedOrder(openid, AbortSignal.timeout(50))).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    await expect(unifiedOrder(openid)).rejects.toThrow('fetch failed')
    expect(await unifiedOrder(openid)).toMatchObject({ result_code: 'SUCCESS' })
  })

  it('acts on a request that arrives late, long after its client has given up', async () => {
    const { call, unifiedOrder, simulator } = await runSimulator()
    const openid = simulator.payer.newOpenid()
    await call('fault', { endpoint: 'unifiedorder', kind: 'arrives_late' })
    await expect(unifiedOrder(openid, AbortSignal.timeout(200))).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    expect((await call('orders')).json).toEqual({ orders: [] })

    expect((await call('deliver-late-requests', {})).json).toEqual({ arrived: 1 })

    expect((await call('orders')).json).toMatchObject({
      orders: [{ out_trade_no: OUT_TRADE_NO, trade_state: 'NOTPAY' }],
    })
  })

  it('ends immediately when it is closed, even while a request is waiting', async () => {
    const { call, unifiedOrder, simulator, close } = await runSimulator()
    await call('fault', { kind: 'stall_before' })
    const waiting = expect(unifiedOrder(simulator.payer.newOpenid())).rejects.toThrow(
      'fetch failed',
    )
    await expect.poll(() => simulator.faults.waiting()).toEqual([])

    await close()

    await waiting
  })

  it('explains what to do when its port is taken', async () => {
    const { origin } = await runSimulator()
    const port = Number(new URL(origin).port)

    await expect(start({ port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is already in use: choose another one with --port, for example --port ${port + 10}.`,
    )
    await expect(start({ securePort: port })).rejects.toThrow(
      `Port ${port} on 127.0.0.1 is already in use: choose another one with --secure-port, for example --secure-port ${port + 10}.`,
    )
  })

  it('logs a line for every request', async () => {
    const lines: string[] = []
    const { unifiedOrder, call, simulator } = await runSimulator({
      log: (line) => lines.push(line),
    })

    await unifiedOrder(simulator.payer.newOpenid())
    await call('state')

    expect(lines).toContainEqual(
      expect.stringMatching(/request unifiedorder T20240102030405_0001 → SUCCESS wx/),
    )
    expect(lines).toContain('GET /_control/state → 200')
  })

  it('can run its clock faster', async () => {
    const { clock } = await runSimulator({ speed: 1_000 })
    const before = clock.now()

    await expect.poll(() => clock.now() - before).toBeGreaterThan(10_000)
  })
})
